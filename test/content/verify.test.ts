/** `verify` as a process, on stores that were made by hand. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { choiceOf, goOnCommand } from '../../src/cli/verify-choice.ts';
import { digest } from '../../src/host/ids.ts';
import { scratchFolder } from '../bolt/scratch.ts';
import { until } from '../lab/until.ts';
import { blobPath, digestOf, putBlob, type StoreRecord } from './store.ts';

const scratch = scratchFolder();
const MAIN = join(import.meta.dirname, 'verify-main.ts');

interface Document {
  readonly kind: string;
  readonly seed: string | null;
  readonly blobs: number;
  readonly bytesRead: number;
  readonly next: string | null;
  readonly unknown: readonly Readonly<Record<string, unknown>>[];
  readonly items: readonly {
    readonly digest: string;
    readonly state: string;
    readonly size?: number | null;
    readonly actual?: string | null;
    readonly reason: string | null;
  }[];
}

const newStore = (name: string): string => {
  const root = scratch(name);
  mkdirSync(join(root, 'blobs'), { recursive: true });
  return root;
};

const write = (root: string, name: string, value: unknown): void =>
  writeFileSync(join(root, name), JSON.stringify(value));

const recordOf = (digest: string, size: number, namespace = 'default'): StoreRecord => ({
  namespace,
  digest,
  size,
});

const run = async (root: string, ...args: string[]) =>
  await execa(process.execPath, [MAIN, root, ...args], { reject: false, stripFinalNewline: false });

const documentOf = async (root: string, ...args: string[]) => {
  const { stdout, stderr, exitCode } = await run(root, ...args, '-o', 'json');
  if (stdout === '') throw new Error(stderr);
  const document = JSON.parse(stdout) as Document;
  return { exitCode, stderr, document, states: statesOf(document) };
};

const statesOf = ({ items }: Document): Record<string, string> =>
  Object.fromEntries(items.map(({ digest, state }) => [digest, state]));

/** Puts bytes under the digest of others. */
const spoil = (root: string, blob: string, bytes: string | Buffer): void => {
  chmodSync(blobPath(root, blob), 0o644);
  writeFileSync(blobPath(root, blob), bytes);
};

describe('a store as it should be', () => {
  test('passes, blobs of every algorithm and without a byte in them too', async () => {
    const root = newStore('good');
    const blobs = [
      putBlob(root, 'a manifest'),
      putBlob(root, ''),
      putBlob(root, Buffer.alloc(5_000_000, 7)),
      putBlob(root, 'another', { algorithm: 'sha512' }),
      putBlob(root, 'a third', { algorithm: 'sha384' }),
    ];
    const sizes = [10, 0, 5_000_000, 7, 7];
    write(
      root,
      'records.json',
      blobs.flatMap((blob, i) => [
        recordOf(blob, sizes[i] ?? 0),
        ...(i === 0 ? [recordOf(blob, 10, 'b')] : []),
      ]),
    );
    const { exitCode, document, states, stderr } = await documentOf(root, '--full');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(states).toEqual(Object.fromEntries(blobs.map((blob) => [blob, 'intact'])));
    expect(document).toMatchObject({
      kind: 'verify',
      blobs: 5,
      bytesRead: 5_000_024,
      next: null,
      seed: null,
    });
    expect(document.items[0]).toMatchObject({ size: 5_000_000, actual: blobs[2], reason: null });

    const text = await run(root, '--full');
    expect(text.stdout).toMatch(/^✓ PASS: 5 blobs as they should be; 4\.8 MiB read in .*\/s\n$/);
  });

  test('with no blob in it passes', async () => {
    const root = newStore('empty');
    const { exitCode, document } = await documentOf(root, '--full');
    expect({ exitCode, items: document.items }).toEqual({ exitCode: 0, items: [] });
  });
});

