import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { execa } from 'execa';
import { describe, expect, test } from 'vitest';

import { importMultiImage, importSingleImage, MULTI_IMAGE, SINGLE_IMAGE } from './images.ts';
import { ociArchive } from './oci-archive.ts';
import { describeLab } from './shared.ts';
import { tar } from './tar.ts';

describe('archives', () => {
  test('are read by tar(1) as they were meant', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ctrscope-tar-'));
    try {
      writeFileSync(
        join(folder, 'a.tar'),
        tar([
          { path: 'bin', folder: true },
          { path: 'bin/tool', content: 'x'.repeat(513), mode: 0o755 },
          { path: 'bin/alias', linkTo: 'tool' },
        ]),
      );
      const { stdout } = await execa('tar', [
        '--list',
        '--verbose',
        '--utc',
        '--file',
        join(folder, 'a.tar'),
      ]);
      expect(stdout.split('\n')).toEqual([
        expect.stringMatching(/^drwxr-xr-x 0\/0 +0 1970-01-01 00:00 bin\/$/),
        expect.stringMatching(/^-rwxr-xr-x 0\/0 +513 1970-01-01 00:00 bin\/tool$/),
        expect.stringMatching(/^lrwxrwxrwx 0\/0 +0 1970-01-01 00:00 bin\/alias -> tool$/),
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('are the same bytes every time', () => {
    const build = (): Buffer =>
      ociArchive('registry.test/a:1', [
        { architecture: 'amd64', layers: [[{ path: 'a', content: 'a' }]], config: { Cmd: ['/a'] } },
      ]);
    expect(build().equals(build())).toBe(true);
  });
});

describeLab('test images', {}, (lab) => {
  test('have one platform or two, and are complete', async () => {
    await importSingleImage(lab());
    await importMultiImage(lab());
    const { stdout: list } = await lab().ctr(['images', 'list']);
    expect(list).toMatch(new RegExp(`^${SINGLE_IMAGE} .* linux/(amd64|arm64) `, 'm'));
    expect(list).toMatch(new RegExp(`^${MULTI_IMAGE} .* linux/amd64,linux/arm64 `, 'm'));
    const { stdout: check } = await lab().ctr(['images', 'check']);
    expect(check.match(/ complete \((\d+)\/\1\) /g)).toHaveLength(2);
  });

  test('run', async () => {
    const { stdout } = await lab().ctr(['run', '--rm', SINGLE_IMAGE, 'says', '/bin/cat', '/etc/motd']);
    expect(stdout).toBe('a test image of ctrscope');
  });
});
