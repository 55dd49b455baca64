import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { unixSeconds } from '../../src/collect/feed-docker.ts';
import { type Endpoint, startLink } from '../../src/collect/feed-link.ts';
import { createOutbox } from '../../src/collect/feed-outbox.ts';
import type { HostEvent } from '../../src/host/event.ts';
import type { FeedItem } from '../../src/host/feed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';

/** A daemon that does what the test says. */
class Daemon implements Endpoint<number> {
  readonly source = 'containerd';
  opened = 0;
  isThere = true;
  isHung = false;
  pings = 0;
  #breakStream: (error: Error) => void = () => {};
  #tell: (event: HostEvent) => void = () => {};

  readonly open: Endpoint<number>['open'] = async () => {
    if (!this.isThere) throw new Error('connection refused');
    this.opened += 1;
    const queue: HostEvent[] = [];
    let wake = (): void => {};
    let failure: Error | undefined;
    this.#tell = (event) => {
      queue.push(event);
      wake();
    };
    this.#breakStream = (error) => {
      failure = error;
      wake();
    };
    return {
      channel: this.opened,
      events: async function* events(signal): AsyncGenerator<HostEvent> {
        signal.addEventListener('abort', () => wake());
        while (!signal.aborted) {
          if (failure !== undefined) throw failure;
          const event = queue.shift();
          if (event !== undefined) yield event;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      },
      ping: async () => {
        this.pings += 1;
        if (!this.isThere) throw new Error('connection refused');
        if (this.isHung) throw Object.assign(new Error('nothing came'), { state: 'timeout' });
      },
    };
  };

  tell(at: string): void {
    this.#tell({
      at,
      type: 'task.exit',
      source: 'containerd',
      namespace: 'a',
      object: null,
      details: {},
      topic: '',
    });
  }

  kill(): void {
    this.isThere = false;
    this.#breakStream(new Error('it was killed'));
  }
}

const listen = (): { said: string[]; listener: Parameters<typeof startLink<number>>[1] } => {
  const said: string[] = [];
  return {
    said,
    listener: {
      up: (channel, gap) =>
        said.push(`up ${channel}${gap === null ? '' : ` gap ${gap.details['ms']} ${gap.details['why']}`}`),
      event: ({ at }) => said.push(`event ${at}`),
      lost: (why, retryInMs, broken) => said.push(`lost ${why} ${retryInMs} ${broken ? 'broken' : 'whole'}`),
      resumed: () => said.push('resumed'),
      beat: () => said.push('beat'),
    },
  };
};

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

test('a link is up when it is answered, and beats while it is', async () => {
  const daemon = new Daemon();
  const { said, listener } = listen();
  const link = startLink(daemon, listener);
  await vi.advanceTimersByTimeAsync(4000);
  expect(said).toEqual(['up 1', 'beat', 'beat']);
  await link.close();
  expect(vi.getTimerCount()).toBe(0);
});

test('who tells of events is not asked whether he is well', async () => {
  const daemon = new Daemon();
  const { listener } = listen();
  const link = startLink(daemon, listener);
  await vi.advanceTimersByTimeAsync(0);
  const before = daemon.pings;
  for (let ms = 0; ms < 10_000; ms += 500) {
    daemon.tell(`${ms}`);
    await vi.advanceTimersByTimeAsync(500);
  }
  expect(daemon.pings).toBe(before);
  await link.close();
});

test('one that is lost is looked for less and less often, and what was missed is a gap', async () => {
  const daemon = new Daemon();
  const { said, listener } = listen();
  const link = startLink(daemon, listener);
  await vi.advanceTimersByTimeAsync(2500);
  daemon.tell('one');
  await vi.advanceTimersByTimeAsync(0);
  daemon.kill();
  await vi.advanceTimersByTimeAsync(5000);
  expect(said.slice(3)).toEqual([
    'lost it was killed 100 broken',
    'lost connection refused 200 broken',
    'lost connection refused 400 broken',
    'lost connection refused 800 broken',
    'lost connection refused 1600 broken',
    'lost connection refused 2000 broken',
  ]);
  daemon.isThere = true;
  await vi.advanceTimersByTimeAsync(2000);
  // From the last event until the next answer, and for the reason that it broke with.
  expect(said.at(-1)).toBe('up 2 gap 5100 it was killed');
  await link.close();
});

