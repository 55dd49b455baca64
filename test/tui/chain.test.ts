/** The chain of a container, as the detail pane follows it. */
import { afterEach, expect, test } from 'vitest';
import { type Chain, chains } from '../../src/host/chain.ts';
import { subjectKey } from '../../src/host/docker-subjects.ts';
import type { DetailSource } from '../../src/host/feed.ts';
import { containerId, snapshotKey } from '../../src/host/ids.ts';
import { absent, type Observed, seen } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { dockerContainerOf, dockerEndpointOf } from './dockers.ts';
import { AT, containerOf, hostOf, listed, manyContainers, taskOf } from './hosts.ts';
import { openScreen, type Screen } from './screen.ts';

let screen: Screen;
afterEach(() => screen.close());

const chainIn = (lists: HostSnapshot, key: string): Observed<Chain> => {
  const [found] = chains(lists, (subject) => subjectKey(subject) === key);
  return found === undefined ? absent('made up', AT) : seen(found, 'made up', AT);
};
const asked: string[] = [];
const details: Partial<DetailSource> = {
  body: () => Promise.resolve(absent('made up', AT)),
  chain: ({ namespace, id }, lists) => {
    asked.push(`${namespace}/${id}`);
    return Promise.resolve(chainIn(lists, `${namespace}/${id}`));
  },
};

const host = (status: 'RUNNING' | 'PAUSED', said = 'running'): HostSnapshot =>
  hostOf({
    'containerd.containers': listed([
      containerOf({ id: containerId('web'), image: 'nginx:1.27', labels: { app: 'shop\x1b[2J' } }),
    ]),
    'containerd.tasks': listed([taskOf('web', status)]),
    'containerd.images': listed([]),
    'containerd.snapshots': listed([
      {
        namespace: containerOf({ id: containerId('web') }).namespace,
        snapshotter: 'overlayfs',
        key: snapshotKey('web'),
        parent: snapshotKey('sha256:base'),
        kind: 'Active',
        labels: {},
        createdAt: null,
        updatedAt: null,
      },
    ]),
    'docker.containers': listed([dockerContainerOf('web', 'shop', { state: said })]),
    'docker.endpoint': seen(dockerEndpointOf(), 'GET /info', AT),
  });

test('x follows the container through the layers, each link with its state, facts and evidence', async () => {
  screen = await openScreen(160, 60, { details });
  await screen.show(host('RUNNING'));
  await screen.press('x');
  await screen.shows('running, pid 4123');
  expect(screen.lineWith('─ ● docker present')).not.toBe('');
  expect(screen.lineWith('─ ● task present')).not.toBe('');
  expect(screen.lineWith('─ ● snapshot present')).not.toBe('');
  expect(screen.lineWith('─ ○ image absent')).not.toBe('');
  expect(screen.lineWith('Active on sha256:base')).not.toBe('');
  // Foreign text is escaped.
  expect(screen.text()).toContain('app = shop\\x1b[2J');
});

test('it is read again when the container changes, and not when something else does', async () => {
  screen = await openScreen(160, 60, { details });
  await screen.show(host('RUNNING'));
  await screen.press('x');
  await screen.settle(500);
  asked.length = 0;
  await screen.show({ ...host('RUNNING'), at: '2026-03-01T12:00:04.000Z' });
  await screen.settle(500);
  expect(asked).toEqual([]);
  await screen.show(host('PAUSED', 'paused'));
  await screen.settle(500);
  expect(asked).toEqual(['moby/web']);
  expect(screen.text()).toContain('paused, pid 4123');
  await screen.press('r');
  await screen.settle(500);
  expect(asked).toHaveLength(2);
});

test('of a picture of the past no chain is read', async () => {
  screen = await openScreen(160, 40, { details });
  await screen.show(manyContainers(2));
  await screen.show(manyContainers(3));
  await screen.press('<');
  asked.length = 0;
  await screen.press('x');
  await screen.settle(500);
  expect(asked).toEqual([]);
  expect(screen.text()).toContain('A chain is read of what is there now; p leaves the past.');
  await screen.press('p');
  await screen.settle(500);
  expect(asked).toEqual(['moby/app-0000']);
});

test('a chain that cannot be read says why; what has no chain says so', async () => {
  screen = await openScreen(160, 40, {
    details: { ...details, chain: () => Promise.reject(new Error('the daemon went away')) },
  });
  await screen.show(host('RUNNING'));
  await screen.press('x');
  await screen.shows('the daemon went away');
  await screen.press('5', 'x');
  expect(screen.text()).toContain('a chain is of a container');
});
