import { expect, test } from 'vitest';
import type { Cursor } from '../../../src/bolt/cursor.ts';
import { openDatabase } from '../../../src/bolt/database.ts';
import {
  any,
  binaryTime,
  textMap,
  uvarint,
  ValueError,
  varint,
} from '../../../src/sources/metadata/values.ts';
import { buildFile } from '../../bolt/build-file.ts';
import { scratchFolder } from '../../bolt/scratch.ts';
import * as encode from './encode.ts';

const scratch = scratchFolder();

/** What a reader makes of a value in a file. */
const read = <T>(value: Uint8Array, decode: (entry: Cursor) => T): T => {
  const path = buildFile(scratch('value.db'), { root: 3, pages: { 3: { leaf: [{ key: 'k', value }] } } });
  using database = openDatabase(path);
  const root = database.root();
  root.next();
  return decode(root);
};

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

test.each([
  ['aa ad 84 01', 1084245n],
  ['ba 05', 349n],
  ['a2 06', 401n],
  ['06', 3n],
  ['08', 4n],
  ['80 c0 f3 01', 1994752n],
  ['01', -1n],
  ['fe ff ff ff ff ff ff ff ff 01', 2n ** 63n - 1n],
  ['ff ff ff ff ff ff ff ff ff 01', -(2n ** 63n)],
])('the varint %s is %s', (hex, value) => {
  expect(read(bytes(hex), varint)).toBe(value);
  expect(encode.varint(value)).toEqual(bytes(hex));
});

test.each([0n, 1n, 127n, 128n, 2n ** 28n - 1n, 2n ** 28n, 2n ** 53n + 1n, 2n ** 64n - 1n])(
  'the uvarint of %s is read back',
  (value) => {
    expect(read(encode.uvarint(value), uvarint)).toBe(value);
  },
);

test.each(['', '80', 'ff ff ff', '80 80 80 80 80 80 80 80 80 80 01'])('%j is no varint', (hex) => {
  expect(() => read(bytes(hex), varint)).toThrow(ValueError);
});

test.each([
  ['01 0000000ee29659a4 25db97d7 ffff', '2026-11-23T15:58:28.635148247Z'],
  ['01 0000000ee29659a4 00000000 ffff', '2026-11-23T15:58:28Z'],
  // Two hours east of Greenwich: the same moment.
  ['01 0000000ee29659a4 05f5e100 0078', '2026-11-23T15:58:28.1Z'],
  ['02 0000000ee29659a4 00000001 0078 1e', '2026-11-23T15:58:28.000000001Z'],
  ['01 0000000e7791f700 00000000 ffff', '1970-01-01T00:00:00Z'],
  ['01 0000000e7791f6ff 3b9ac9ff ffff', '1969-12-31T23:59:59.999999999Z'],
])('the time %s is %s', (hex, text) => {
  expect(read(bytes(hex), binaryTime)).toBe(text);
});

test('Go’s zero time is not set, and neither is what RFC 3339 cannot write', () => {
  expect(read(bytes('01 0000000000000000 00000000 ffff'), binaryTime)).toBeNull();
  expect(read(encode.time(-62_135_596_800n), binaryTime)).toBeNull();
  expect(read(encode.time(253_402_300_800n), binaryTime)).toBeNull();
});

test.each([
  '',
  '00',
  '01 0000000ee29659a4 25db97d7',
  '03 0000000ee29659a4 25db97d7 ffff',
  '01 0000000ee29659a4 25db97d7 ffff 00',
])('%j is no time', (hex) => {
  expect(() => read(bytes(hex), binaryTime)).toThrow(/are no time/);
});

test('a payload keeps its type and bytes; what is none is named', () => {
  const payload = read(encode.packed('a/b', { c: 1 }), any);
  expect([payload.typeUrl, String(Buffer.from(payload.value))]).toEqual(['a/b', '{"c":1}']);
  expect(() => read(bytes('0a ff'), any)).toThrow(/^2 bytes \(0aff\) are no protobuf Any/);
});

test('labels keep names that objects have a meaning of their own for, and text that is no UTF-8 is replaced', () => {
  const leaf = [
    { key: '__proto__', value: 'a' },
    { key: 'constructor', value: 'b' },
    { key: 'x', value: Buffer.from([0xff, 0x41]) },
  ];
  using database = openDatabase(buildFile(scratch('labels.db'), { root: 3, pages: { 3: { leaf } } }));
  const labels = textMap(database.root());
  expect(Object.entries(labels)).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
    ['x', '\ufffdA'],
  ]);
  expect(Object.getPrototypeOf(labels)).toBe(Object.prototype);
});