describe('a store that is damaged', () => {
  test('is told blob by blob, with what is wrong about each', async () => {
    const root = newStore('damaged');
    const good = putBlob(root, 'good');
    const truncated = putBlob(root, 'truncated blob');
    spoil(root, truncated, 'trunc');
    const longer = putBlob(root, 'longer');
    spoil(root, longer, 'longer and longer');
    const flipped = putBlob(root, 'flipped');
    spoil(root, flipped, 'flippeD');
    const emptied = putBlob(root, 'emptied');
    spoil(root, emptied, '');
    const misrecorded = putBlob(root, 'misrecorded');
    const lost = digestOf('lost');
    const folder = digestOf('folder');
    mkdirSync(blobPath(root, folder));
    const fifo = digestOf('fifo');
    await execa('mkfifo', [blobPath(root, fifo)]);
    const record: StoreRecord[] = [
      recordOf(good, 4),
      recordOf(truncated, 14),
      recordOf(longer, 6),
      recordOf(flipped, 7),
      recordOf(emptied, 7),
      recordOf(misrecorded, 11),
      recordOf(misrecorded, 12, 'other'),
      recordOf(lost, 4),
      recordOf(folder, 6),
      recordOf(fifo, 4),
    ];
    write(root, 'records.json', record);
    const { exitCode, document, states } = await documentOf(root, '--full');
    expect(exitCode).toBe(3);
    expect(states).toEqual({
      [good]: 'intact',
      [truncated]: 'mismatch',
      [longer]: 'mismatch',
      [flipped]: 'mismatch',
      [emptied]: 'mismatch',
      [misrecorded]: 'mismatch',
      [lost]: 'missing',
      [folder]: 'mismatch',
      [fifo]: 'mismatch',
    });
    const reason = (blob: string) => document.items.find(({ digest }) => digest === blob)?.reason;
    expect(reason(truncated)).toBe('9 of 14 bytes are missing');
    expect(reason(longer)).toBe('11 bytes more than the 6 that are recorded');
    expect(reason(flipped)).toBe('its bytes are others than its digest says');
    expect(reason(emptied)).toBe('7 of 7 bytes are missing');
    expect(reason(misrecorded)).toBe('its bytes are right, but namespace other has recorded 12 B');
    expect(reason(folder)).toBe('there is a folder in the place of its file');
    expect(reason(fifo)).toBe('there is a FIFO in the place of its file');
    expect(document.items.find(({ digest }) => digest === flipped)).toMatchObject({
      size: 7,
      actual: digestOf('flippeD'),
    });

    const text = await run(root, '--full');
    expect(text.exitCode).toBe(3);
    expect(text.stdout).toMatch(/^✗ FAIL: 8 of 9 blobs are not what they should be; /);
    expect(text.stdout).toContain(`mismatch  ${truncated}      5  default`);
    expect(text.stdout).not.toContain(good);
  });

  test('whose blobs are removed meanwhile is not damaged', async () => {
    const root = newStore('collected');
    const kept = putBlob(root, 'kept');
    const [unrecorded, collected] = [digestOf('one'), digestOf('two')];
    write(root, 'listed.json', [unrecorded, collected]);
    write(root, 'records.json', [recordOf(kept, 4), recordOf(collected, 3)]);
    write(root, 'again.json', [recordOf(kept, 4)]);
    const { exitCode, states } = await documentOf(root, '--full');
    expect({ exitCode, states }).toEqual({
      exitCode: 0,
      states: { [kept]: 'intact', [unrecorded]: 'gone', [collected]: 'gone' },
    });
    // Still recorded when looked at again: lost.
    write(root, 'again.json', [recordOf(kept, 4), recordOf(collected, 3)]);
    expect(await documentOf(root, '--full')).toMatchObject({
      exitCode: 3,
      states: { [collected]: 'missing' },
    });
  });

  test('and cannot be read as a whole is not passed', async () => {
    const root = newStore('unreadable');
    const blob = putBlob(root, 'x', { as: `sha256:${'0'.repeat(63)}` });
    const blake = putBlob(root, 'x', { as: `blake3:${'0'.repeat(64)}` });
    const { exitCode, states, document } = await documentOf(root, '--full');
    expect({ exitCode, states }).toEqual({ exitCode: 5, states: { [blob]: 'unknown', [blake]: 'unknown' } });
    expect(document.unknown).toMatchObject([
      { object: { id: blake }, state: 'unsupported' },
      { object: { id: blob }, state: 'unsupported' },
    ]);
    for (const item of document.items) expect(item).not.toHaveProperty('actual');
  });
});

describe('a sample', () => {
  const store = (): string => {
    const root = newStore('sample');
    const blobs = Array.from({ length: 40 }, (_, i) => putBlob(root, `blob ${i}`));
    write(
      root,
      'records.json',
      blobs.map((blob, i) => recordOf(blob, `blob ${i}`.length)),
    );
    return root;
  };

  test('says its seed, and the seed picks the same again', async () => {
    const root = store();
    const first = await documentOf(root, '--sample', '7');
    expect(first.exitCode).toBe(0);
    expect(first.document.items).toHaveLength(7);
    const seed = first.document.seed ?? '';
    expect(first.stderr).toBe(`ctrscope: sample of 7, seed ${seed}\n`);
    const again = await documentOf(root, '--sample', '7', '--seed', seed);
    expect(again.states).toEqual(first.states);
    const [picked = ''] = Object.keys(first.states);
    const other = Object.keys((await documentOf(root, '--full')).states).find((id) => !(id in first.states));
    // Blobs that come and go elsewhere change nothing about the others' being picked.
    rmSync(blobPath(root, other ?? ''));
    write(root, 'records.json', []);
    expect((await documentOf(root, '--sample', '7', '--seed', seed)).states).toEqual(first.states);
    expect(first.states[picked]).toBe('intact');
    expect((await documentOf(root, '--sample', '7', '--seed', `${seed}x`)).states).not.toEqual(first.states);
  });

  test('larger than the store is the store', async () => {
    expect((await documentOf(store(), '--sample', '1000')).document.items).toHaveLength(40);
  });
});

