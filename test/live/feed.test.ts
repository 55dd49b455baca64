import { expect, test } from 'vitest';

import { openLiveHost } from '../../src/collect/live.ts';
import { liveFeed } from '../../src/collect/live-feed.ts';
import { items } from '../../src/host/kinds/listing.ts';
import { seenValue } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { agree, freshly } from '../collect/agree.ts';
import { type Follower, follow, wantsOf } from '../collect/follow.ts';
import { type RpcProxy, startProxy } from '../collect/proxy.ts';
import { importMultiImage, importSingleImage, SINGLE_IMAGE } from '../lab/images.ts';
import { viewSnapshot } from '../lab/raw-calls.ts';
import { describeLab } from '../lab/shared.ts';
import { until } from '../lab/until.ts';
import { rotatingSuites } from './rotation.ts';
import { openWire } from './wire.ts';

const WANTS = wantsOf('containerd.');

/** What events tell of, in all versions of containerd. */
const BY_EVENTS = ['namespaces', 'containers', 'tasks', 'images', 'sandboxes', 'plugins'];

/** Lists of what has events: after the first picture none of them is made again. */
const NEVER_AGAIN = ['Containers/List', 'Containers/ListStream', 'Tasks/List', 'Images/List'];

const feedOf = (address: string): Follower => {
  const live = openLiveHost({ address, environment: {} });
  return follow(liveFeed(live, WANTS));
};

const task = (host: HostSnapshot, id: string): string | undefined => {
  const found = items(host, 'containerd.tasks').find((one) => one.id === id);
  return found === undefined ? undefined : seenValue(found.status);
};

