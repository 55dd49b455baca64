/**
 * A live host as a sequence of pictures: a new one when containerd says that something changed, and now and then in case
 * an event was lost. When the daemon goes away, that is said at once and it is tried again until it is back.
 */
import type { Feed, FeedItem } from '../host/feed.ts';
import { isUnknown, type Unknown } from '../host/observed.ts';
import { type FacetName, facet, type HostSnapshot } from '../host/snapshot.ts';
import { CallFailure } from '../sources/containerd/failure.ts';
import type { LiveHost } from './live.ts';

/** Events come in bursts: a picture is taken when this has passed since the last one. */
const SETTLE_MS = 300;
/** Without any event. */
const REST_MS = 10_000;
const RETRY_MS = 1000;
/** A host so large that a picture takes long gets one less often: collecting stays below this share of the time. */
const MAX_SHARE = 0.1;

/** Pictures of the wanted facets; the host is not closed with the feed. */
export const liveFeed = (live: LiveHost, wants: readonly FacetName[]): Feed => {
  const bell = newBell();
  const closing = new AbortController();

  async function* items(): AsyncGenerator<FeedItem> {
    while (!closing.signal.aborted) {
      const watch = new AbortController();
      const events = watchChanges(live, watch.signal, bell.ring);
      try {
        yield* whileConnected(events);
      } finally {
        watch.abort();
        await events.ended;
      }
    }
  }

  async function* whileConnected(events: Watch): AsyncGenerator<FeedItem> {
    for (;;) {
      const started = performance.now();
      bell.reset();
      const host = await live.collect(wants);
      if (closing.signal.aborted) return;
      const lost = whyLost(host);
      if (lost !== undefined) {
        yield { kind: 'lost', why: lost.why, retryInMs: RETRY_MS };
        await bell.within(RETRY_MS, closing.signal);
        return;
      }
      yield { kind: 'snapshot', host };
      const took = performance.now() - started;
      const woken = await bell.within(REST_MS, closing.signal);
      if (closing.signal.aborted) return;
      const broken = events.broken();
      if (broken !== undefined) {
        yield { kind: 'lost', why: broken, retryInMs: RETRY_MS };
        await delay(SETTLE_MS, closing.signal);
        return;
      }
      if (woken !== 'asked') await delay(Math.max(SETTLE_MS, took / MAX_SHARE - took), closing.signal);
    }
  }

  return {
    [Symbol.asyncIterator]: items,
    refresh: () => bell.ring('asked'),
    close: async () => closing.abort(),
  };
};

interface Watch {
  /** Why the stream broke, once it has. */
  broken(): string | undefined;
  readonly ended: Promise<void>;
}

function watchChanges(live: LiveHost, signal: AbortSignal, ring: (why: Wake) => void): Watch {
  let broken: string | undefined;
  const ended = live
    .watch(signal, () => ring('event'))
    .then(
      () => {
        broken = 'containerd ended the event stream';
      },
      (error: unknown) => {
        broken = error instanceof CallFailure ? error.message : String(error);
      },
    )
    .then(() => {
      if (!signal.aborted) ring('event');
    });
  return { broken: () => (signal.aborted ? undefined : broken), ended };
}

// The connection is lost when not even the namespaces can be read, and not because the daemon lacks them.
function whyLost(host: HostSnapshot): Unknown | undefined {
  const namespaces = facet(host, 'containerd.namespaces');
  if (!isUnknown(namespaces)) return undefined;
  return ['unreachable', 'timeout', 'denied', 'failed'].includes(namespaces.state) ? namespaces : undefined;
}

type Wake = 'event' | 'asked';

interface Bell {
  ring(why: Wake): void;
  reset(): void;
  /** Why it rang, or undefined when it did not in time. */
  within(ms: number, signal: AbortSignal): Promise<Wake | undefined>;
}

function newBell(): Bell {
  let rung: Wake | undefined;
  let wake: (() => void) | undefined;
  return {
    ring: (why) => {
      rung = why;
      wake?.();
    },
    reset: () => {
      rung = undefined;
    },
    within: async (ms, signal) => {
      if (rung === undefined) {
        const asleep = new AbortController();
        wake = () => asleep.abort();
        await delay(ms, AbortSignal.any([signal, asleep.signal]));
        wake = undefined;
      }
      return rung;
    },
  };
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
