import { spawn } from 'node:child_process';

import { expect, test } from 'vitest';

import { openLiveHost } from '../../src/collect/live.ts';
import { liveFeed } from '../../src/collect/live-feed.ts';
import { items } from '../../src/host/kinds/listing.ts';
import { isUnknown } from '../../src/host/observed.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { agree, freshly } from '../collect/agree.ts';
import { type Follower, follow, wantsOf } from '../collect/follow.ts';
import { importDockerImages } from '../lab/images.ts';
import type { Lab } from '../lab/lab.ts';
import { describeLab } from '../lab/shared.ts';
import { until } from '../lab/until.ts';
import { rotatingSuites } from './rotation.ts';

const WANTS = wantsOf('');

const feedOf = (lab: Lab): Follower =>
  follow(liveFeed(openLiveHost({ address: lab.address, environment: {} }), WANTS));

const dockers = (host: HostSnapshot): string[] =>
  items(host, 'docker.containers')
    .map(({ names, state }) => `${names[0]} ${state}`)
    .toSorted();

/** Types of the events that Docker has told. */
const toldBy = (feed: Follower): string[] => {
  const last = feed.items.at(-1)?.item;
  const events = last?.kind === 'snapshot' ? (last.recentEvents ?? []) : [];
  return events.flatMap(({ source, type }) => (source === 'docker' ? [type] : []));
};

describeLab('a feed with Docker', { docker: 'graphdriver', on: rotatingSuites('Docker') }, (lab) => {
  test('follows what Docker does, with and without containerd', async () => {
    const [image = ''] = await importDockerImages(lab());
    const { docker } = lab();
    await using feed = feedOf(lab());
    const step = async (what: string, change: () => Promise<unknown>, wanted: string[]): Promise<void> => {
      await change();
      const host = await feed.picture(what, (now) => dockers(now).join() === wanted.join());
      expect(isUnknown(facet(host, 'docker.containers'))).toBe(false);
      await agree(() => freshly(lab(), WANTS), feed, what);
    };
    await step('nothing', async () => undefined, []);
    // Of a container that was never started containerd knows nothing.
    await step(
      'a creation',
      () => docker(['create', '--network', 'none', '--name', 'one', image, '/bin/sleep', '3600']),
      ['one created'],
    );
    await step('a start', () => docker(['start', 'one']), ['one running']);
    await step('a pause', () => docker(['pause', 'one']), ['one paused']);
    await step('its end', () => docker(['unpause', 'one']), ['one running']);
    await step('another name', () => docker(['rename', 'one', 'two']), ['two running']);
    await step('a stop', () => docker(['stop', '--time', '0', 'two']), ['two exited']);
    await step('a removal', () => docker(['rm', 'two']), []);
  });

  test('does not know what a Docker that is gone would say, until it is back', async () => {
    const [image = ''] = await importDockerImages(lab());
    await using feed = feedOf(lab());
    await feed.picture('the first picture', () => true);
    await lab().docker(['run', '--detach', '--name', 'kept', image, '/bin/sleep', '3600']);
    await feed.picture('it runs', (host) => dockers(host).includes('kept running'));
    await until('Docker is heard', () => (toldBy(feed).includes('container.start') ? true : undefined));
    const killedAt = performance.now();
    process.kill(lab().dockerdPid ?? 0, 'SIGKILL');
    const without = await feed.picture('Docker is unknown', (host) =>
      isUnknown(facet(host, 'docker.containers')),
    );
    expect(performance.now() - killedAt).toBeLessThan(2000);
    // containerd is well, and all of its own is known.
    expect(items(without, 'containerd.tasks').length).toBeGreaterThan(0);
    expect(feed.items.filter(({ item }) => item.kind === 'lost')).toEqual([]);
    await lab().startDockerd();
    const startedAt = performance.now();
    await feed.picture('Docker is known', (host) => facet(host, 'docker.containers').state === 'seen');
    expect(performance.now() - startedAt).toBeLessThan(3000);
    await agree(() => freshly(lab(), WANTS), feed, 'its return');
    await until('the gap is told', () => (toldBy(feed).includes('gap') ? true : undefined));
    await lab().docker(['rm', '--force', 'kept']);
    await agree(() => freshly(lab(), WANTS), feed, 'the removal');
  });

  test('follows an upload while somebody writes to it', async () => {
    await using feed = feedOf(lab());
    await feed.picture('the first picture', () => true);
    const written = (host: HostSnapshot): bigint | undefined =>
      items(host, 'containerd.ingests').find(({ ref }) => ref === 'slow')?.offset;
    const client = spawn(
      lab().programs.ctr,
      ['--address', lab().address, '--namespace', lab().namespace, 'content', 'ingest', 'slow'],
      { stdio: ['pipe', 'ignore', 'ignore'] },
    );
    const ended = new Promise((resolve) => client.once('close', resolve));
    try {
      for (const mebibytes of [1n, 2n, 3n]) {
        client.stdin.write(Buffer.alloc(1 << 20, 'x'));
        await feed.picture(`${mebibytes} MiB are written`, (host) => written(host) === mebibytes << 20n);
      }
      client.stdin.end();
      await ended;
    } finally {
      client.kill('SIGKILL');
    }
    await feed.picture('it is done', (host) => written(host) === undefined);
    await agree(() => freshly(lab(), WANTS), feed, 'the upload');
  });
});
