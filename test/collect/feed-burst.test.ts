import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

import { expect, test } from 'vitest';

import { openLiveHost } from '../../src/collect/live.ts';
import { liveFeed } from '../../src/collect/live-feed.ts';
import { RECENT_EVENTS } from '../../src/host/feed.ts';
import { items } from '../../src/host/kinds/listing.ts';
import { seenValue } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { until } from '../lab/until.ts';
import type { Order, Word } from './fake-containerd-main.ts';
import { follow } from './follow.ts';

type Busy = AsyncDisposable & {
  readonly path: string;
  readonly send: (order: Order) => Promise<Extract<Word, { say: 'done' }>>;
};

const startBusy = async (tasks: number): Promise<Busy> => {
  const folder = await mkdtemp(join(tmpdir(), 'ctrscope-busy-'));
  const path = join(folder, 'c.sock');
  const child = fork(join(import.meta.dirname, 'fake-containerd-main.ts'), [path, `${tasks}`]);
  const heard: Word[] = [];
  child.on('message', (word: Word) => heard.push(word));
  const next = <Say extends Word['say']>(say: Say): Promise<Extract<Word, { say: Say }>> =>
    until(
      `the daemon says ${say}`,
      () => {
        const place = heard.findIndex((word) => word.say === say);
        return place < 0 ? undefined : (heard.splice(place, 1)[0] as Extract<Word, { say: Say }>);
      },
      { deadlineMs: 60_000 },
    );
  await next('ready');
  return {
    path,
    send: (order) => {
      child.send(order);
      return next('done');
    },
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.send('end');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
};

const pausedIn = (host: HostSnapshot): string[] =>
  items(host, 'containerd.tasks')
    .filter(({ status }) => seenValue(status) === 'PAUSED')
    .map(({ id }): string => id)
    .toSorted();

const WANTS = ['containerd.namespaces', 'containerd.containers', 'containerd.tasks'] as const;

test('5,000 events a second neither starve who looks nor are ever behind', async () => {
  const tasks = 1000;
  await using busy = await startBusy(tasks);
  const live = openLiveHost({ address: busy.path, environment: {} });
  await using feed = follow(liveFeed(live, WANTS));
  await feed.picture('all tasks run', (host) => items(host, 'containerd.tasks').length === tasks);
  const before = feed.items.length;
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const cpu = process.cpuUsage();
  const seconds = 5;
  const told = await busy.send({ perSecond: 5000, seconds, tasks });
  const ended = performance.now();
  const used = process.cpuUsage(cpu);
  delay.disable();
  const host = await feed.picture('it is what it is', (now) => pausedIn(now).join() === told.paused.join());
  const settled = performance.now() - ended;

  const { item } = feed.items.at(-1) ?? {};
  const events = item?.kind === 'snapshot' ? (item.recentEvents ?? []) : [];
  expect(told.sent).toBe(5000 * seconds);
  expect(events).toHaveLength(RECENT_EVENTS);
  // The last that was told is the last that was heard: nothing was left out on the way.
  expect(events.at(-1)?.object?.id).toBe(`task-${(told.sent - 1) % tasks}`);
  expect(items(host, 'containerd.tasks')).toHaveLength(tasks);
  // Of so many no task is read by itself; the list is read now and then, and once when they have come to rest.
  const { calls } = told;
  expect(calls['Tasks/List'] ?? 0).toBeLessThanOrEqual(2 + seconds);
  expect(calls['Tasks/Get'] ?? 0).toBeLessThan(3000);
  const pictures = feed.items.slice(before).filter(({ at }) => at <= ended).length;
  expect(pictures).toBeGreaterThanOrEqual(2 * seconds);
  expect(pictures).toBeLessThanOrEqual(11 * seconds);
  expect(settled).toBeLessThan(3000);
  // Time of the processor and not of the clock: that is the machine's, which others use, too.
  const share = (used.user + used.system) / 1e6 / seconds;
  expect(share).toBeLessThan(0.8);
  console.log(
    `5,000 events/s: ${(share * 100).toFixed(0)} % of a core, loop delay p99 ${(delay.percentile(99) / 1e6).toFixed(0)} ms, right ${settled.toFixed(0)} ms after the last`,
  );
  live.close();
}, 60_000);

test('a single event among many of others is read at once', async () => {
  await using busy = await startBusy(10);
  const live = openLiveHost({ address: busy.path, environment: {} });
  await using feed = follow(liveFeed(live, WANTS));
  await feed.picture('all tasks run', (host) => items(host, 'containerd.tasks').length === 10);
  const started = performance.now();
  const told = await busy.send({ perSecond: 100, seconds: 0.01, tasks: 10 });
  expect(told.paused).toHaveLength(1);
  await feed.picture('it is paused', (host) => pausedIn(host).join() === told.paused.join());
  expect(performance.now() - started).toBeLessThan(500);
  const rest = await busy.send({ perSecond: 100, seconds: 0.01, tasks: 10 });
  expect(rest.calls['Tasks/List']).toBe(1);
  live.close();
});
