import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, openSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type HashFile,
  type HashOutcome,
  hashFiles,
  openHere,
} from '../../src/sources/content/hash-files.ts';
import { scratchFolder } from '../bolt/scratch.ts';

const scratch = scratchFolder();

const file = (path: string, algorithm = 'sha256', size = 0n): HashFile => ({ path, algorithm, size });

/** Hashes to the end; each file has exactly one outcome. */
const hashed = async (
  files: readonly HashFile[],
  open?: (path: string) => number,
): Promise<readonly (HashOutcome | undefined)[]> => {
  const outcomes: (HashOutcome | undefined)[] = files.map(() => undefined);
  await hashFiles(files, {
    ...(open === undefined ? {} : { open }),
    onOutcome: (index, outcome) => {
      expect(outcomes[index], `two outcomes of ${files[index]?.path}`).toBeUndefined();
      outcomes[index] = outcome;
    },
  }).done;
  return outcomes;
};

const descriptors = (): number => readdirSync('/proc/self/fd').length;

describe('hashing files', () => {
  test('gives the digest and the length that the bytes have, whatever their length', async () => {
    const folder = scratch('lengths');
    mkdirSync(folder, { recursive: true });
    // Around a chunk's length, and more files than one message holds.
    const lengths = [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000, ...Array(100).keys()];
    const files = lengths.map((length, i) => {
      const path = join(folder, String(i));
      const bytes = Buffer.alloc(length, i);
      writeFileSync(path, bytes);
      return { path, bytes };
    });
    for (const algorithm of ['sha256', 'sha384', 'sha512']) {
      const outcomes = await hashed(files.map(({ path }) => file(path, algorithm)));
      expect(outcomes).toEqual(
        files.map(({ bytes }) => ({
          state: 'hashed',
          hex: createHash(algorithm).update(bytes).digest('hex'),
          bytes: bytes.length,
        })),
      );
    }
  });

  test('leaves a process descriptors for its threads, however many there are', async () => {
    const path = scratch('many');
    writeFileSync(path, 'x');
    let open = 0;
    const hashing = hashFiles(
      Array.from({ length: 2000 }, () => file(path)),
      {
        threads: 32,
        open: (each) => {
          open += 1;
          return openHere(each);
        },
        onOutcome: () => undefined,
      },
    );
    // No thread has answered yet: all of them are open.
    expect(open).toBe(256);
    hashing.stop();
    await hashing.done;
  });

  test('says what is no file, and waits for none', async () => {
    const folder = scratch('kinds');
    mkdirSync(join(folder, 'folder'), { recursive: true });
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    writeFileSync(join(folder, 'file'), 'x');
    symlinkSync(join(folder, 'file'), join(folder, 'link'));
    const names = ['folder', 'fifo', 'link', 'none', 'file/below'];
    expect(await hashed([...names.map((name) => file(join(folder, name))), file('/dev/zero')])).toEqual([
      { state: 'notFile', is: 'a folder' },
      { state: 'notFile', is: 'a FIFO' },
      { state: 'notFile', is: 'a symbolic link' },
      { state: 'gone' },
      { state: 'gone' },
      { state: 'notFile', is: 'a device' },
    ]);
  });

  test('a file that may not be opened, or read, is unreadable and not missing', async () => {
    const path = join(scratch('refused'), 'blob');
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, 'x');
    const refuse = (code: string) => (): number => {
      throw Object.assign(new Error(code), { code });
    };
    expect(await hashed([file(path)], refuse('EFTYPE'))).toEqual([
      { state: 'notFile', is: 'something that is no regular file' },
    ]);
    expect(await hashed([file(path)], refuse('EACCES'))).toEqual([{ state: 'unreadable', code: 'EACCES' }]);
    // Open, and not for reading: as a disk that gives an error halfway.
    expect(await hashed([file(path)], () => openSync(path, 'a'))).toEqual([
      { state: 'unreadable', code: 'EBADF' },
    ]);
  });

  test('a file that is removed after it was opened is read to its end', async () => {
    const path = join(scratch('removed'), 'blob');
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, 'x');
    const outcomes = await hashed([file(path)], (name) => {
      const fd = openHere(name);
      execFileSync('rm', [name]);
      return fd;
    });
    expect(outcomes).toMatchObject([{ state: 'hashed', bytes: 1 }]);
  });

  test('leaves no descriptor open, at its end and when it is stopped', async () => {
    const folder = scratch('descriptors');
    mkdirSync(folder, { recursive: true });
    const files = Array.from({ length: 200 }, (_, i) => {
      const path = join(folder, String(i));
      writeFileSync(path, '');
      truncateSync(path, 1 << 20);
      return file(path, 'sha256', 1n << 20n);
    });
    await hashed(files); // the first use of threads opens some of its own
    const before = descriptors();
    await hashed(files);
    expect(descriptors()).toBe(before);

    let done = 0;
    const hashing = hashFiles(files, {
      onOutcome: () => {
        done += 1;
        if (done === 5) hashing.stop();
      },
    });
    await hashing.done;
    expect(done).toBeGreaterThanOrEqual(5);
    expect(done).toBeLessThan(files.length);
    expect(hashing.bytes()).toBeGreaterThanOrEqual(BigInt(done) << 20n);
    expect(descriptors()).toBe(before);
  });

  test('of nothing is done at once', async () => {
    const hashing = hashFiles([], { onOutcome: () => expect.unreachable() });
    await hashing.done;
    expect(hashing.bytes()).toBe(0n);
  });
});

// A minute of reading zeroes on a slow machine.
describe('a file of 1 GiB', () => {
  test('never needs more than a chunk of memory', { timeout: 120_000 }, async ({ skip }) => {
    skip(process.env['CTRSCOPE_TESTS'] !== 'full', 'hashes 1 GiB: only with CTRSCOPE_TESTS=full');
    const folder = scratch('large');
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'sparse');
    writeFileSync(path, '');
    truncateSync(path, 1 << 30);
    const before = process.memoryUsage().rss;
    let most = 0;
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss - before);
    }, 20);
    const outcomes = await hashed([file(path, 'sha256', 1n << 30n)]);
    clearInterval(timer);
    expect(outcomes).toMatchObject([{ state: 'hashed', bytes: 1 << 30 }]);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(64 << 20);
  });
});
