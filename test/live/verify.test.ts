/** `verify` of the built program on a real content store. */
import {
  copyFileSync,
  existsSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { blobFile, collectGarbage, contentStore, copyRoot, imageBlobs } from '../faults/store-files.ts';
import { importMultiImage, importSingleImage } from '../lab/images.ts';
import { describeLab } from '../lab/shared.ts';
import { ctrscope, documentOf } from './program.ts';
import { rotatingSuites } from './rotation.ts';

describeLab('verify', { on: rotatingSuites('verify') }, (lab) => {
  beforeAll(async () => {
    await importSingleImage(lab());
    await importMultiImage(lab());
    await importSingleImage(lab(), `${lab().namespace}-b`);
    // An import leaves what it does not need to the next collection.
    await collectGarbage(lab());
  });

  test('finds every blob intact, and says of each what sha256sum says', async () => {
    const document = await documentOf(lab(), ['verify', '--full']);
    expect(document).toMatchObject({ schemaVersion: 1, kind: 'verify', from: 'live', unknown: [] });
    expect(document.items.length).toBeGreaterThan(5);
    const sums = await execa('sh', ['-c', `cd ${contentStore(lab())}/blobs/sha256 && sha256sum *`]);
    const expected = sums.stdout.split('\n').map((line) => `sha256:${line.slice(0, 64)}`);
    expect(document.items.map((item) => item['actual']).toSorted()).toEqual(expected.toSorted());
    expect(new Set(document.items.map((item) => item['state']))).toEqual(new Set(['intact']));
    const shared = (await imageBlobs(lab())).config;
    const namespaces = document.items.find((item) => item['digest'] === shared)?.['recorded'];
    expect(namespaces).toHaveLength(2);

    const { exitCode, stdout, stderr } = await ctrscope(lab(), ['verify', '--full']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^✓ PASS: \d+ blobs as they should be; /);
  });

  test('reads nothing but a sample where that is asked for', async () => {
    const document = await documentOf(lab(), ['verify', '--sample', '2']);
    expect(document.items).toHaveLength(2);
    expect(document['seed']).toMatch(/^[0-9a-f]{8}$/);
  });

  test('limited to a namespace takes only what that has recorded', async () => {
    const all = await documentOf(lab(), ['verify', '--full']);
    const own = await documentOf(lab(), ['-n', `${lab().namespace}-b`, 'verify', '--full']);
    const recorded = await documentOf(lab(), ['-n', `${lab().namespace}-b`, 'get', 'content']);
    const digests = (items: typeof own.items) => items.map((item) => item['digest']).toSorted();
    expect(digests(own.items)).toEqual(digests(recorded.items));
    expect(own.items.length).toBeLessThan(all.items.length);
  });

  describe('on damage', () => {
    const damaged = async (digest: string, damage: (file: string) => void) => {
      const file = blobFile(lab(), digest);
      const copy = join(lab().root, 'whole');
      copyFileSync(file, copy);
      damage(file);
      try {
        const { stdout, exitCode } = await ctrscope(lab(), ['verify', '--full', '-o', 'json']);
        const { items } = JSON.parse(stdout) as { items: Record<string, unknown>[] };
        const wrong = items.filter((item) => item['state'] !== 'intact');
        return { exitCode, wrong };
      } finally {
        copyFileSync(copy, file);
      }
    };

    test('names a blob with a byte that is another, of the same length', async () => {
      const [layer = ''] = (await imageBlobs(lab())).layers;
      const { exitCode, wrong } = await damaged(layer, (file) => {
        const bytes = readFileSync(file);
        bytes[5000] = (bytes[5000] ?? 0) ^ 1;
        writeFileSync(file, bytes);
      });
      expect(exitCode).toBe(3);
      expect(wrong).toEqual([
        expect.objectContaining({
          digest: layer,
          state: 'mismatch',
          reason: 'its bytes are others than its digest says',
        }),
      ]);
    });

    test('names a blob that was cut short, and one whose file is gone', async () => {
      const { layers, config } = await imageBlobs(lab());
      const cut = await damaged(layers[0] ?? '', (file) => truncateSync(file, 1000));
      expect(cut).toMatchObject({
        exitCode: 3,
        wrong: [{ digest: layers[0], state: 'mismatch', size: 1000 }],
      });
      const gone = await damaged(config, (file) => rmSync(file));
      expect(gone).toMatchObject({
        exitCode: 3,
        wrong: [{ digest: config, state: 'missing', actual: null }],
      });
      expect(existsSync(blobFile(lab(), config))).toBe(true);
    });
  });

  test('reads a disk whose daemon does not run, and never out of it', async () => {
    const root = await copyRoot(lab());
    const [layer = ''] = (await imageBlobs(lab())).layers;
    const copied = blobFile(lab(), layer).replace(lab().containerdRoot, root);
    const intact = await documentOf({ env: {} }, ['--root', root, 'verify', '--full']);
    expect(intact.from).toBe('disk');
    expect(new Set(intact.items.map((item) => item['state']))).toEqual(new Set(['intact']));
    expect(intact.items.map((item) => item['path'])).toContain(copied);
    truncateSync(copied, 7);
    const { exitCode, stdout } = await ctrscope({ env: {} }, ['--root', root, 'verify', '--full']);
    expect(exitCode).toBe(3);
    expect(stdout).toContain(layer);
    // The bytes are right, and they are not on that disk.
    rmSync(copied);
    symlinkSync(blobFile(lab(), layer), copied);
    const linked = await documentOf({ env: {} }, ['--root', root, 'verify', '--full']);
    const found = linked.items.find((item) => item['digest'] === layer);
    expect(found?.['state']).not.toBe('intact');
  });

  test.for([
    [['verify'], /one of --sample N and --full/],
    [['verify', '--full', '--sample', '3'], /one of --sample N and --full/],
    [['verify', '--sample', '0'], /from 1 to/],
    [['verify', '--full', '--seed', 'x'], /seed of a --sample/],
    [['verify', '--sample', '3', '--from', '1:sha256:ab'], /takes its --seed/],
    [['verify', '--full', '--from', 'nowhere'], /no such blob/],
    [['--bundle', 'x.tar.gz', 'verify', '--full'], /no use for --bundle/],
  ] as const)('refuses %s', async ([args, why]) => {
    const { exitCode, stderr } = await ctrscope(lab(), args);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(why);
  });
});
