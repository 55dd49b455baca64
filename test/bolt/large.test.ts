/** Large files: what they cost must not grow with them. */
import { truncateSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { check } from '../../src/bolt/check.ts';
import { openDatabase } from '../../src/bolt/database.ts';
import { drain } from '../../src/bolt/walk.ts';
import { bucketAt, buildFile } from './build-file.ts';
import { dump } from './dump.ts';
import { describeReference, makeFile, reference } from './reference.ts';
import { scratchFolder } from './scratch.ts';

const FULL = process.env['CTRSCOPE_TESTS'] === 'full';
const READER = join(import.meta.dirname, 'read-whole.ts');
const GIB = 2 ** 30;

const scratch = scratchFolder();

/** Reads a file in a process whose heap cannot be larger. */
const readWhole = async (
  command: 'walk' | 'check' | 'objects',
  path: string,
): Promise<{ counted: string; rssMiB: number }> => {
  const { stdout } = await execa(process.execPath, ['--max-old-space-size=200', READER, command, path]);
  const words = stdout.split(' ');
  return { counted: words.slice(0, -3).join(' '), rssMiB: Number(words.at(-1)) / 1024 };
};

test('a sparse file of a tebibyte that claims all of its pages is read as far as it goes', () => {
  const path = buildFile(scratch('sparse.db'), {
    root: 3,
    freelist: 2,
    highWater: 2 ** 28,
    pages: {
      2: { freelist: [] },
      3: {
        leaf: [
          { key: 'a', value: bucketAt(4), bucket: true },
          { key: 'b', value: bucketAt(2 ** 27), bucket: true },
        ],
      },
      4: {
        branch: [
          { key: 'x', child: 5 },
          { key: 'y', child: 2 ** 28 - 1 },
        ],
      },
      5: { leaf: [{ key: 'x', value: '1' }] },
    },
  });
  truncateSync(path, 2 ** 40);
  const before = process.memoryUsage().arrayBuffers;
  const damage: string[] = [];
  using database = openDatabase(path, {
    onDamage: ({ code, fields }) => damage.push(`${code} ${fields.page}`),
  });
  expect(dump(database)).toBe('bucket 61 0\nkey 78 31\nend\nbucket 62 0\nend\n');
  expect(damage).toEqual([`pageId ${2 ** 28 - 1}`, `pageId ${2 ** 27}`]);
  using checked = openDatabase(path);
  const { problems } = drain(check(checked));
  expect(problems.map(({ code }) => code)).toEqual(['pageId', 'pageId', 'limit']);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
});

test('a page that claims four gibibytes takes no memory for them', () => {
  const path = buildFile(scratch('claims.db'), {
    root: 3,
    highWater: 2 ** 21,
    pages: { 3: { leaf: [{ key: 'a', value: 'x' }], overflow: 2 ** 20 } },
  });
  truncateSync(path, 2 ** 33);
  const before = process.memoryUsage().arrayBuffers;
  using database = openDatabase(path);
  expect(dump(database)).toBe('key 61 78\n');
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
});

describeReference('files of a gibibyte', () => {
  test('of large values: walked and checked with less than 200 MiB of heap', async (context) => {
    context.skip(!FULL, 'takes minutes and 1 GiB of disk: only with CTRSCOPE_TESTS=full');
    const path = await makeFile('large', scratch('values.db'), 1024);
    expect((await stat(path)).size).toBeGreaterThan(GIB);
    const [keys, buckets, bytes] = (await reference('walk', path, '1')).split(' ');
    const walked = await readWhole('walk', path);
    expect(walked.counted).toBe(`${keys} ${buckets} ${bytes}`);
    expect(walked.rssMiB).toBeLessThan(300);
    const checked = await readWhole('check', path);
    expect(checked.counted).toBe(`${keys} ${buckets} sound`);
    expect(checked.rssMiB).toBeLessThan(300);
  }, 300_000);

  test('of a quarter of a million objects: walked, checked and listed with less than 200 MiB of heap', async (context) => {
    context.skip(!FULL, 'takes minutes and 1 GiB of disk: only with CTRSCOPE_TESTS=full');
    const path = await makeFile('images', scratch('objects.db'), 128_000);
    expect((await stat(path)).size).toBeGreaterThan(GIB);
    const [keys, buckets, bytes] = (await reference('walk', path, '1')).split(' ');
    expect((await readWhole('walk', path)).counted).toBe(`${keys} ${buckets} ${bytes}`);
    expect((await readWhole('check', path)).counted).toBe(`${keys} ${buckets} sound`);
    expect((await readWhole('objects', path)).counted).toBe('128000 128000');
  }, 300_000);
});
