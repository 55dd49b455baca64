import { setTimeout as pause } from 'node:timers/promises';

/**
 * Polls until the probe returns something other than `undefined` and returns that.
 * A probe that throws ends the wait: it has found out that the condition cannot come true.
 */
export const until = async <T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  { deadlineMs = 20_000, everyMs = 10 }: { deadlineMs?: number; everyMs?: number } = {},
): Promise<T> => {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`${what}: not so after ${deadlineMs} ms`);
    await pause(everyMs);
  }
};

/** Polls until a condition holds; `false` at the deadline, for those who then try something stronger. */
export const holdsWithin = async (deadlineMs: number, condition: () => boolean): Promise<boolean> => {
  const deadline = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await pause(10);
  }
  return true;
};
