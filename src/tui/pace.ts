/** How often new data may be drawn. */

/** Ten times a second: faster than that nobody reads. */
export const FASTEST_MS = 100;
const SLOWEST_MS = 10_000;

/** The next step: of 100 ms up to a second, of 500 ms above it. */
export const faster = (ms: number): number => Math.max(FASTEST_MS, ms - (ms <= 1000 ? 100 : 500));
export const slower = (ms: number): number => Math.min(SLOWEST_MS, ms + (ms < 1000 ? 100 : 500));

/** `0.1s`, `2.5s`. */
export const paceText = (ms: number): string => `${ms / 1000}s`;
