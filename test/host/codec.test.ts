import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { decode, decodeSnapshot, encode } from '../../src/host/codec.ts';
import { SCHEMA_VERSION } from '../../src/host/snapshot.ts';
import { foreignText } from '../text/foreign-text.ts';

/** Names that a mark, a prototype or an engine could be taken for. */
const name = fc.oneof(
  fc.constantFrom(
    '$',
    '$$',
    '$$$int',
    '$int',
    '$$int',
    '__proto__',
    'constructor',
    'toString',
    '',
    '0',
    'value',
  ),
  foreignText.filter((text) => !/\p{Cs}/u.test(text)),
);

/** Whatever a snapshot may hold: what JSON has, and integers of any size. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, false, 0, -1, 0.5, 2 ** 53, 1e300),
    fc.bigInt(),
    name,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 6 }).map((members) => Object.fromEntries(members)),
  ),
}));

describe('a value of the model', () => {
  test('is the same after it was written and read', () => {
    fc.assert(
      fc.property(value, (before) => {
        const text = encode(before);
        const after = decode(text);
        // The matchers of the test runner stumble over a name such as `constructor`.
        expect(isDeepStrictEqual(after, before)).toBe(true);
        expect(encode(after)).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  test('keeps names that mean something to an engine as its own', () => {
    const labels = JSON.parse('{"__proto__":"a","constructor":"b"}') as object;
    const after = decode(encode({ labels })) as { labels: object };
    expect(Object.entries(after.labels)).toEqual(Object.entries(labels));
    expect(Object.getPrototypeOf(after.labels)).toBe(Object.prototype);
  });

  test('is not taken for an integer, however it is named', () => {
    for (const label of [{ $int: '5' }, { $$int: '5' }, { $int: 5n }, { $int: { $int: '7' } }]) {
      expect(decode(encode(label))).toStrictEqual(label);
    }
    expect(JSON.parse(encode({ size: 2n ** 64n }))).toEqual({ size: { $int: '18446744073709551616' } });
  });

  test('without a value is without its name', () => {
    expect(encode({ a: undefined, b: 1 })).toBe('{"b":1}');
  });
});

describe('text that is no snapshot', () => {
  test.for([
    ['', SyntaxError],
    ['{"schemaVersion":1', SyntaxError],
    ['{"schemaVersion":1,"facets":{"a":{"$int":"five"}}}', SyntaxError],
    ['null', /not a host snapshot/],
    ['[]', /not a host snapshot/],
    ['"text"', /not a host snapshot/],
    ['{"schemaVersion":1}', /not a host snapshot/],
    ['{"facets":{}}', /not a host snapshot/],
    [`{"schemaVersion":${SCHEMA_VERSION + 1},"facets":{}}`, /has schema version 2; this program reads 1/],
    ['{"schemaVersion":"1","facets":{}}', /schema version/],
  ] as const)('%s is refused', ([text, why]) => {
    expect(() => decodeSnapshot(text)).toThrow(why);
  });

  test('is refused for what it lacks, and a snapshot is not', () => {
    const snapshot = {
      schemaVersion: SCHEMA_VERSION,
      at: '2026-01-01T00:00:00Z',
      from: 'live',
      scope: {},
      facets: {},
      timings: [],
    } as const;
    expect(decodeSnapshot(encode(snapshot))).toStrictEqual(snapshot);
  });
});
