/** Change over time, as the UI and `--watch` receive it. */
import type { ContainerBody } from './containerd.ts';
import type { Observed } from './observed.ts';
import type { HostSnapshot } from './snapshot.ts';

/** What happened since the last one: a new picture, or why there is none. */
export type FeedItem =
  | { readonly kind: 'snapshot'; readonly host: HostSnapshot }
  | { readonly kind: 'lost'; readonly why: string; readonly retryInMs: number };

/** An endless sequence; `close` ends it and releases its connections. */
export interface Feed extends AsyncIterable<FeedItem> {
  /** Read again now instead of waiting. */
  refresh(): void;
  close(): Promise<void>;
}

/** What is too large to be in every snapshot, read for the one object that somebody looks at. */
export interface DetailSource {
  body(container: { readonly namespace: string; readonly id: string }): Promise<Observed<ContainerBody>>;
}
