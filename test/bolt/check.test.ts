import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { check } from '../../src/bolt/check.ts';
import { openDatabase } from '../../src/bolt/database.ts';
import { drain } from '../../src/bolt/walk.ts';
import { bucketAt, buildFile, fileBytes, inlineBucket } from './build-file.ts';
import { scratchFolder } from './scratch.ts';

const scratch = scratchFolder();

const SPEC = {
  root: 3,
  freelist: 2,
  highWater: 12,
  pages: {
    2: { freelist: [7, 8, 9, 10, 11] },
    3: {
      leaf: [
        { key: 'a', value: bucketAt(4), bucket: true },
        {
          key: 'b',
          value: inlineBucket([
            { key: 'x', value: '1' },
            { key: 'y', value: '2' },
          ]),
          bucket: true,
        },
        { key: 'c', value: '3' },
      ],
    },
    4: { leaf: [{ key: 'long', value: 'x'.repeat(9000) }] },
    11: { leaf: [] },
  },
} as const;

test('a report counts the pages of each kind, and what is in them', () => {
  using database = openDatabase(buildFile(scratch('sound.db'), SPEC));
  expect(drain(check(database))).toEqual({
    txid: 7n,
    pageSize: 4096,
    fileSize: 12 * 4096,
    highWater: 12,
    pages: { meta: 2, branch: 0, leaf: 2, overflow: 2, freelist: 1, free: 5, unreachable: 0 },
    buckets: 2,
    inlineBuckets: 1,
    keys: 4,
    problems: [],
    unlisted: 0,
  });
});

test('a broken meta page is a problem, though the other one is enough to read by', () => {
  const bytes = fileBytes(SPEC);
  bytes.fill(0, 0, 4096);
  writeFileSync(scratch('meta.db'), bytes);
  using database = openDatabase(scratch('meta.db'));
  const { keys, problems } = drain(check(database));
  expect(keys).toBe(4);
  expect(problems).toMatchObject([{ code: 'meta', page: 0, loses: 'nothing' }]);
});

test('a problem says what is lost with it', () => {
  const pages = { ...SPEC.pages, 4: { leaf: [], id: 5 } };
  using database = openDatabase(buildFile(scratch('lost.db'), { ...SPEC, pages }));
  const { keys, buckets, problems } = drain(check(database));
  expect([keys, buckets]).toEqual([3, 2]);
  expect(problems).toMatchObject([
    { code: 'pageId', page: 4, loses: 'pages', path: [Buffer.from('a')] },
    { code: 'unreachable', page: 4, loses: 'nothing' },
  ]);
});

test('a freelist that cannot be read is one problem, and not one for each page', () => {
  const pages = { ...SPEC.pages, 2: { freelist: [7], flags: 2 } };
  using database = openDatabase(buildFile(scratch('freelist.db'), { ...SPEC, pages }));
  const { problems } = drain(check(database));
  expect(problems.map(({ message }) => message)).toEqual([
    'page 2 at offset 8200: kind of page: expected freelist, found leaf',
  ]);
});

test('no more problems are listed than were asked for; the others are counted', () => {
  const leaf = Array.from({ length: 50 }, (_, i) => ({ key: `k${10 + i}`, value: 'xx', bucket: true }));
  using database = openDatabase(buildFile(scratch('many.db'), { root: 3, pages: { 3: { leaf } } }));
  const { problems, unlisted } = drain(check(database, { maxProblems: 20 }));
  expect([problems.length, unlisted]).toEqual([20, 30]);
});
