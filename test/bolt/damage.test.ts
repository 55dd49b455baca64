import { expect, test } from 'vitest';
import { BoltError } from '../../src/bolt/damage.ts';
import { openDatabase } from '../../src/bolt/database.ts';
import { bucketAt, buildFile, type FileSpec } from './build-file.ts';
import { LEAF, type Outcome, readDamaged, WHOLE, WITHOUT_SECOND, withSecondLeaf } from './damaged.ts';
import { scratchFolder } from './scratch.ts';

const scratch = scratchFolder();
const read = (spec: FileSpec): Outcome => readDamaged(scratch('damaged.db'), spec);

test('a sound file has nothing wrong with it', () => {
  expect(read(withSecondLeaf({ leaf: LEAF }))).toEqual({ readable: WHOLE, damage: [], problems: [] });
});

test.each<readonly [string, FileSpec, string]>([
  [
    'a page that claims another number',
    withSecondLeaf({ leaf: LEAF, id: 5 }),
    'page 6 at offset 24576: number of the page: expected 6, found 5 (in bucket things)',
  ],
  [
    'a page of another kind',
    withSecondLeaf({ leaf: LEAF, flags: 0x10 }),
    'page 6 at offset 24584: kind of page: expected branch or leaf, found freelist (in bucket things)',
  ],
  [
    'a page with two kinds',
    withSecondLeaf({ leaf: LEAF, flags: 3 }),
    'page 6 at offset 24584: kind of page: expected branch or leaf, found flags 0x3 (in bucket things)',
  ],
  [
    'a page of zeros',
    withSecondLeaf({ bytes: Buffer.alloc(4096) }),
    'page 6 at offset 24576: number of the page: expected 6, found 0 (in bucket things)',
  ],
  [
    'more elements than fit',
    withSecondLeaf({ leaf: LEAF, count: 256 }),
    'page 6 at offset 24586: number of elements: expected at most 255, which fit in 4096 bytes, found 256 (in bucket things)',
  ],
])('%s is named, and everything else can be read', (_, spec, message) => {
  expect(read(spec)).toEqual({ readable: WITHOUT_SECOND, damage: [message], problems: [message] });
});

test('a branch that leads back to itself is not followed', () => {
  const message =
    'page 4 at offset 16384: two references to this page: found page 3 element 0, page 4 element 1 (in bucket things)';
  const outcome = read({
    ...withSecondLeaf({ leaf: LEAF }),
    pages: {
      ...withSecondLeaf({ leaf: LEAF }).pages,
      4: {
        branch: [
          { key: 'a', child: 5 },
          { key: 'm', child: 4 },
        ],
      },
    },
  });
  expect(outcome.readable).toEqual(WITHOUT_SECOND);
  expect(outcome.damage).toEqual([message]);
  expect(outcome.problems).toEqual([message]);
});

test('a bucket that contains itself is not followed', () => {
  const message =
    'page 4 at offset 16384: two references to this page: found page 3 element 0, page 4 element 0 (in bucket a/b)';
  expect(
    read({
      root: 3,
      pages: {
        3: { leaf: [{ key: 'a', value: bucketAt(4), bucket: true }] },
        4: {
          leaf: [
            { key: 'b', value: bucketAt(4), bucket: true },
            { key: 'c', value: 'x' },
          ],
        },
      },
    }),
  ).toEqual({ readable: ['a/', 'b/', 'c'], damage: [message], problems: [message] });
});

test('two buckets with the same page: the first has it', () => {
  const message =
    'page 4 at offset 16384: two references to this page: found page 3 element 0, page 3 element 1 (in bucket b)';
  expect(
    read({
      root: 3,
      pages: {
        3: {
          leaf: [
            { key: 'a', value: bucketAt(4), bucket: true },
            { key: 'b', value: bucketAt(4), bucket: true },
          ],
        },
        4: { leaf: [{ key: 'x', value: 'y' }] },
      },
    }),
  ).toEqual({ readable: ['a/', 'x', 'b/'], damage: [message], problems: [message] });
});

test.each([0, 1, 7, 99, 2 ** 40, 2 ** 60])(
  'a reference to page %d is refused before anything is read there',
  (child) => {
    const { readable, damage } = read({
      ...withSecondLeaf({ leaf: LEAF }),
      pages: {
        ...withSecondLeaf({ leaf: LEAF }).pages,
        4: {
          branch: [
            { key: 'a', child: 5 },
            { key: 'm', child },
          ],
        },
      },
    });
    expect(readable).toEqual(WITHOUT_SECOND);
    expect(damage).toEqual([
      `page 4 at offset 16416: reference to a page: expected a page from 2 to 6, found ${child} (in bucket things)`,
    ]);
  },
);

