import fc from 'fast-check';
import { expect } from 'vitest';

import { foreignText } from '../text/foreign-text.ts';

/** Far above what any input of these sizes takes: it tells a hang from a slow machine. */
const HANG_MS = 5_000;

/** Runs the work; it must end soon, however it ends. */
export const soon = async <T>(work: () => T | Promise<T>): Promise<T> => {
  const started = performance.now();
  try {
    return await work();
  } finally {
    expect(performance.now() - started).toBeLessThan(HANG_MS);
  }
};

/** Text of one piece over and over: what makes a careless regular expression go back and forth. */
export const repetitive = (pieces: readonly string[], length = 100_000): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...pieces), fc.constantFrom(...pieces, ''), foreignText)
    .map(([piece, other, end]) => (piece + other).repeat(Math.ceil(length / (piece + other).length)) + end);

/** Arrays or objects in each other, as text. */
export const nested = fc
  .tuple(fc.constantFrom('[', '{"a":', '[{"env":'), fc.constantFrom(10, 1_000, 200_000), fc.boolean())
  .map(([open, depth, closed]) => {
    const close = [...open]
      .toReversed()
      .flatMap((c) => ({ '[': [']'], '{': ['}'] })[c] ?? [])
      .join('');
    return open.repeat(depth) + (closed ? `1${close.repeat(depth)}` : '');
  });
