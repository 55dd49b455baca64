import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BoltError } from '../../src/bolt/damage.ts';
import { openDatabase } from '../../src/bolt/database.ts';
import { fnv1a } from '../../src/bolt/meta.ts';
import { buildFile, type FileSpec, fileBytes } from './build-file.ts';
import { dump } from './dump.ts';
import { scratchFolder } from './scratch.ts';

const scratch = scratchFolder();

const SIMPLE: FileSpec = { root: 3, pages: { 3: { leaf: [{ key: 'a', value: 'one' }] } } };

/** The error that opening a file ends with. */
const refusal = (bytes: Uint8Array | string, name = 'refused.db'): BoltError => {
  writeFileSync(scratch(name), bytes);
  return errorOf(() => openDatabase(scratch(name)));
};

const errorOf = (act: () => unknown): BoltError => {
  try {
    act();
  } catch (error) {
    if (error instanceof BoltError) return error;
    throw error;
  }
  throw new Error('expected a BoltError, and nothing was thrown');
};

test('FNV-1a gives what Go gives', () => {
  expect(fnv1a(Buffer.from(''))).toBe(0xcbf29ce484222325n);
  expect(fnv1a(Buffer.from('a'))).toBe(0xaf63dc4c8601ec8cn);
  expect(fnv1a(Buffer.from('foobar'))).toBe(0x85944171f73967e8n);
});

test.each([1024, 4096, 8192, 16384, 32768, 65536])(
  'pages of %i bytes are found by either meta page',
  (pageSize) => {
    const path = buildFile(scratch('sizes.db'), { ...SIMPLE, pageSize });
    for (const broken of [undefined, 0, 1]) {
      const bytes = fileBytes({ ...SIMPLE, pageSize });
      if (broken !== undefined) bytes.fill(0xee, broken * pageSize, broken * pageSize + 100);
      writeFileSync(path, bytes);
      using database = openDatabase(path);
      expect(database.meta).toMatchObject({
        pageSize,
        page: broken === 1 ? 0 : 1,
        txid: broken === 1 ? 6n : 7n,
      });
      expect(dump(database)).toBe('key 61 6f6e65\n');
    }
  },
);

test('the valid meta page with the larger transaction is chosen, wherever it is', () => {
  const path = buildFile(scratch('choice.db'), { ...SIMPLE, txids: [10n, 9n] });
  using newest = openDatabase(path);
  expect(newest.meta).toMatchObject({ page: 0, txid: 10n });
  using older = openDatabase(path, { meta: 'older' });
  expect(older.meta).toMatchObject({ page: 1, txid: 9n });
});

test('a number beyond 2^53 keeps all its digits', () => {
  using database = openDatabase(
    buildFile(scratch('digits.db'), {
      ...SIMPLE,
      sequence: 2n ** 64n - 1n,
      txids: [2n ** 63n, 2n ** 63n + 1n],
    }),
  );
  expect(database.root().sequence).toBe(2n ** 64n - 1n);
  expect(database.meta.txid).toBe(2n ** 63n + 1n);
});

test('a file of a big-endian machine is read as well', () => {
  const path = buildFile(scratch('big-endian.db'), {
    littleEndian: false,
    root: 3,
    pages: {
      3: {
        branch: [
          { key: 'a', child: 4 },
          { key: 'n', child: 5 },
        ],
      },
      4: { leaf: [{ key: 'a', value: 'one' }] },
      5: { leaf: [{ key: 'n', value: 'two' }] },
    },
  });
  using database = openDatabase(path);
  expect(dump(database)).toBe('key 61 6f6e65\nkey 6e 74776f\n');
  expect(database.root().find(Buffer.from('n'))).toBe(true);
});

test('a meta page with a wrong checksum is named, with both sums', () => {
  const bytes = fileBytes(SIMPLE);
  bytes[16 + 40] = 99;
  bytes[4096 + 16 + 40] = 99;
  const error = refusal(bytes);
  expect(error.code).toBe('meta');
  expect(error.message).toMatch(
    /^page 0 at offset 72: both meta pages are broken; of one: checksum of the meta page: expected 0x[0-9a-f]+, found 0x[0-9a-f]+$/,
  );
});

test('another version of the format is refused by its number', () => {
  const bytes = fileBytes(SIMPLE);
  bytes[16 + 4] = 3;
  bytes[4096 + 16 + 4] = 3;
  expect(refusal(bytes).message).toContain('data file version: expected 2, found 3');
});

test('a file whose first pages were overwritten with zeros is a damaged database', () => {
  const error = refusal(Buffer.alloc(32768));
  expect(error.code).toBe('meta');
  expect(error.message).toContain('expected 0xed0cdaed, found zeros');
});

test.each([
  ['text', 'hello, world\n'.repeat(1000)],
  ['SQLite', `SQLite format 3\0${'x'.repeat(8000)}`],
  ['a byte', 'x'],
])('a foreign file is not a database: %s', (_, content) => {
  const error = refusal(content);
  expect(error.code).toBe('notBolt');
  expect(error.message).toContain('not a bbolt database');
});

test('an empty file is called empty', () => {
  expect(refusal('').code).toBe('empty');
});

test('what is no regular file is refused without waiting', () => {
  mkdirSync(scratch('folder'));
  expect(errorOf(() => openDatabase(scratch('folder'))).code).toBe('notRegular');
  execFileSync('mkfifo', [scratch('fifo')]);
  expect(errorOf(() => openDatabase(scratch('fifo'))).code).toBe('notRegular');
  const missing = errorOf(() => openDatabase(scratch('missing')));
  expect([missing.code, missing.fields.errno]).toEqual(['unreadable', 'ENOENT']);
});

test('a file cut off at any byte is read as far as it goes, or refused', () => {
  const whole = fileBytes({
    root: 3,
    pages: {
      3: {
        branch: [
          { key: 'a', child: 4 },
          { key: 'b', child: 5 },
        ],
      },
      4: { leaf: [{ key: 'a', value: 'one' }] },
      5: { leaf: [{ key: 'b', value: 'x'.repeat(6000) }] },
    },
  });
  const readable = (length: number): unknown => {
    writeFileSync(scratch('cut.db'), whole.subarray(0, length));
    const damage: string[] = [];
    try {
      using database = openDatabase(scratch('cut.db'), { onDamage: ({ code }) => damage.push(code) });
      return [dump(database).split('\n').length - 1, ...damage];
    } catch (error) {
      if (error instanceof BoltError) return error.code;
      throw error;
    }
  };
  const leaves = ['truncated', 'truncated'];
  for (let length = 0; length <= whole.length; length += 512) {
    if (length === 0) expect(readable(length)).toBe('empty');
    else if (length < 4 * 4096) expect([length, readable(length)]).toEqual([length, [0, 'truncated']]);
    else if (length < 5 * 4096) expect([length, readable(length)]).toEqual([length, [0, ...leaves]]);
    else if (length < whole.length) expect([length, readable(length)]).toEqual([length, [1, 'truncated']]);
    else expect(readable(length)).toEqual([2]);
  }
  expect(readFileSync(scratch('cut.db')).equals(whole)).toBe(true);
});
