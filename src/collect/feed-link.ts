/**
 * The event stream of one daemon, taken up again whenever it breaks. A daemon that hangs keeps its stream, so it is asked now and
 * then whether it still answers; what it has to say afterwards is complete.
 */
import { type EventSource, gapEvent, type HostEvent } from '../host/event.ts';
import type { Timestamp } from '../host/observed.ts';
import { type Bell, backOff, createBell, pause } from './feed-wait.ts';

/** How often a daemon without events is asked whether it still answers. */
const HEALTH_MS = 2000;

/**
 * Events that come this late, so many in a row, have been waiting for us: the daemon keeps all that we are too slow for. Then it
 * is better to begin anew than to show what was. (A few may be late by themselves: those that a shim has kept for a containerd
 * that was away.)
 */
const BEHIND_MS = 5000;
const MANY_LATE = 1000;

/** A daemon that has an event stream, and whatever its facets are read through. */
export interface Endpoint<Channel> {
  readonly source: EventSource;
  /**
   * A new channel. It rejects, with words for people, where nobody answers.
   * @param since until when the stream before this was whole; undefined for the first
   */
  open(since: Timestamp | undefined): Promise<Opened<Channel>>;
}

export interface Opened<Channel> {
  readonly channel: Channel;
  /** Events from the moment of the call until the signal aborts. It rejects when the stream breaks. */
  events(signal: AbortSignal): AsyncIterable<HostEvent>;
  /** A call that costs the daemon nothing. It rejects when there is no answer, with the state `timeout` when it is late. */
  ping(signal: AbortSignal): Promise<unknown>;
}

/** What becomes of a stream. */
export interface LinkListener<Channel> {
  /**
   * Subscribed, and answering: what is listed from now on misses nothing.
   * @param gap what may have been missed since the stream was whole
   */
  up(channel: Channel, gap: HostEvent | null): void;
  event(event: HostEvent): void;
  /**
   * Nobody answers.
   * @param broken the stream is gone, and with it the channel; else it may still go on
   */
  lost(why: string, retryInMs: number, broken: boolean): void;
  /** A daemon that had hung answers again, its stream whole. */
  resumed(): void;
  /** It answers, as it did before; every two seconds or so. */
  beat(): void;
}

export interface Link {
  /** Tries at once, if it waits. */
  retry(): void;
  close(): Promise<void>;
}

export const startLink = <Channel>(endpoint: Endpoint<Channel>, listener: LinkListener<Channel>): Link => {
  const closing = new AbortController();
  const bell = createBell();
  const running = keepUp(endpoint, listener, closing.signal, bell);
  return {
    retry: bell.ring,
    close: async () => {
      closing.abort();
      await running;
    },
  };
};

async function keepUp<Channel>(
  endpoint: Endpoint<Channel>,
  listener: LinkListener<Channel>,
  signal: AbortSignal,
  bell: Bell,
): Promise<void> {
  const { source } = endpoint;
  let failures = 0;
  let broke = '';
  let whole: number | undefined;
  while (!signal.aborted) {
    try {
      const since = whole === undefined ? undefined : timeOf(whole);
      const opened = await endpoint.open(since);
      if (signal.aborted) return;
      await whileUp(opened, listener, signal, {
        up: (at) => {
          failures = 0;
          whole = at;
          const until = timeOf(at);
          const gap = since === undefined ? null : gapEvent({ source, since, until, why: broke });
          listener.up(opened.channel, gap);
        },
        whole: (at) => {
          if (whole !== undefined && at > whole) whole = at;
        },
      });
    } catch (error) {
      if (signal.aborted) return;
      const why = error instanceof Error ? error.message : String(error);
      if (failures === 0) broke = why;
      const retryInMs = backOff(failures);
      failures += 1;
      listener.lost(why, retryInMs, true);
      await bell.wait(signal, retryInMs);
    }
  }
}

interface Progress {
  /** Milliseconds since 1970, as all times of it. */
  up(at: number): void;
  /** The stream has lost nothing until then. */
  whole(at: number): void;
}

// Resolves when the signal aborts; rejects with the reason why it is not up, or no longer.
async function whileUp<Channel>(
  { events, ping }: Opened<Channel>,
  listener: LinkListener<Channel>,
  signal: AbortSignal,
  progress: Progress,
): Promise<void> {
  const ending = new AbortController();
  const both = AbortSignal.any([signal, ending.signal]);
  let heardAt = 0;
  let late = 0;
  const listen = async (): Promise<void> => {
    for await (const event of events(both)) {
      heardAt = Date.now();
      listener.event(event);
      late = heardAt - Date.parse(event.at) > BEHIND_MS ? late + 1 : 0;
      if (late >= MANY_LATE)
        throw new Error(`more events came than could be read, and the last were over 5 s old`);
    }
    if (!both.aborted) throw new Error('the daemon ended its event stream');
  };
  const look = async (): Promise<void> => {
    await ping(both);
    progress.up(Date.now());
    let isHung = false;
    while (!both.aborted) {
      await pause(HEALTH_MS, both);
      // Who tells of events is well.
      if (isHung || Date.now() - heardAt >= HEALTH_MS) {
        const failure = await failureOf(ping(both));
        if (both.aborted) return;
        if (failure !== undefined) {
          if (!isLate(failure)) throw failure;
          isHung = true;
          listener.lost(failure.message, HEALTH_MS, false);
          continue;
        }
      }
      if (both.aborted) return;
      progress.whole(Date.now());
      if (isHung) listener.resumed();
      else listener.beat();
      isHung = false;
    }
  };
  // The subscription is on its way before the first question is asked.
  const running = [listen(), look()];
  try {
    await Promise.race(running);
  } finally {
    progress.whole(heardAt);
    ending.abort();
    await Promise.allSettled(running);
  }
}

function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error ?? new Error('no reason was given'),
  );
}

function isLate(error: unknown): error is Error {
  return error instanceof Error && 'state' in error && error.state === 'timeout';
}

function timeOf(ms: number): Timestamp {
  return new Date(ms).toISOString();
}
