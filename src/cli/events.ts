/** `ctrscope events` */
import { type EventFeed, liveEvents } from '../collect/feed-events.ts';
import { type LiveHost, openLiveHost } from '../collect/live.ts';
import { GAP, type HostEvent } from '../host/event.ts';
import { type EventTest, eventTest } from '../host/event-filter.ts';
import { type EventSummary, eventJson, eventText, summaryJson, summaryText } from '../report/event.ts';
import { escapeText } from '../text/escape.ts';
import { parseDuration } from '../text/units.ts';
import { EXIT } from './exit-codes.ts';
import { formatOf, type GlobalOptions, liveOptions } from './globals.ts';
import { foundNobody, sayChoice, sayNobody } from './no-containerd.ts';
import { writeError, writeHint, writeOut } from './terminal-output.ts';
import { UsageError } from './usage-error.ts';

const FORMATS = ['text', 'json'] as const;
/** Types that are counted by name; anybody may publish events of a type of their own. */
const MOST_TYPES = 1000;
/** What a timer can hold. */
const LONGEST_MS = 2 ** 31 - 1;

export interface EventsOptions {
  /** `--type`, one or several parted by commas each. */
  readonly type: readonly string[];
  readonly filter: readonly string[];
  readonly since?: string;
  readonly for?: string;
}

type Ended = EventSummary['ended'] | 'closed';

/** Prints what happens until a signal, `--for`, or whoever reads it ends it; then the summary. */
export const events = async (options: EventsOptions, globals: GlobalOptions): Promise<number> => {
  const format = formatOf(globals, FORMATS);
  const test = testOf(options);
  const since = options.since === undefined ? undefined : momentOf(options.since);
  const forMs = options.for === undefined ? undefined : durationOf(options.for);
  const live = openLiveHost(liveOptions(globals));
  try {
    const host = await live.collect(['containerd.discovery']);
    const nobody = foundNobody(host);
    if (nobody !== undefined) {
      await sayNobody(nobody);
      return EXIT.failed;
    }
    if (globals.quiet !== true) await sayChoice(host);
    if (since !== undefined && globals.quiet !== true) {
      await writeHint('containerd keeps no events: what happened before now, Docker alone can tell');
    }
    return await follow(live, since, forMs, test, { format, quiet: globals.quiet === true });
  } finally {
    live.close();
  }
};

interface Style {
  readonly format: (typeof FORMATS)[number];
  readonly quiet: boolean;
}

async function follow(
  live: LiveHost,
  since: string | undefined,
  forMs: number | undefined,
  test: EventTest,
  style: Style,
): Promise<number> {
  const started = performance.now();
  const feed = liveEvents(live, since === undefined ? {} : { since });
  const ending = endOf(feed, forMs);
  const tally = newTally();
  const lost = new Set<string>();
  const reached = new Set<string>();
  try {
    for await (const item of feed) {
      if (ending.ended() === 'closed') break;
      switch (item.kind) {
        case 'event':
          if (!test(item.event)) break;
          tally.add(item.event);
          await writeOut(style.format === 'json' ? eventJson(item.event) : eventText(item.event));
          break;
        case 'lost':
          lost.add(item.source);
          await writeError(`${item.source}: disconnected: ${escapeText(item.why)}; trying again`);
          break;
        case 'found':
          lost.delete(item.source);
          reached.add(item.source);
          if (item.again) await writeError(`${item.source}: connected again`);
          else if (!style.quiet) await writeError(`listening to ${item.source}`);
          break;
        case 'without':
          if (!style.quiet) await writeError(`without ${item.source}: ${escapeText(item.why)}`);
      }
    }
  } finally {
    ending.release();
  }
  const ended = ending.ended();
  if (ended === 'closed') return EXIT.ok;
  const summary = tally.summary(performance.now() - started, ended);
  await writeOut(style.format === 'json' ? summaryJson(summary) : summaryText(summary));
  if (ended !== 'for') return ended === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
  if (reached.size === 0) return EXIT.failed;
  return lost.size > 0 || summary.gaps > 0 ? EXIT.partial : EXIT.ok;
}

interface Ending {
  ended(): Ended;
  /** Gives the signals back. */
  release(): void;
}

// The feed is closed by whichever comes first; what it has said until then still comes out of it.
function endOf(feed: EventFeed, forMs: number | undefined): Ending {
  let ended: Ended | undefined;
  const end = (by: Ended) => (): void => {
    if (ended !== undefined) return;
    ended = by;
    feed.close().catch(() => undefined);
  };
  const listeners = { SIGINT: end('SIGINT'), SIGTERM: end('SIGTERM') };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, listeners[signal]);
  // `ctrscope events | head`: whoever read it has seen enough.
  const closed = end('closed');
  process.stdout.on('error', closed);
  const timer = forMs === undefined ? undefined : setTimeout(end('for'), Math.min(forMs, LONGEST_MS));
  return {
    ended: () => ended ?? 'for',
    release: () => {
      clearTimeout(timer);
      process.stdout.off('error', closed);
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, listeners[signal]);
    },
  };
}

interface Tally {
  add(event: HostEvent): void;
  summary(durationMs: number, ended: EventSummary['ended']): EventSummary;
}

function newTally(): Tally {
  const types = new Map<string, number>();
  const sources = new Map<string, number>();
  let gaps = 0;
  return {
    add: ({ type, source }) => {
      if (type === GAP) {
        gaps += 1;
        return;
      }
      const counted = types.has(type) || types.size < MOST_TYPES ? type : 'others';
      types.set(counted, (types.get(counted) ?? 0) + 1);
      sources.set(source, (sources.get(source) ?? 0) + 1);
    },
    summary: (durationMs, ended) => ({
      at: new Date().toISOString(),
      events: [...types.values()].reduce((sum, n) => sum + n, 0),
      gaps,
      durationMs: Math.round(durationMs),
      types: Object.fromEntries(types),
      sources: Object.fromEntries(sources),
      ended,
    }),
  };
}

function testOf({ type, filter }: EventsOptions): EventTest {
  const terms = [
    ...(type.length === 0 ? [] : [`type=${type.join(',')}`]),
    ...filter.flatMap((text) => text.trim().split(/\s+/)),
  ];
  const tests = terms.map((term) => {
    const test = eventTest(term);
    if (test !== undefined) return test;
    throw new UsageError(
      `no filter "${escapeText(term)}"; expected FIELD=VALUE, FIELD!=VALUE, FIELD~PART or FIELD!~PART`,
    );
  });
  return (event) => tests.every((holds) => holds(event));
}

function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0)
    throw new UsageError(`"${escapeText(text)}" is no duration such as 30s or 5m`);
  return ms;
}

// A duration back from now, or a moment.
function momentOf(text: string): string {
  const ms = parseDuration(text);
  if (ms !== undefined) return new Date(Date.now() - ms).toISOString();
  const moment = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(moment)) {
    throw new UsageError(
      `"${escapeText(text)}" is no duration such as 10m, and no time such as 2026-01-02T03:04:05Z`,
    );
  }
  return new Date(moment).toISOString();
}