describe('interrupted', () => {
  const SIZE = 96 << 20;
  const BLOBS = 8;

  /** Large enough to be caught at work; without a byte on the disk. */
  const largeStore = (name: string): { root: string; blobs: string[] } => {
    const root = newStore(name);
    const blobs = Array.from({ length: BLOBS }, (_, i) => {
      const blob = `sha256:${i.toString().repeat(64)}`;
      mkdirSync(dirname(blobPath(root, blob)), { recursive: true });
      writeFileSync(blobPath(root, blob), '');
      truncateSync(blobPath(root, blob), SIZE);
      return blob;
    });
    return { root, blobs };
  };

  /** Which blobs a process has open. */
  const openBlobs = (pid: number): string[] => {
    try {
      return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
        } catch {
          return []; // closed meanwhile
        }
      });
    } catch {
      return []; // not there yet, or gone
    }
  };

  test.for([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'by %s it says what it has seen and how to go on, and goes on there',
    { timeout: 60_000 },
    async ([signal, code]) => {
      const { root, blobs } = largeStore(`interrupted-${signal}`);
      const child = spawn(process.execPath, [MAIN, root, '--full', '-o', 'json'], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (bytes) => (stdout += bytes));
      child.stderr.on('data', (bytes) => (stderr += bytes));
      const first = blobPath(root, blobs[0] ?? '');
      const isOpen = (): boolean => openBlobs(child.pid ?? 0).includes(first);
      await until('the first blob is read', () => isOpen() || undefined);
      await until('the first blob is done', () => !isOpen() || undefined);
      child.kill(signal);
      const [exitCode] = await once(child, 'close');
      expect({ exitCode, stderr }).toEqual({
        exitCode: code,
        stderr: expect.stringMatching(
          /^ctrscope: interrupted; to go on:\n {2}ctrscope verify --full --from 100663296:sha256:[0-9a-f]{64}\n$/,
        ),
      });
      const document = JSON.parse(stdout) as Document;
      const seen = document.items.map(({ digest }) => digest);
      expect(seen).toContain(blobs[0]);
      expect(seen.length).toBeLessThan(BLOBS);
      const at = document.next ?? '';
      expect(stderr).toContain(`--from ${at}`);

      // It holds also when the blob that it names has been collected.
      const named = at.slice(at.indexOf(':') + 1);
      expect(seen).not.toContain(named);
      rmSync(blobPath(root, named));
      const rest = await documentOf(root, '--full', '--from', at);
      expect(rest.exitCode).toBe(3);
      const later = rest.document.items.map(({ digest }) => digest);
      expect(new Set([...seen, named, ...later])).toEqual(new Set(blobs));
      expect(later).not.toContain(blobs[0]);
    },
  );

  test('goes on with the same store and namespace', () => {
    const choice = choiceOf({ sample: 3, seed: 'a b' });
    const at = { size: 7n, digest: digest(`sha256:${'0'.repeat(64)}`) };
    expect(goOnCommand(choice, at, { root: '/mnt/a disk', namespace: 'moby' })).toBe(
      `ctrscope --root '/mnt/a disk' --namespace moby verify --sample 3 --seed 'a b' --from 7:${at.digest}`,
    );
    expect(goOnCommand(choiceOf({ full: true }), at, { address: '/run/x.sock' })).toBe(
      `ctrscope --address /run/x.sock verify --full --from 7:${at.digest}`,
    );
  });

  test('by nobody it shows on a terminal how far it is, and leaves nothing of that', async () => {
    const { root } = largeStore('progress');
    const command = `"${process.execPath}" "${MAIN}" "${root}" --full`;
    const { stdout } = await execa('script', ['-qec', command, '/dev/null'], {
      stdin: 'ignore',
      reject: false,
    });
    expect(stdout).toMatch(/\rverify: {1,3}\d+ % {2}[\d.]+ [KM]?i?B of 768 MiB(?: {2}[\d.]+ MiB\/s)?\x1b\[K/);
    expect(stdout).toMatch(/\r\x1b\[K✗ FAIL: 8 of 8 blobs/);
    const quiet = await execa('script', ['-qec', `${command} -q`, '/dev/null'], {
      stdin: 'ignore',
      reject: false,
    });
    expect(quiet.stdout).not.toContain('verify:');
  });
});
