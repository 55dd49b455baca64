import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { check } from '../../src/bolt/check.ts';
import type { BoltError } from '../../src/bolt/damage.ts';
import { openDatabase } from '../../src/bolt/database.ts';
import { drain } from '../../src/bolt/walk.ts';
import { bucketAt, buildFile } from './build-file.ts';
import { dump } from './dump.ts';
import { describeReference, makeFile, reference } from './reference.ts';
import { scratchFolder } from './scratch.ts';

const scratch = scratchFolder();

const V1 = Buffer.from('v1');

/** The dump of a file both of whose meta pages are overwritten. */
const salvaged = (path: string, pageSize: number, bucket: Uint8Array): string => {
  const bytes = readFileSync(path);
  for (const page of [0, 1]) bytes.fill(0xa5, page * pageSize, page * pageSize + 200);
  writeFileSync(path, bytes);
  expect(() => openDatabase(path)).toThrow(/not a bbolt database|both meta pages/);
  using database = openDatabase(path, { salvage: bucket, onDamage: () => {} });
  expect(database.isSalvaged).toBe(true);
  expect(database.meta).toMatchObject({ pageSize, txid: 0n });
  return dump(database);
};

test('of several roots the one that leads to most is taken', () => {
  const root = (more: number): object => ({ leaf: [{ key: 'v1', value: bucketAt(more), bucket: true }] });
  const path = buildFile(scratch('roots.db'), {
    root: 3,
    pages: {
      // The last transaction's, the one before whose pages are still there, and one of long ago.
      3: root(6) as never,
      4: root(7) as never,
      5: root(9) as never,
      6: {
        leaf: [
          { key: 'a', value: '1' },
          { key: 'b', value: '2' },
          { key: 'c', value: '3' },
        ],
      },
      7: {
        leaf: [
          { key: 'a', value: '1' },
          { key: 'b', value: '2' },
        ],
      },
      8: { leaf: [{ key: 'x', value: 'v1' }] },
      9: { leaf: [{ key: 'q', value: 'w' }], id: 12 },
    },
  });
  expect(salvaged(path, 4096, V1)).toBe('bucket 7631 0\nkey 61 31\nkey 62 32\nkey 63 33\nend\n');
});

test('what has no such bucket, or no pages, is refused as before', () => {
  const path = buildFile(scratch('other.db'), {
    root: 3,
    pages: { 3: { leaf: [{ key: 'a', value: bucketAt(4), bucket: true }] }, 4: { leaf: [] } },
  });
  writeFileSync(path, readFileSync(path).fill(0, 0, 8192));
  expect(() => openDatabase(path, { salvage: V1 })).toThrow('both meta pages are broken');
  writeFileSync(path, 'text '.repeat(10_000));
  expect(() => openDatabase(path, { salvage: V1 })).toThrow('not a bbolt database');
  writeFileSync(path, '');
  truncateSync(path, 65536);
  expect(() => openDatabase(path, { salvage: V1 })).toThrow('found zeros');
});

test('a valid meta page is believed, whatever else might be found', () => {
  const path = buildFile(scratch('valid.db'), {
    root: 4,
    pages: {
      3: { leaf: [{ key: 'v1', value: bucketAt(5), bucket: true }] },
      4: { leaf: [] },
      5: { leaf: [] },
    },
  });
  using database = openDatabase(path, { salvage: V1 });
  expect([database.isSalvaged, dump(database)]).toEqual([false, '']);
});

test('where the root is lost an older one is read, and the loss is said', () => {
  const path = buildFile(scratch('rootless.db'), {
    root: 9,
    highWater: 10,
    pages: {
      3: { leaf: [{ key: 'v1', value: bucketAt(5), bucket: true }] },
      4: { leaf: [] },
      5: { leaf: [{ key: 'kept', value: '1' }] },
    },
  });
  const damage: string[] = [];
  const onDamage = ({ message }: BoltError): void => {
    damage.push(message);
  };
  using database = openDatabase(path, { salvage: V1, onDamage });
  expect([database.isSalvaged, dump(database)]).toEqual([
    true,
    expect.stringContaining(Buffer.from('kept').toString('hex')),
  ]);
  expect(damage).toEqual([expect.stringMatching(/^page 9 .*root bucket; an older one was found/)]);
  // Who does not know of a bucket that must be there, or takes no damage, gets what the file says.
  using asItIs = openDatabase(path, { onDamage });
  expect(dump(asItIs)).toBe('');
});

describeReference('a file that the Go library has written', () => {
  test.each([4096, 16384])('is whole without its meta pages, with pages of %i bytes', async (pageSize) => {
    // One transaction wrote all of it, so there is no older root.
    const path = await makeFile('inline', scratch('inline.db'), 100, pageSize);
    const whole = await reference('dump', path);
    expect(salvaged(path, pageSize, Buffer.from('inline')) === whole).toBe(true);
  });

  test('is whole without its meta pages after many transactions, but perhaps for the last', async () => {
    const path = await makeFile('images', scratch('images.db'), 1000);
    const lines = (await reference('dump', path)).split('\n').length;
    copyFileSync(path, scratch('copy.db'));
    const found = salvaged(scratch('copy.db'), 4096, V1).split('\n').length;
    expect([lines, Math.round(lines * 0.9)]).toContain(found);
    using database = openDatabase(scratch('copy.db'), { salvage: V1 });
    expect(drain(check(database)).problems.map(({ code, page }) => [code, page])).toEqual([
      ['notBolt', 0],
      ['notBolt', 1],
    ]);
  });
});