test('somebody who cannot wait lets it try at once', async () => {
  const daemon = new Daemon();
  daemon.isThere = false;
  const { said, listener } = listen();
  const link = startLink(daemon, listener);
  await vi.advanceTimersByTimeAsync(3200);
  const tries = said.length;
  daemon.isThere = true;
  link.retry();
  await vi.advanceTimersByTimeAsync(0);
  expect(said.slice(tries)).toEqual(['up 1']);
  await link.close();
});

test('one that hangs keeps its stream, and has no gap', async () => {
  const daemon = new Daemon();
  const { said, listener } = listen();
  const link = startLink(daemon, listener);
  await vi.advanceTimersByTimeAsync(100);
  daemon.isHung = true;
  await vi.advanceTimersByTimeAsync(4000);
  daemon.isHung = false;
  await vi.advanceTimersByTimeAsync(2000);
  expect(said).toEqual(['up 1', 'lost nothing came 2000 whole', 'lost nothing came 2000 whole', 'resumed']);
  expect(daemon.opened).toBe(1);
  await link.close();
});

test('one that tells more than can be heard is listened to anew', async () => {
  const daemon = new Daemon();
  const { said, listener } = listen();
  const link = startLink(daemon, listener);
  await vi.advanceTimersByTimeAsync(10_000);
  // A few that somebody has kept are none of it.
  for (let i = 0; i < 999; i += 1) daemon.tell('2026-01-01T00:00:01Z');
  daemon.tell('2026-01-01T00:00:09Z');
  for (let i = 0; i < 999; i += 1) daemon.tell('2026-01-01T00:00:01Z');
  await vi.advanceTimersByTimeAsync(100);
  expect(daemon.opened).toBe(1);
  daemon.tell('2026-01-01T00:00:01Z');
  await vi.advanceTimersByTimeAsync(200);
  expect(said.filter((word) => !/^(event|beat)/.test(word))).toEqual([
    'up 1',
    'lost more events came than could be read, and the last were over 5 s old 100 broken',
    expect.stringMatching(/^up 2 gap \d+ more events came/),
  ]);
  await link.close();
});

const PICTURE: FeedItem = {
  kind: 'snapshot',
  host: { schemaVersion: 1, at: '', from: 'live', scope: {}, facets: {}, timings: [] } satisfies HostSnapshot,
};

test('pictures come ten times a second at most, the newest of them, and the last before it is lost', async () => {
  let taken = 0;
  const outbox = createOutbox(() => {
    taken += 1;
    return PICTURE;
  });
  const ending = new AbortController();
  const got: FeedItem[] = [];
  const listening = (async () => {
    for (let item = await outbox.next(ending.signal); item !== undefined; ) {
      got.push(item);
      item = await outbox.next(ending.signal);
    }
  })();
  // Nobody has answered yet.
  outbox.changed();
  await vi.advanceTimersByTimeAsync(1000);
  expect(got).toEqual([]);
  outbox.found();
  for (let ms = 0; ms < 1000; ms += 1) {
    outbox.changed();
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(taken).toBeLessThanOrEqual(11);
  expect(taken).toBeGreaterThanOrEqual(9);
  await vi.advanceTimersByTimeAsync(1000);
  const before = got.length;
  outbox.changed();
  outbox.lost({ kind: 'lost', why: 'gone', retryInMs: 100 });
  outbox.changed();
  await vi.advanceTimersByTimeAsync(1000);
  expect(got.slice(before).map(({ kind }) => kind)).toEqual(['snapshot', 'lost']);
  expect(vi.getTimerCount()).toBe(0);
  outbox.found();
  await vi.advanceTimersByTimeAsync(1000);
  expect(got.at(-1)?.kind).toBe('snapshot');
  outbox.fail(new Error('a mistake'));
  await expect(listening).rejects.toThrow('a mistake');
});

test("a moment in Docker's own form keeps its nanoseconds", () => {
  expect(unixSeconds('2026-01-01T00:00:00.123456789Z')).toBe('1767225600.123456789');
  expect(unixSeconds('2026-01-01T00:00:00.5Z')).toBe('1767225600.500000000');
  expect(unixSeconds('2026-01-01T00:00:00Z')).toBe('1767225600.000000000');
});
