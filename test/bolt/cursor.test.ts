import { expect, test } from 'vitest';
import type { Cursor } from '../../src/bolt/cursor.ts';
import { openDatabase } from '../../src/bolt/database.ts';
import { bucketAt, buildFile, inlineBucket } from './build-file.ts';
import { layOut } from './build-tree.ts';
import { describeReference, makeFile } from './reference.ts';
import { scratchFolder } from './scratch.ts';

const scratch = scratchFolder();

const tree = (): string =>
  buildFile(scratch('tree.db'), {
    root: 3,
    pages: {
      3: {
        leaf: [
          { key: 'fruit', value: bucketAt(4, 12n), bucket: true },
          { key: 'plain', value: 'text' },
        ],
      },
      4: {
        branch: [
          { key: 'banana', child: 5 },
          { key: 'melon', child: 6 },
        ],
      },
      5: {
        leaf: [
          { key: 'banana', value: 'yellow' },
          { key: 'fig', value: '' },
        ],
      },
      6: {
        leaf: [
          { key: 'melon', value: 'green' },
          {
            key: 'parts',
            value: inlineBucket([
              { key: 'peel', value: 'yes' },
              { key: 'stone', value: 'no' },
            ]),
            bucket: true,
          },
        ],
      },
    },
  });

const keysOf = (cursor: Cursor): string[] => {
  const keys: string[] = [];
  while (cursor.next()) keys.push(cursor.keyText());
  return keys;
};

test('entries come in order, with their values and sequences', () => {
  using database = openDatabase(tree());
  const root = database.root();
  expect(root.next()).toBe(true);
  expect([root.keyText(), root.isBucket]).toEqual(['fruit', true]);
  const fruit = root.child();
  expect(fruit.sequence).toBe(12n);
  expect(keysOf(fruit)).toEqual(['banana', 'fig', 'melon', 'parts']);
  expect(fruit.next()).toBe(false);
  fruit.rewind();
  expect(fruit.next()).toBe(true);
  expect([fruit.valueText(), fruit.valueLength, fruit.valueByte(0), fruit.valueByte(6)]).toEqual([
    'yellow',
    6,
    0x79,
    undefined,
  ]);
  expect(root.next()).toBe(true);
  expect([root.keyText(), root.isBucket, root.value().toString()]).toEqual(['plain', false, 'text']);
  expect(() => root.child()).toThrow('the entry is no bucket: plain');
  expect(root.next()).toBe(false);
});

test.each([
  ['banana', true, 'fig'],
  ['apple', false, 'banana'],
  ['cherry', false, 'fig'],
  ['fig', true, 'melon'],
  ['grape', false, 'melon'],
  ['parts', true, undefined],
  ['zebra', false, undefined],
])('%s is looked up, and reading goes on after it', (key, found, next) => {
  using database = openDatabase(tree());
  const fruit = database.bucket('fruit');
  expect(fruit?.find(Buffer.from(key))).toBe(found);
  expect(fruit?.next() === true ? fruit.keyText() : undefined).toBe(next);
});

test('reading goes on after a key that is not there, also before an entry that fills its leaf', () => {
  using database = openDatabase(
    buildFile(scratch('full.db'), layOut({ full: { key: 'x'.repeat(900), z: '' } })),
  );
  const full = database.bucket('full');
  expect(full?.find(Buffer.from('a'))).toBe(false);
  const found: string[] = [];
  while (full?.next() === true) found.push(full.keyText());
  expect(found).toEqual(['key', 'z']);
});

test('a bucket is found by its path, inline ones too', () => {
  using database = openDatabase(tree());
  const parts = database.bucket('fruit', 'parts');
  expect(parts?.isInline).toBe(true);
  expect(parts?.path().map(String)).toEqual(['fruit', 'parts']);
  expect(parts?.find(Buffer.from('stone'))).toBe(true);
  expect(parts?.valueText()).toBe('no');
  expect(database.bucket('fruit', 'banana')).toBeUndefined();
  expect(database.bucket('vegetables', 'parts')).toBeUndefined();
  expect(keysOf(database.bucket() ?? database.root())).toEqual(['fruit', 'plain']);
});

test('what a cursor has given is not changed by what others read into the cache', () => {
  using database = openDatabase(tree(), { cacheBytes: 4096 });
  const root = database.root();
  root.next();
  const fruit = root.child();
  fruit.next();
  const value = fruit.value();
  const other = database.bucket('fruit', 'parts');
  other?.next();
  expect([fruit.keyText(), String(value), other?.keyText(), root.keyText()]).toEqual([
    'banana',
    'yellow',
    'peel',
    'fruit',
  ]);
});

describeReference('a large tree', () => {
  test('is searched by reading a few pages of it', async () => {
    const path = await makeFile('images', scratch('seek.db'), 3000);
    let reads = 0;
    using database = openDatabase(path);
    const { load } = database.file;
    database.file.load = function count(...args): ReturnType<typeof load> {
      reads += 1;
      return load.apply(this, args);
    };
    const image = database.bucket('v1', 'default', 'images', 'registry.example.com/team-1/service-00001:1.1');
    expect(image?.find(Buffer.from('target'))).toBe(true);
    expect(database.bucket('v1', 'default', 'images', 'no such image')).toBeUndefined();
    expect(reads).toBeLessThan(20);
  });

  test('every key that is there is found, and none that is not', async () => {
    const path = await makeFile('deep', scratch('deep.db'), 3000);
    using database = openDatabase(path);
    const all = database.bucket('deep');
    const search = database.bucket('deep');
    const keys: Buffer[] = [];
    while (all?.next() === true) keys.push(all.key());
    expect(keys).toHaveLength(3000);
    for (const key of keys) {
      expect(search?.find(key)).toBe(true);
      expect(search?.find(Buffer.concat([key, Buffer.from([0])]))).toBe(false);
      expect(search?.find(key.subarray(0, -1))).toBe(false);
    }
  });
});
