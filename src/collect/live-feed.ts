/**
 * A live host as a sequence of pictures. The first is a whole one; after it, containerd's events say what has to be read again,
 * and each new picture shares with the last what did not change. A stream that breaks is taken up again, and then everything is
 * listed anew: nobody keeps what was missed meanwhile.
 */
import type { Feed, FeedItem } from '../host/feed.ts';
import type { FacetName } from '../host/snapshot.ts';
import { openSession, type Session } from './feed-session.ts';
import type { LiveHost } from './live.ts';

/** Pictures of the wanted facets, for one who listens; the host is not closed with the feed. */
export const liveFeed = (live: LiveHost, wants: readonly FacetName[]): Feed => {
  const closing = new AbortController();
  let session: Session | undefined;
  const end = async (): Promise<void> => {
    closing.abort();
    await session?.close();
  };
  async function* sequence(): AsyncGenerator<FeedItem> {
    session = openSession(live, wants);
    try {
      for (;;) {
        const item = await session.outbox.next(closing.signal);
        if (item === undefined) return;
        yield item;
      }
    } finally {
      await end();
    }
  }
  return { [Symbol.asyncIterator]: sequence, refresh: () => session?.refresh(), close: end };
};
