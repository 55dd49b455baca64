/** Change over time, as the UI and `--watch` receive it. */
import type { Chain } from './chain.ts';
import type { ContainerBody } from './containerd.ts';
import type { HostEvent } from './event.ts';
import type { Observed } from './observed.ts';
import type { Reconciliation } from './reconcile/reconcile.ts';
import type { Thing } from './relations.ts';
import type { HostSnapshot } from './snapshot.ts';
import type { UnknownEntry } from './unknown-entries.ts';

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
  /** Why an object is still here. */
  why(object: Thing): Promise<Observed<WhyText>>;
  /** Docker beside containerd, as both are now. */
  comparison(): Promise<Observed<Comparison>>;
}

/** The answer to why something is still here, as `why` prints it. */
export interface WhyText {
  /** Undefined: what could not be read may hold it. */
  readonly held: boolean | undefined;
  /** Sentences up to the first empty line, then a tree for each way from a holder; escaped. */
  readonly lines: readonly string[];
  /** What was wanted for the answer and is not known. */
  readonly unknown: readonly UnknownEntry[];
}

/** What several looks at Docker and containerd agree about. */
export interface Comparison {
  /** The first of the looks. */
  readonly host: HostSnapshot;
  readonly reconciliation: Reconciliation;
}
