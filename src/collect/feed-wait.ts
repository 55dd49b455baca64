/** Waiting that an abort, or somebody with news, can end. */

/** Resolves after so many milliseconds, or at once when the signal aborts. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });

/** Something that others ring and one waits for; a ring that nobody waited for is kept until somebody does. */
export interface Bell {
  ring(): void;
  /** Until it rings, the time is over or the signal aborts. */
  wait(signal: AbortSignal, ms?: number): Promise<void>;
}

export const createBell = (): Bell => {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      wake?.();
    },
    wait: async (signal, ms) => {
      if (!rung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const end = (): void => {
            clearTimeout(timer);
            signal.removeEventListener('abort', end);
            wake = undefined;
            resolve();
          };
          const timer = ms === undefined ? undefined : setTimeout(end, ms);
          signal.addEventListener('abort', end);
          wake = end;
        });
      }
      rung = false;
    },
  };
};

/** Milliseconds before the next try, after so many that failed: 100 ms doubled up to 2 s. */
export const backOff = (failures: number): number => Math.min(2000, 100 * 2 ** Math.min(failures, 10));
