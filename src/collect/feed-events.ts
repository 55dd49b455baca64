/** Everything that happens on a host, from all who tell of it, on one clock. */
import { type EventSource, eventWithoutSecrets, type HostEvent } from '../host/event.ts';
import { createReorder } from '../host/event-order.ts';
import type { Timestamp } from '../host/observed.ts';
import { containerdEndpoint, pinned } from './feed-containerd.ts';
import { dockerEndpoint, findDocker } from './feed-docker.ts';
import { type Endpoint, type Link, startLink } from './feed-link.ts';
import { createBell } from './feed-wait.ts';
import type { LiveHost } from './live.ts';

/** How long an event waits for one that happened before it and comes later, from another daemon. */
const WINDOW_MS = 200;

export type EventItem =
  | { readonly kind: 'event'; readonly event: HostEvent }
  /** Nobody answers; once for each time. */
  | { readonly kind: 'lost'; readonly source: EventSource; readonly why: string }
  /** The stream is open, for the first time or again. */
  | { readonly kind: 'found'; readonly source: EventSource; readonly again: boolean }
  /** This one is not listened to at all. */
  | { readonly kind: 'without'; readonly source: EventSource; readonly why: string };

export interface EventFeed extends AsyncIterable<EventItem> {
  close(): Promise<void>;
}

/**
 * Events of containerd and of the Docker above it; the host is not closed with them.
 * @param since what Docker has kept since then comes first; containerd keeps none
 */
export const liveEvents = (live: LiveHost, { since }: { readonly since?: Timestamp } = {}): EventFeed => {
  const closing = new AbortController();
  const inner = pinned(live);
  const bell = createBell();
  const reorder = createReorder(WINDOW_MS);
  const queue: EventItem[] = [];
  const links: Link[] = [];
  let failure: { readonly error: unknown } | undefined;

  const say = (item: EventItem): void => {
    queue.push(item);
    bell.ring();
  };
  const push = (event: HostEvent): void => {
    const shown = live.options.showSecrets === true ? event : eventWithoutSecrets(event);
    reorder.push(shown, performance.now());
    bell.ring();
  };
  const listen = <Channel>(endpoint: Endpoint<Channel>): void => {
    const { source } = endpoint;
    let isLost = false;
    let wasUp = false;
    const up = (): void => {
      say({ kind: 'found', source, again: wasUp });
      isLost = false;
      wasUp = true;
    };
    links.push(
      startLink(endpoint, {
        up: (_, gap) => {
          if (gap !== null) push(gap);
          up();
        },
        event: push,
        lost: (why) => {
          if (!isLost) say({ kind: 'lost', source, why });
          isLost = true;
        },
        resumed: up,
        beat: () => {},
      }),
    );
  };
  const listenToDocker = async (): Promise<void> => {
    const docker = await findDocker(live);
    if (closing.signal.aborted) return;
    if ('address' in docker) listen(dockerEndpoint(docker, live.options, since));
    else say({ kind: 'without', source: 'docker', why: docker.why ?? 'there is none' });
  };

  const take = (): EventItem | undefined => {
    for (const event of reorder.take(performance.now())) queue.push({ kind: 'event', event });
    return queue.shift();
  };

  async function* sequence(): AsyncGenerator<EventItem> {
    listen(containerdEndpoint(inner));
    listenToDocker().catch((error: unknown) => {
      failure = { error };
      bell.ring();
    });
    try {
      while (!closing.signal.aborted) {
        if (failure !== undefined) throw failure.error;
        const item = take();
        if (item !== undefined) {
          yield item;
          continue;
        }
        const due = reorder.dueAt();
        await bell.wait(closing.signal, due === undefined ? undefined : Math.max(0, due - performance.now()));
      }
      // What was told before the end belongs to it.
      for (const event of reorder.flush()) queue.push({ kind: 'event', event });
      yield* queue;
    } finally {
      await close();
    }
  }

  const close = async (): Promise<void> => {
    closing.abort();
    await Promise.all(links.map((link) => link.close()));
    inner.close();
  };
  return { [Symbol.asyncIterator]: sequence, close };
};
