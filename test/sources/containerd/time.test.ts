import { create } from '@bufbuild/protobuf';
import { TimestampSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { timestamp } from '../../../src/sources/containerd/time.ts';

const at = (seconds: bigint, nanos: number = 0): string | null =>
  timestamp(create(TimestampSchema, { seconds, nanos }));

test.for([
  [0n, 0, '1970-01-01T00:00:00Z'],
  [0n, 1, '1970-01-01T00:00:00.000000001Z'],
  [1_700_000_000n, 120_000_000, '2023-11-14T22:13:20.12Z'],
  [-1n, 500_000_000, '1969-12-31T23:59:59.5Z'],
  [253_402_300_799n, 999_999_999, '9999-12-31T23:59:59.999999999Z'],
] as const)('%d s and %d ns are written as Go writes them: %s', ([seconds, nanos, text]) => {
  expect(at(seconds, nanos)).toBe(text);
});

test("Go's zero time, no time and times beyond the calendar are null", () => {
  expect(timestamp(undefined)).toBeNull();
  for (const seconds of [-62_135_596_800n, -(1n << 63n), 253_402_300_800n, (1n << 63n) - 1n]) {
    expect(at(seconds)).toBeNull();
  }
});

test('no nanosecond is lost', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -1_000_000_000n, max: 9_000_000_000n }),
      fc.nat({ max: 999_999_999 }),
      (seconds, nanos) => {
        const text = at(seconds, nanos) ?? '';
        const [, fraction = ''] = /(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
        expect(Number(fraction.padEnd(9, '0'))).toBe(nanos);
        expect(fraction).not.toMatch(/0$/);
        expect(BigInt(Date.parse(text.replace(/\.\d+/, ''))) / 1000n).toBe(seconds);
      },
    ),
  );
});
