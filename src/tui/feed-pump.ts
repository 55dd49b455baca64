/** The feed's items as happenings, at a pace that a screen can follow. */
import type { Feed, FeedItem } from '../host/feed.ts';
import type { Happening } from './model.ts';

// Data repaints at most ten times a second; of what comes faster, only the newest is shown.
const LEAST_MS = 100;

/** Sends all that the feed says until it ends; a feed that throws has ended, and says why. */
export const pumpFeed = async (feed: Feed, send: (happening: Happening) => void): Promise<void> => {
  let waiting: Extract<FeedItem, { kind: 'snapshot' }> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sentAt = -Infinity;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === undefined) return;
    sentAt = performance.now();
    const { host, recentEvents } = waiting;
    waiting = undefined;
    send({ type: 'snapshot', host, ...(recentEvents === undefined ? {} : { events: recentEvents }) });
  };
  let why = 'the feed ended';
  try {
    for await (const item of feed) {
      if (item.kind === 'snapshot') {
        waiting = item;
        const wait = sentAt + LEAST_MS - performance.now();
        if (wait <= 0) flush();
        else timer ??= setTimeout(flush, wait);
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
};
