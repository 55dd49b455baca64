/** A host that does not change, as a sequence of pictures. */
import type { Feed, FeedItem } from '../host/feed.ts';
import type { FacetName, HostSnapshot } from '../host/snapshot.ts';

/** One that is not live: recorded in a bundle, or left on a disk. */
export interface StillHost {
  /** The wanted facets. */
  collect(wants: readonly FacetName[]): Promise<HostSnapshot>;
}

/** One picture, after which nothing changes until the sequence is closed. */
export const recordedFeed = (recorded: StillHost, wants: readonly FacetName[]): Feed => {
  const closing = new AbortController();
  async function* items(): AsyncGenerator<FeedItem> {
    yield { kind: 'snapshot', host: await recorded.collect(wants) };
    if (closing.signal.aborted) return;
    await new Promise<void>((resolve) => closing.signal.addEventListener('abort', () => resolve()));
  }
  return {
    [Symbol.asyncIterator]: items,
    refresh: () => undefined,
    close: async () => closing.abort(),
  };
};
