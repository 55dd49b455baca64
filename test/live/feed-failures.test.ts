import { expect, test } from 'vitest';

import { openLiveHost } from '../../src/collect/live.ts';
import { liveFeed } from '../../src/collect/live-feed.ts';
import type { HostEvent } from '../../src/host/event.ts';
import type { FeedItem } from '../../src/host/feed.ts';
import { items } from '../../src/host/kinds/listing.ts';
import { seenValue } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { agree, freshly } from '../collect/agree.ts';
import { type Follower, follow, wantsOf } from '../collect/follow.ts';
import { startProxy } from '../collect/proxy.ts';
import { importSingleImage, SINGLE_IMAGE } from '../lab/images.ts';
import type { Lab } from '../lab/lab.ts';
import { describeLab } from '../lab/shared.ts';
import { until } from '../lab/until.ts';
import { rotatingSuites } from './rotation.ts';

const feedOf = (address: string): Follower =>
  follow(liveFeed(openLiveHost({ address, environment: {} }), wantsOf('containerd.')));

const run = async (lab: Lab, id: string): Promise<void> => {
  await importSingleImage(lab);
  await lab.ctr(['run', '--detach', SINGLE_IMAGE, id, '/bin/sleep', '3600']);
};

const statusOf = (host: HostSnapshot, id: string): string | undefined => {
  const task = items(host, 'containerd.tasks').find((one) => one.id === id);
  return task === undefined ? undefined : (seenValue(task.status) ?? 'unknown');
};

const eventsOf = (item: FeedItem | undefined): readonly HostEvent[] =>
  item?.kind === 'snapshot' ? (item.recentEvents ?? []) : [];

const pidOf = (pid: number | undefined): number => {
  if (pid === undefined) throw new Error('the daemon does not run');
  return pid;
};

const why = ({ item }: { readonly item: FeedItem }): string => (item.kind === 'lost' ? item.why : '');