describeLab('a feed', { on: rotatingSuites('a feed') }, (lab) => {
  const withProxy = async (body: (proxy: RpcProxy, feed: Follower) => Promise<void>): Promise<void> => {
    await using proxy = await startProxy(`${lab().root}/proxy-${Math.random()}.sock`, lab().address);
    await using feed = feedOf(proxy.path);
    await feed.picture('the first picture', () => true);
    await body(proxy, feed);
  };

  test('follows every change by reading what it touches', async () => {
    const { ctr } = lab();
    await withProxy(async (proxy, feed) => {
      const step = async (what: string, change: () => Promise<unknown>): Promise<void> => {
        await change();
        await agree(() => freshly(lab()), feed, what, BY_EVENTS);
      };
      proxy.forget();
      await step('an import', () => importSingleImage(lab()));
      await step('a run', () => ctr(['run', '--detach', SINGLE_IMAGE, 'one', '/bin/sleep', '3600']));
      await step('a pause', () => ctr(['tasks', 'pause', 'one']));
      await step('a resume', () => ctr(['tasks', 'resume', 'one']));
      await step('an exec', () => ctr(['tasks', 'exec', '--exec-id', 'e1', 'one', '/bin/true']));
      await step('a label', () => ctr(['containers', 'label', 'one', 'app=shop']));
      await step('a kill', () => ctr(['tasks', 'kill', '--signal', 'SIGKILL', 'one']));
      await step('an exit', () =>
        until('it is stopped', async () =>
          task(await freshly(lab()), 'one') === 'STOPPED' ? true : undefined,
        ),
      );
      await step('the end of a task', () => ctr(['tasks', 'delete', 'one']));
      await step('a second start', () => ctr(['tasks', 'start', '--detach', 'one']));
      await step('its kill', () => ctr(['tasks', 'delete', '--force', 'one']));
      await step('a removal', () => ctr(['containers', 'delete', 'one']));
      await step('a tag', () => ctr(['images', 'tag', SINGLE_IMAGE, 'example.org/again:1']));
      await step('an image label', () => ctr(['images', 'label', SINGLE_IMAGE, 'team=front']));
      await step('an image of several platforms', () => importMultiImage(lab()));
      await step('a removed image', () => ctr(['images', 'rm', 'example.org/again:1']));
      await step('a new namespace', () => ctr(['namespaces', 'create', `${lab().namespace}-new`, 'a=b']));
      await step('a namespace label', () => ctr(['namespaces', 'label', `${lab().namespace}-new`, 'a=c']));
      await step('the end of a namespace', () => ctr(['namespaces', 'rm', `${lab().namespace}-new`]));
      await step('a namespace that nobody created', () =>
        ctr(['containers', 'create', '--rootfs', '/nowhere', 'implied'], {
          namespace: `${lab().namespace}-implied`,
        }),
      );
      await step('its end', async () => {
        const namespace = `${lab().namespace}-implied`;
        await ctr(['containers', 'delete', 'implied'], { namespace });
        await ctr(['namespaces', 'rm', namespace]);
      });
      const calls = proxy.calls();
      expect(Object.keys(calls).filter((name) => NEVER_AGAIN.includes(name))).toEqual([]);
      expect(calls['Containers/Get']).toBeGreaterThan(0);
      expect(calls['Tasks/Get']).toBeGreaterThan(0);
      expect(calls['Images/Get']).toBeGreaterThan(0);
    });
  });

  test('sees a snapshot at once, and by itself', async () => {
    await importSingleImage(lab());
    await withProxy(async (proxy, feed) => {
      await agree(() => freshly(lab()), feed, 'the import');
      proxy.forget();
      const started = performance.now();
      await lab().ctr(['snapshots', 'prepare', 'layer-active']);
      await feed.picture('the snapshot is there', (host) =>
        items(host, 'containerd.snapshots').some(({ key }) => key === 'layer-active'),
      );
      await lab().ctr(['snapshots', 'commit', 'layer', 'layer-active']);
      await feed.picture('it was committed', (host) => {
        const keys = items(host, 'containerd.snapshots').map(({ key }): string => key);
        return keys.includes('layer') && !keys.includes('layer-active');
      });
      await lab().ctr(['snapshots', 'rm', 'layer']);
      await feed.picture(
        'it is gone',
        (host) => !items(host, 'containerd.snapshots').some(({ key }) => key === 'layer'),
      );
      // Sooner than the database could be looked at twice.
      if (performance.now() - started < 2000) expect(proxy.calls()['Snapshots/List']).toBeUndefined();
      expect(proxy.calls()['Snapshots/Stat']).toBeGreaterThanOrEqual(3);
    });
  });

  test('notices what has no events, and lists it only then', async () => {
    const { ctr, address, namespace } = lab();
    await importSingleImage(lab());
    using wire = openWire(address);
    await withProxy(async (proxy, feed) => {
      const step = async (what: string, change: () => Promise<unknown>): Promise<void> => {
        await change();
        await agree(() => freshly(lab()), feed, what);
      };
      proxy.forget();
      await step('a lease', () => ctr(['leases', 'create', '--id', 'held', '--expires', '1h']));
      await step('a blob', () => wire.writeBlob(Buffer.from('a blob'), namespace));
      await step('a label of a blob', async () => {
        const [blob] = items(await freshly(lab()), 'containerd.content');
        await ctr(['content', 'label', blob?.digest ?? '', 'seen=yes']);
      });
      await step('a view', async () => {
        const image = items(await freshly(lab()), 'containerd.snapshots').find(
          ({ kind }) => kind === 'Committed',
        );
        await viewSnapshot(lab(), namespace, 'view', image?.key ?? '');
      });
      await step('the end of a lease', () => ctr(['leases', 'rm', 'held']));
      await step('what the collector takes', () => ctr(['images', 'rm', '--sync', SINGLE_IMAGE]));
      // Of what has events, nothing is ever listed again; the rest rests when the database does.
      await until('a rest', async () => {
        const before = proxy.calls()['Content/List'];
        const beats = proxy.calls()['Version/Version'] ?? 0;
        await until('three beats', () =>
          (proxy.calls()['Version/Version'] ?? 0) > beats + 2 ? true : undefined,
        );
        return proxy.calls()['Content/List'] === before ? true : undefined;
      });
      expect(Object.keys(proxy.calls()).filter((name) => NEVER_AGAIN.includes(name))).toEqual([]);
    });
  }, 120_000);
});
