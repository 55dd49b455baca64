/** What the feed has to say, at the pace of who listens: of pictures that nobody took only the newest is kept. */
import type { FeedItem } from '../host/feed.ts';
import { createBell } from './feed-wait.ts';

/** Pictures come at most this often, */
const LEAST_MS = 100;
/** and what changes together within so long is one of them. */
const TOGETHER_MS = 15;

export interface Outbox {
  /** There is another picture to be taken. */
  changed(): void;
  /** Nobody answers; what changed before is still told first. */
  lost(item: Extract<FeedItem, { kind: 'lost' }>): void;
  /** Somebody answers again, and there is a picture. */
  found(): void;
  /** Something went wrong that should not; the next item is that. */
  fail(error: unknown): void;
  /** The next item; undefined when the signal aborts. @throws what {@link fail} was told */
  next(signal: AbortSignal): Promise<FeedItem | undefined>;
}

/** @param take makes the picture of the moment */
export const createOutbox = (take: () => FeedItem): Outbox => {
  const bell = createBell();
  let lost: FeedItem | undefined;
  let failure: { readonly error: unknown } | undefined;
  let connected = false;
  let dueAt: number | undefined;
  let takenAt = -Infinity;

  const taken = (): FeedItem => {
    dueAt = undefined;
    takenAt = performance.now();
    return take();
  };
  const changed = (): void => {
    if (!connected || dueAt !== undefined) return;
    dueAt = Math.max(performance.now() + TOGETHER_MS, takenAt + LEAST_MS);
    bell.ring();
  };

  return {
    changed,
    lost: (item) => {
      connected = false;
      lost = item;
      bell.ring();
    },
    found: () => {
      lost = undefined;
      connected = true;
      dueAt = performance.now();
      bell.ring();
    },
    fail: (error) => {
      failure = { error };
      bell.ring();
    },
    next: async (signal) => {
      while (!signal.aborted) {
        if (failure !== undefined) throw failure.error;
        if (dueAt !== undefined && (!connected || dueAt <= performance.now())) return taken();
        if (lost !== undefined) {
          const item = lost;
          lost = undefined;
          return item;
        }
        await bell.wait(signal, dueAt === undefined ? undefined : Math.max(0, dueAt - performance.now()));
      }
      return undefined;
    },
  };
};
