import { expect, test } from 'vitest';
import { openDatabase } from '../../src/bolt/database.ts';
import { drain, walk } from '../../src/bolt/walk.ts';
import { bucketAt, buildFile, type FileSpec, inlineBucket } from './build-file.ts';
import { LEAF, type Outcome, readDamaged, withSecondLeaf } from './damaged.ts';
import { scratchFolder } from './scratch.ts';

const scratch = scratchFolder();
const read = (spec: FileSpec): Outcome => readDamaged(scratch('damaged.db'), spec);

test('one element that points outside costs that element', () => {
  const page = Buffer.alloc(4096);
  page.writeBigUInt64LE(6n, 0);
  page.writeUInt16LE(2, 8);
  page.writeUInt16LE(2, 10);
  page.writeUInt32LE(5000, 20);
  page.writeUInt32LE(1, 24);
  page.writeUInt32LE(16, 36);
  page.writeUInt32LE(1, 40);
  page.writeUInt32LE(1, 44);
  page.write('n4', 48, 'latin1');
  const { readable, damage, problems } = read(withSecondLeaf({ bytes: page }));
  expect(readable).toEqual(['things/', 'a', 'b', 'n', 'z']);
  expect(damage).toEqual([
    'page 6 at offset 24592: key and value of element 0: expected bytes 48 to 4096, found 1 bytes at 5016 (in bucket things)',
  ]);
  expect(problems).toEqual(damage);
});

test('elements that all point to the same bytes are refused when they are more than the page has', () => {
  const page = Buffer.alloc(4096);
  page.writeBigUInt64LE(6n, 0);
  page.writeUInt16LE(2, 8);
  page.writeUInt16LE(100, 10);
  for (let i = 0; i < 100; i += 1) {
    page.writeUInt32LE(1616 - 16 - i * 16, 16 + i * 16 + 4);
    page.writeUInt32LE(1, 16 + i * 16 + 8);
    page.writeUInt32LE(2000, 16 + i * 16 + 12);
  }
  const { readable, damage } = read(withSecondLeaf({ bytes: page }));
  expect(readable).toHaveLength(5);
  expect(damage).toEqual([
    'page 6 at offset 24608: keys and values up to element 1 overlap: expected at most 2480 bytes in all, found 4002 (in bucket things)',
  ]);
});

test.each<readonly [string, Uint8Array, string]>([
  [
    'shorter than its header',
    Buffer.alloc(9),
    'length of a bucket: expected at least 16 bytes, found 9 (in bucket bad)',
  ],
  [
    'inline without a page',
    bucketAt(0),
    'size of an inline bucket: expected at least 16 bytes, found 0 (in bucket bad)',
  ],
  [
    'inline with a branch',
    inlineBucket([], { flags: 1 }),
    'kind of an inline bucket: expected leaf, found branch (in bucket bad)',
  ],
  [
    'inline with too many elements',
    inlineBucket([], { count: 3 }),
    'elements of an inline bucket: expected at most 0, found 3 (in bucket bad)',
  ],
])('a bucket %s is named', (_, value, message) => {
  const { readable, damage, problems } = read({
    root: 3,
    pages: {
      3: {
        leaf: [
          { key: 'bad', value, bucket: true },
          { key: 'good', value: 'x' },
        ],
      },
    },
  });
  expect(readable).toEqual(['bad/', 'good']);
  expect(damage).toHaveLength(1);
  expect(damage[0]).toContain(message);
  expect(problems[0]).toContain(message);
});

test('a bucket inside an inline bucket is not followed', () => {
  const { readable, damage } = read({
    root: 3,
    pages: {
      3: {
        leaf: [
          {
            key: 'in',
            value: inlineBucket([{ key: 'deeper', value: bucketAt(3), bucket: true }]),
            bucket: true,
          },
        ],
      },
    },
  });
  expect(readable).toEqual(['in/', 'deeper/']);
  expect(damage[0]).toContain('a bucket in an inline bucket, which has none (in bucket in/deeper)');
});

test('keys out of order are found by the check, and are no reason not to read them', () => {
  const { readable, damage, problems } = read(
    withSecondLeaf({
      leaf: [
        { key: 'n', value: '4' },
        { key: 'm', value: '3' },
        { key: 'm', value: '5' },
      ],
    }),
  );
  expect(readable).toEqual(['things/', 'a', 'b', 'n', 'm', 'm', 'z']);
  expect(damage).toEqual([]);
  expect(problems).toEqual([
    'page 6 at offset 24608: key of element 1 is out of order (in bucket things at key m)',
    'page 6 at offset 24624: key of element 2 is out of order (in bucket things at key m)',
  ]);
});

test('a key that belongs below another branch is found by the check', () => {
  expect(read(withSecondLeaf({ leaf: [{ key: 'c', value: '3' }] })).problems).toEqual([
    'page 6 at offset 24592: key of element 0 is out of order (in bucket things at key c)',
  ]);
});

test('control characters in keys do not reach a message', () => {
  const { damage } = read({
    root: 3,
    pages: { 3: { leaf: [{ key: '\u001b[31m\n\\ü', value: Buffer.alloc(3), bucket: true }] } },
  });
  expect(damage[0]).toContain('(in bucket \\x1b[31m\\x0a\\x5c\\xc3\\xbc)');
});

test('a reader that takes no damage is told by an error', () => {
  using database = openDatabase(buildFile(scratch('strict.db'), withSecondLeaf({ leaf: LEAF, id: 9 })));
  expect(() => drain(walk(database.root(), { value: () => {}, enter: () => {} }))).toThrow(
    /number of the page/,
  );
});

test('buckets in buckets are followed to a limit, whatever they are named', () => {
  const levels = 300;
  const pages = Object.fromEntries(
    Array.from({ length: levels }, (_, i) => [
      3 + i,
      {
        leaf: [
          { key: `level-${i}-${'x'.repeat(300)}`, value: bucketAt(i + 1 < levels ? 4 + i : 3), bucket: true },
        ],
      },
    ]),
  );
  const { readable, damage, problems } = read({ root: 3, pages });
  expect(readable).toHaveLength(257);
  expect(damage).toHaveLength(1);
  expect(damage[0]).toMatch(
    /^page 259 at offset 1061206: buckets in buckets, more than 256 deep \(in bucket level-0-x+… \(308 bytes\)/,
  );
  expect(damage[0]?.length).toBeLessThan(2500);
  expect(problems[0]).toBe(damage[0]);
});

test('a key longer than any key may be is refused', () => {
  const leaf = [
    { key: 'a'.repeat(32_768), value: 'x' },
    { key: 'b'.repeat(32_769), value: 'y' },
  ];
  const { readable, damage, problems } = read({ root: 3, pages: { 3: { leaf } } });
  expect(readable.map((key) => key.length)).toEqual([32_768]);
  expect(damage).toEqual([
    'page 3 at offset 12320: key and value of element 1: expected a key of at most 32768 bytes, found 32770 bytes at 32817 (in the root bucket)',
  ]);
  expect(problems).toEqual([
    'page 3 at offset 12320: key of element 1: expected at most 32768 bytes, found 32770 bytes at 32817',
  ]);
});