test('a page beyond the end of the file is not there, whatever the high water mark says', () => {
  const { damage } = read({
    ...withSecondLeaf({ leaf: LEAF }, {}, { highWater: 1000 }),
    pages: {
      ...withSecondLeaf({ leaf: LEAF }).pages,
      4: {
        branch: [
          { key: 'a', child: 5 },
          { key: 'm', child: 900 },
        ],
      },
    },
  });
  expect(damage).toEqual([
    'page 900 at offset 3686400: the file ends before this page does: expected 3690496 bytes or more, found 28672 bytes (in bucket things)',
  ]);
});

test.each([1, 5, 0xffff_ffff])(
  'a page that claims %d pages more than it needs is read, and takes nobody else’s',
  (overflow) => {
    const { readable, damage, problems } = read({
      ...withSecondLeaf({ leaf: LEAF }),
      pages: {
        ...withSecondLeaf({ leaf: LEAF }).pages,
        5: {
          leaf: [
            { key: 'a', value: '1' },
            { key: 'b', value: '2' },
          ],
          overflow,
        },
      },
    });
    expect([readable, damage]).toEqual([WHOLE, []]);
    expect(problems).toEqual([
      `page 5 at offset 20492: number of pages that follow and belong to this one: expected 0, as far as its elements reach, found ${overflow} (in bucket things)`,
    ]);
  },
);

test('a page that ends just with its content may be followed by one that it does not need', () => {
  const value = 'x'.repeat(4096 - 16 - 16 - 1);
  const { readable, damage, problems } = read({
    root: 3,
    pages: { 3: { leaf: [{ key: 'v', value }], overflow: 1 }, 4: { bytes: Buffer.alloc(4096) } },
  });
  expect([readable, damage, problems]).toEqual([['v'], [], []]);
});

test('a page inside another one that goes on for several is refused', () => {
  const { damage } = read({
    root: 3,
    pages: {
      3: {
        leaf: [
          { key: 'big', value: bucketAt(4), bucket: true },
          { key: 'inside', value: bucketAt(6), bucket: true },
        ],
      },
      4: { leaf: [{ key: 'v', value: 'x'.repeat(10_000) }] },
    },
  });
  expect(damage).toEqual([
    'page 6 at offset 24576: two references to this page: found a page before it that goes on for several, page 3 element 1 (in bucket inside)',
  ]);
});

test('a page larger than the reader will hold is refused by its size', () => {
  const path = buildFile(scratch('limit.db'), {
    root: 3,
    pages: {
      3: { leaf: [{ key: 'big', value: bucketAt(4), bucket: true }] },
      4: { leaf: [{ key: 'v', value: 'x'.repeat(100_000) }] },
    },
  });
  using database = openDatabase(path, { maxPageBytes: 65536 });
  const big = database.bucket('big');
  expect(() => big?.next()).toThrow(
    'page 4 at offset 16384: a page: expected at most 65536 bytes, found 102400 bytes (in bucket big)',
  );
});

test('looking a key up fails where the way to it is damaged, instead of saying that it is not there', () => {
  using database = openDatabase(buildFile(scratch('find.db'), withSecondLeaf({ leaf: LEAF, id: 9 })), {
    onDamage: () => {},
  });
  const things = database.bucket('things');
  expect(things?.find(Buffer.from('b'))).toBe(true);
  expect(() => things?.find(Buffer.from('n'))).toThrow(BoltError);
});

test('the freelist is held against what is in use', () => {
  const { problems } = read({
    root: 3,
    freelist: 2,
    highWater: 12,
    pages: {
      2: { freelist: [4, 5, 5, 99, 3] },
      3: { leaf: [{ key: 'a', value: 'x' }] },
      11: { leaf: [] },
    },
  });
  expect(problems).toEqual([
    'page 2 at offset 8224: a free page: expected to be listed once, found 5 again',
    'page 2 at offset 8232: a free page: expected from 2 to 11, found 99',
    'page 3 at offset 12288: a page that is in use is on the freelist',
    'page 6 at offset 24576: 6 pages from here neither in use nor free',
  ]);
});
