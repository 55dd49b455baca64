import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { age, bytes, count, duration, parseDuration } from '../../src/text/units.ts';

describe('bytes', () => {
  test.for([
    [0, '0 B'],
    [1, '1 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [102_400, '100 KiB'],
    [1_048_576, '1.0 MiB'],
    [18446744073709551615n, '16.0 EiB'],
  ] as const)('%d are %s', ([number, text]) => {
    expect(bytes(number)).toBe(text);
  });

  test('have at most four digits before the unit changes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (number) => {
        expect(bytes(number)).toMatch(/^(\d{1,4}|\d\d?\.\d) [KMGTPE]?i?B$/);
      }),
    );
  });
});

test.for([
  [0, '0ms'],
  [340.4, '340ms'],
  [3400, '3.4s'],
  [12_000, '12s'],
  [192_000, '3m12s'],
  [14_700_000, '4h05m'],
  [12 * 86_400_000, '12d'],
] as const)('%d milliseconds are %s', ([ms, text]) => {
  expect(duration(ms)).toBe(text);
});

test.for([
  [999.6, /^(999|1000)ms$|^1\.0s$/],
  [9_999, /^10(\.0)?s$|^9\.9s$/],
  [59_999, /^59s$|^1m00s$/],
  [3_599_999, /^59m59s$|^1h00m$/],
] as const)('%d milliseconds, just below a unit, are %s', ([ms, text]) => {
  expect(duration(ms)).toMatch(text);
});

test('one is singular', () => {
  expect([0, 1, 2].map((n) => count(n, 'container'))).toEqual([
    '0 containers',
    '1 container',
    '2 containers',
  ]);
  expect(count(2, 'sandbox', 'sandboxes')).toBe('2 sandboxes');
});

test.for([
  ['500ms', 500],
  ['2s', 2000],
  ['1m', 60_000],
  ['1h', 3_600_000],
  ['2', 2000],
  ['1.5', 1500],
  [' 2s ', 2000],
  ['', undefined],
  ['soon', undefined],
  ['-1s', undefined],
  ['1s2', undefined],
  ['1d', undefined],
  ['Infinity', undefined],
] as const)('the duration %j is %s milliseconds', ([text, ms]) => {
  expect(parseDuration(text)).toBe(ms);
});

test('an age is never negative, and nothing where there is no time', () => {
  expect(age('2026-01-01T00:00:00Z', '2026-01-01T00:03:12Z')).toBe('3m12s');
  expect(age('2026-01-01T00:00:00.123456789Z', '2026-01-01T00:00:02Z')).toBe('1.9s');
  expect(age('2026-01-01T00:00:05Z', '2026-01-01T00:00:00Z')).toBe('0ms');
  expect(age(null, '2026-01-01T00:00:00Z')).toBe('');
  expect(age('yesterday', '2026-01-01T00:00:00Z')).toBe('');
});