describeLab('a feed in trouble', { on: rotatingSuites('a feed in trouble') }, (lab) => {
  test('says within a second that containerd was killed, and is whole within three of its return', async () => {
    await run(lab(), 'killed');
    await using feed = feedOf(lab().address);
    await feed.picture('the task runs', (host) => statusOf(host, 'killed') === 'RUNNING');
    const last = feed.host();

    const killedAt = performance.now();
    process.kill(pidOf(lab().containerdPid), 'SIGKILL');
    const lost = await feed.next('lost', killedAt);
    expect(lost.at - killedAt).toBeLessThan(1000);
    expect(why(lost)).toContain(lab().address);
    // The tries come less and less often, but no further apart than two seconds.
    await until('ten tries', () =>
      feed.items.filter(({ item, at }) => at > killedAt && item.kind === 'lost').length >= 6
        ? true
        : undefined,
    );
    const retries = feed.items.flatMap(({ item }) => (item.kind === 'lost' ? [item.retryInMs] : []));
    expect(retries.slice(0, 6)).toEqual([100, 200, 400, 800, 1600, 2000]);
    expect(feed.host()).toBe(last);

    await lab().startContainerd();
    const backAt = performance.now();
    const found = await feed.next('snapshot', killedAt);
    expect(found.at - backAt).toBeLessThan(3000);
    expect(eventsOf(found.item).at(-1)).toMatchObject({ type: 'gap', source: 'containerd' });
    await agree(() => freshly(lab()), feed, 'the restart');
    await lab().ctr(['tasks', 'delete', '--force', 'killed']);
    await agree(() => freshly(lab()), feed, 'a change after the restart');
    await lab().ctr(['containers', 'delete', 'killed']);
  });

  test('says that containerd hangs, and goes on where it was', async () => {
    await run(lab(), 'hung');
    await using feed = feedOf(lab().address);
    await feed.picture('the task runs', (host) => statusOf(host, 'hung') === 'RUNNING');
    const pid = pidOf(lab().containerdPid);
    const stoppedAt = performance.now();
    process.kill(pid, 'SIGSTOP');
    try {
      const lost = await feed.next('lost', stoppedAt);
      expect(lost.at - stoppedAt).toBeLessThan(5000);
      expect(why(lost)).toMatch(/stopped or hung/);
      await until('it says so again', () =>
        feed.items.filter(({ item }) => item.kind === 'lost').length > 1 ? true : undefined,
      );
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const goneOnAt = performance.now();
    const found = await feed.next('snapshot', goneOnAt);
    expect(found.at - goneOnAt).toBeLessThan(3000);
    // The stream was never broken: nothing is missing, and everything that is shown was known all along.
    expect(eventsOf(found.item).filter(({ type }) => type === 'gap')).toEqual([]);
    await lab().ctr(['tasks', 'delete', '--force', 'hung']);
    await feed.picture('the task is gone', (host) => statusOf(host, 'hung') === undefined);
    await agree(() => freshly(lab()), feed, 'the hang');
    await lab().ctr(['containers', 'delete', 'hung']);
  });

  test('lists anew what happened while nobody told, and says that something may be missing', async () => {
    await using proxy = await startProxy(`${lab().root}/away.sock`, lab().address);
    await using feed = feedOf(proxy.path);
    await feed.picture('the first picture', () => true);
    await proxy.stop();
    await feed.next('lost', 0);
    await run(lab(), 'missed');
    await proxy.start();
    await feed.picture('the task is there', (host) => statusOf(host, 'missed') === 'RUNNING');
    const told = eventsOf(feed.items.at(-1)?.item);
    expect(told.map(({ type }) => type)).toEqual(['gap']);
    expect(told[0]?.details['why']).toContain(proxy.path);
    await agree(() => freshly(lab()), feed, 'the absence');
    await lab().ctr(['tasks', 'delete', '--force', 'missed']);
    await lab().ctr(['containers', 'delete', 'missed']);
  });

  test('misses nothing of what happens while it begins', async () => {
    await importSingleImage(lab());
    const tags = Array.from({ length: 40 }, (_, i) => `example.org/tag:${i}`);
    const changing = (async () => {
      for (const tag of tags) await lab().ctr(['images', 'tag', SINGLE_IMAGE, tag]);
    })();
    const feeds: Follower[] = [];
    try {
      // One after the other, so that each begins at another moment of the changes.
      for (let i = 0; i < 5; i += 1) {
        const feed = feedOf(lab().address);
        feeds.push(feed);
        await feed.picture('the first picture', () => true);
      }
      await changing;
      const read = (): Promise<HostSnapshot> => freshly(lab());
      for (const feed of feeds) await agree(read, feed, 'the tags', ['images', 'namespaces']);
      await lab().ctr(['images', 'rm', ...tags]);
      for (const feed of feeds) await agree(read, feed, 'their end', ['images', 'namespaces']);
    } finally {
      for (const feed of feeds) await feed[Symbol.asyncDispose]();
    }
  });

  test('waits for a containerd that is not there yet', async () => {
    await using feed = feedOf(`${lab().root}/later.sock`);
    const lost = await feed.next('lost', 0);
    expect(why(lost)).toMatch(/there is no such socket/);
    await using proxy = await startProxy(`${lab().root}/later.sock`, lab().address);
    const cameAt = performance.now();
    const found = await feed.next('snapshot', cameAt);
    expect(found.at - cameAt).toBeLessThan(3000);
    // Nothing was missed by who had seen nothing.
    expect(eventsOf(found.item)).toEqual([]);
    expect(proxy.calls()['Events/Subscribe']).toBe(1);
  });

  test('shares with the picture before it what did not change', async () => {
    await using feed = feedOf(lab().address);
    const before = await feed.picture('the first picture', () => true);
    await run(lab(), 'shared');
    const after = await feed.picture('the task runs', (host) => statusOf(host, 'shared') === 'RUNNING');
    expect(after.facets['containerd.images']).toBe(before.facets['containerd.images']);
    expect(after.facets['containerd.plugins']).toBe(before.facets['containerd.plugins']);
    await lab().ctr(['tasks', 'pause', 'shared']);
    const paused = await feed.picture('it is paused', (host) => statusOf(host, 'shared') === 'PAUSED');
    expect(paused.facets['containerd.containers']).toBe(after.facets['containerd.containers']);
    await lab().ctr(['tasks', 'delete', '--force', 'shared']);
    await lab().ctr(['containers', 'delete', 'shared']);
  });

  test('reads a task whose shim was silent again, once it speaks', async () => {
    await run(lab(), 'mute');
    const shim = await shimOf(lab(), 'mute');
    process.kill(shim, 'SIGSTOP');
    try {
      await using feed = feedOf(lab().address);
      await feed.picture('it is unknown', (host) => statusOf(host, 'mute') === 'unknown');
      process.kill(shim, 'SIGCONT');
      await feed.picture('it is known', (host) => statusOf(host, 'mute') === 'RUNNING');
    } finally {
      process.kill(shim, 'SIGCONT');
    }
    await lab().ctr(['tasks', 'delete', '--force', 'mute']);
    await lab().ctr(['containers', 'delete', 'mute']);
  });
});

const shimOf = async (lab: Lab, id: string): Promise<number> => {
  const live = openLiveHost({ address: lab.address, environment: {} });
  try {
    const host = await live.collect(['proc.daemons']);
    const shim = items(host, 'proc.daemons').find(
      (one) => one.role === 'shim' && one.id === id && one.namespace === lab.namespace,
    );
    if (shim === undefined) throw new Error(`no shim of ${id}`);
    return shim.pid;
  } finally {
    live.close();
  }
};
