import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatPlatform, normalizePlatform } from '../../src/host/platform.ts';
import { decodeAny, OCI_SPEC } from '../../src/sources/containerd/any.ts';
import { timestamp } from '../../src/sources/containerd/time.ts';
import { foreignText } from '../text/foreign-text.ts';
import { nested, soon } from './bounds.ts';

const TYPES = [
  OCI_SPEC,
  `type.googleapis.com/${OCI_SPEC}`,
  'containerd.runc.v1.Options',
  'containerd.runc.v1.CheckpointOptions',
  'containerd.runc.v1.ProcessDetails',
  'runtimeoptions.v1.Options',
  '__proto__',
  'constructor',
  '/',
  '',
];

const typeUrl = fc.oneof(
  fc.constantFrom(...TYPES),
  foreignText,
  foreignText.map((text) => `${text}/x`),
  fc.constant('x'.repeat(100_000)),
);
const text = fc.oneof(nested, fc.json({ maxDepth: 8 }), foreignText).map((json) => Buffer.from(json));
const value = fc.oneof(fc.uint8Array({ maxLength: 200 }), text);

describe('a payload of any type and any bytes', () => {
  test('is JSON that can be written again, or an error that is short and says why', async () => {
    await fc.assert(
      fc.asyncProperty(typeUrl, value, (type, bytes) =>
        soon(async () => {
          let decoded: unknown;
          try {
            decoded = await decodeAny({ typeUrl: type, value: bytes });
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
            const { message } = error as Error;
            expect(message).toMatch(/unknown type|bytes are no|is not valid JSON: \S/);
            expect(message.length).toBeLessThan(1_000);
            return;
          }
          // What was accepted can be walked and written by every view.
          const again = JSON.stringify(decoded, (_key, one: unknown) =>
            typeof one === 'bigint' ? String(one) : one,
          );
          expect(typeof again).toBe('string');
          expect(again.length).toBeLessThanOrEqual(bytes.length * 8 + 1_000);
        }),
      ),
      { numRuns: 400 },
    );
  });
});

describe('a platform of any words', () => {
  const parts = fc.record({ os: foreignText, architecture: foreignText, variant: foreignText });

  test('has a text no longer than its words, and is spelled the same twice', () => {
    fc.assert(
      fc.property(parts, (platform) => {
        const once = normalizePlatform(platform);
        expect(normalizePlatform(once)).toEqual(once);
        const words = once.os.length + once.architecture.length + once.variant.length;
        expect(formatPlatform(once).length).toBeLessThanOrEqual(Math.max(words + 2, 'unknown'.length));
      }),
    );
  });
});

describe('a time of any number', () => {
  const seconds = fc.oneof(
    fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
    fc.bigInt({ min: -62_135_596_801n, max: 253_402_300_800n }),
  );
  const nanos = fc.oneof(fc.integer(), fc.integer({ min: -1, max: 1_000_000_000 }));

  test('is RFC 3339, or none', () => {
    fc.assert(
      fc.property(seconds, nanos, (s, n) => {
        const at = timestamp({ $typeName: 'google.protobuf.Timestamp', seconds: s, nanos: n });
        if (at === null) return;
        expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
        expect(at).not.toMatch(/\.0*Z$|0Z$(?<=\.\d+Z)/);
        expect(BigInt(Date.parse(at.replace(/\.\d+/, ''))) / 1000n).toBe(s);
        const fraction = /\.(\d+)Z$/.exec(at)?.[1] ?? '';
        expect(Number(fraction.padEnd(9, '0'))).toBe(n);
      }),
      { numRuns: 1000 },
    );
  });

  test('is given for every time that can be', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -62_135_596_799n, max: 253_402_300_799n }),
        fc.integer({ min: 0, max: 999_999_999 }),
        (s, n) => {
          expect(timestamp({ $typeName: 'google.protobuf.Timestamp', seconds: s, nanos: n })).not.toBeNull();
        },
      ),
    );
  });
});
