/** The feed's items as happenings, at a pace that a screen can follow. */
import type { Feed, FeedItem } from '../host/feed.ts';
import type { Happening } from './model.ts';
import { FASTEST_MS } from './pace.ts';

export interface FeedPump {
  /** Sends all that the feed says until it ends; a feed that throws has ended, and says why. */
  run(): Promise<void>;
  /** Of snapshots that come faster than this, only the newest is sent; in milliseconds, from now on. */
  setPace(ms: number): void;
}

export const createFeedPump = (feed: Feed, send: (happening: Happening) => void): FeedPump => {
  let waiting: Extract<FeedItem, { kind: 'snapshot' }> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sentAt = -Infinity;
  let pace = FASTEST_MS;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === undefined) return;
    sentAt = performance.now();
    const { host, recentEvents } = waiting;
    waiting = undefined;
    send({ type: 'snapshot', host, ...(recentEvents === undefined ? {} : { events: recentEvents }) });
  };
  const schedule = (): void => {
    if (waiting === undefined) return;
    const wait = sentAt + pace - performance.now();
    if (wait <= 0) flush();
    else timer ??= setTimeout(flush, wait);
  };
  return {
    run: async () => {
      let why = 'the feed ended';
      try {
        for await (const item of feed) {
          if (item.kind === 'snapshot') {
            waiting = item;
            schedule();
          } else {
            flush();
            send({ type: 'lost', why: item.why, retryInMs: item.retryInMs });
          }
        }
      } catch (error) {
        why = error instanceof Error ? error.message : String(error);
      }
      flush();
      send({ type: 'ended', why });
    },
    setPace: (ms) => {
      pace = ms;
      clearTimeout(timer);
      timer = undefined;
      schedule();
    },
  };
};
