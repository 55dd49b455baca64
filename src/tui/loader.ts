/** Reads what is shown and no snapshot holds; the newest wish wins. */
import type { State } from './model.ts';
import type { Program } from './program.ts';

export interface Loader {
  /** Reads the shown one again. */
  readonly reload: () => void;
  readonly stop: () => void;
}

export interface Wish {
  /** Another key is another wish. */
  readonly key: string;
  /** What the answer depends on: when any of it is another, the same is read again, though not at once. */
  readonly basis?: readonly unknown[];
  /** Who answered. A reading that waited for somebody who did not says nothing of how long one takes when this is another. */
  readonly answering?: string;
}

// Holding an arrow key down must not ask for every container on the way.
const SETTLE_MS = 150;
// Between the end of one reading and the next of the same: so long, and so many times as long as the reading took.
const LEAST_REST_MS = 5000;
const REST_SHARE = 10;

interface Reading {
  readonly basis: readonly unknown[] | undefined;
  readonly answering: string | undefined;
  readonly startedAt: number;
  endedAt: number | undefined;
}

/**
 * @param wanted what is to be read in a state; another key is another wish
 * @param load reads it; what it brings is for nobody when `isWanted` says no
 */
export const createLoader = <W extends Wish>(
  program: Program,
  wanted: (state: State) => W | undefined,
  load: (wish: W, isWanted: () => boolean) => Promise<void>,
): Loader => {
  let current: W | undefined;
  let last: Reading | undefined;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = 0;
  let stopped = false;
  const read = (): void => {
    timer = undefined;
    const wish = current;
    if (wish === undefined) return;
    const { basis, answering } = wish;
    const reading: Reading = { basis, answering, startedAt: performance.now(), endedAt: undefined };
    last = reading;
    void load(wish, () => current?.key === wish.key).then(() => {
      reading.endedAt = performance.now();
      if (!stopped) look();
    });
  };
  const readAt = (at: number): void => {
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(read, Math.max(0, at - performance.now()));
  };
  const look = (): void => {
    const wish = wanted(program.state());
    const isOther = wish?.key !== current?.key;
    current = wish;
    if (isOther) {
      clearTimeout(timer);
      timer = undefined;
      last = undefined;
      if (wish !== undefined) readAt(performance.now() + SETTLE_MS);
    } else if (wish !== undefined && last?.endedAt !== undefined && !isSame(wish.basis, last.basis)) {
      const at = last.endedAt + restOf(last, last.endedAt, wish);
      // Somebody who answers again is not waited for as long as somebody who does not.
      if (timer === undefined || at < dueAt) readAt(at);
    }
  };
  const unsubscribe = program.subscribe(look);
  return {
    reload: () => {
      current = undefined;
      look();
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      unsubscribe();
    },
  };
};

function restOf(last: Reading, endedAt: number, { answering }: Wish): number {
  return answering === last.answering
    ? Math.max(LEAST_REST_MS, REST_SHARE * (endedAt - last.startedAt))
    : LEAST_REST_MS;
}

// Who names no basis is content with what was read.
function isSame(now: Wish['basis'], then: Wish['basis']): boolean {
  return now === undefined || (now.length === then?.length && now.every((part, i) => part === then[i]));
}
