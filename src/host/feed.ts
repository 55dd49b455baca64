/** Change over time, as the UI and `--watch` receive it. */
import type { Chain } from './chain.ts';
import type { ContainerBody } from './containerd.ts';
import type { HostEvent } from './event.ts';
import type { Observed } from './observed.ts';
import type { HostSnapshot } from './snapshot.ts';

/** What happened since the last one: a new picture, or why there is none. */
export type FeedItem =
  | {
      readonly kind: 'snapshot';
      /** It shares with the one before it whatever did not change. */
      readonly host: HostSnapshot;
      /** The newest events, oldest first, up to {@link RECENT_EVENTS}; a feed of a recording has none. */
      readonly recentEvents?: readonly HostEvent[];
    }
  | { readonly kind: 'lost'; readonly why: string; readonly retryInMs: number };

/** How many events a feed keeps. */
export const RECENT_EVENTS = 2000;

/** An endless sequence; `close` ends it and releases its connections. */
export interface Feed extends AsyncIterable<FeedItem> {
  /** Read everything again now, or try at once to reach who is lost. */
  refresh(): void;
  close(): Promise<void>;
}

/** What is too large to be in every snapshot, read for the one object that somebody looks at. */
export interface DetailSource {
  body(container: { readonly namespace: string; readonly id: string }): Promise<Observed<ContainerBody>>;
  /** One container followed through the layers; `lists` is the picture that has the lists as they are now. */
  chain(
    container: { readonly namespace: string; readonly id: string },
    lists: HostSnapshot,
  ): Promise<Observed<Chain>>;
}
