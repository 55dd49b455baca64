import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { absent, type Gap, unknown } from '../../../src/host/observed.ts';
import { confirmed, isAlarm, reconcile } from '../../../src/host/reconcile/reconcile.ts';
import { RULES } from '../../../src/host/reconcile/rules.ts';
import { reconcileVerdict } from '../../../src/host/reconcile/verdict.ts';
import type { FacetName, HostSnapshot } from '../../../src/host/snapshot.ts';
import type { World } from './containers.ts';
import { setTask, WORLDS, without } from './faults.ts';
import { AT, container, digestOf, idOf, leaseOf, snapshotOf } from './objects.ts';
import { alarmsOf, rowNamed, rowsOf, unreadable } from './rows.ts';
import { FACETS, graphdriverWorld, hostOf, storeWorld } from './world.ts';

const anotherDocker = {
  address: '/run/other.sock',
  origin: 'process',
  named: 'dockerd, pid 8',
  api: unreadable('GET /_ping'),
  containerd: absent('', AT),
  namespace: null,
  belongs: true,
} as const;

describe('a container that comes and goes at once', () => {
  const half = (world: World): World => {
    const id = container('g-running');
    world.records = without(world.records, (record) => record.id === id);
    world.tasks = without(world.tasks, (task) => task.id === id);
    world.mounts = without(world.mounts, ({ containerId }) => containerId === id);
    return world;
  };

  test.each([
    [{ createdAt: '2026-01-01T11:59:57Z' }, []],
    [{ status: 'Up Less than a second' }, []],
    [{ status: 'Up 5 seconds (health: starting)' }, []],
    [{ status: 'Up 6 seconds' }, ['running-without-task']],
    [{ status: 'Up 5 minutes' }, ['running-without-task']],
    [{ createdAt: '2026-01-01T11:59:50Z' }, ['running-without-task']],
  ])('is not judged by what was seen half: %o', (said, rules) => {
    const world = half(graphdriverWorld());
    world.listed = world.listed.map((c) => (c.id === container('g-running') ? { ...c, ...said } : c));
    const found = rowsOf(hostOf(world)).filter((row) => row.kind === 'container' && isAlarm(row));
    expect(found.map(({ rule }) => rule)).toEqual(rules);
  });
});

describe('who else may be the owner', () => {
  const leaked = (): World => {
    const world = storeWorld();
    world.snapshots.push(snapshotOf('overlayfs', idOf('gone'), 'Active', null));
    world.leases.push(leaseOf(`moby-image-${digestOf('gone')}`));
    expect(alarmsOf(hostOf(world)).length).toBe(2);
    return world;
  };

  test('another Docker of the same containerd', () => {
    const world = leaked();
    world.discovery = { ...world.discovery, candidates: [anotherDocker] };
    expect(alarmsOf(hostOf(world))).toEqual([]);
  });

  test('a Docker with other files, where user namespaces share the namespace', () => {
    const world = leaked();
    if (world.endpoint.state !== 'seen') throw new Error('it answers');
    world.endpoint = {
      ...world.endpoint,
      value: { ...world.endpoint.value, securityOptions: ['name=userns'] },
    };
    expect(alarmsOf(hostOf(world))).toEqual([]);
  });

  test.each([true, false])('whatever else cannot be read (another Docker: %s)', (isOther) => {
    const world = leaked();
    if (world.endpoint.state !== 'seen') throw new Error('it answers');
    if (isOther) world.discovery = { ...world.discovery, candidates: [anotherDocker] };
    else {
      const value = { ...world.endpoint.value, securityOptions: ['name=userns'] };
      world.endpoint = { ...world.endpoint, value };
    }
    fc.assert(
      fc.property(fc.subarray([...FACETS]), (names: readonly FacetName[]) => {
        const host = hostOf(world, Object.fromEntries(names.map((name) => [name, unreadable(name)])));
        expect(alarmsOf(host)).toEqual([]);
      }),
    );
  });

  test('a container whose folder could not be read', () => {
    const gap: Gap = { ...unreadable('config.v2.json'), object: { kind: 'container', id: idOf('gone') } };
    const host = hostOf(leaked(), {}, { 'docker.containerRecords': [gap] });
    expect(alarmsOf(host)).toEqual([`lease moby-image-${digestOf('gone')}: lease-leaked`]);
    // Of another container, it hides nothing.
    const other: Gap = { ...gap, object: { kind: 'container', id: idOf('other') } };
    expect(alarmsOf(hostOf(leaked(), {}, { 'docker.containerRecords': [other] })).length).toBe(2);
  });
});

describe('without a running Docker', () => {
  const stopped = (world: World): World => {
    world.endpoint = absent('/proc', AT, 'no Docker runs here');
    return world;
  };

  test('its files are compared with containerd', () => {
    for (const [, makeWorld] of WORLDS) {
      const rows = rowsOf(hostOf(stopped(makeWorld())));
      expect(rows.filter(isAlarm)).toEqual([]);
      expect(rows.filter(({ kind, state }) => kind === 'container' && state === 'agrees').length).toBe(2);
    }
  });

  test('a state that was written before a crash is stale, not broken', () => {
    const world = stopped(graphdriverWorld());
    const id = container('g-running');
    world.records = without(world.records, (record) => record.id === id);
    world.tasks = without(world.tasks, (task) => task.id === id);
    expect(rowNamed(hostOf(world), 'g-running')).toMatchObject({ state: 'stale', rule: 'file-behind' });
  });

  test('a container whose driver could not be read may be of either store', () => {
    const world = stopped(graphdriverWorld());
    world.files = world.files.map((file) => (file.name === 'g-exited' ? { ...file, driver: '' } : file));
    const object = { kind: 'container', id: container('g-exited') };
    const gap: Gap = { ...unreadable('config.v2.json'), object, fields: ['driver'] };
    expect(rowNamed(hostOf(world, {}, { 'docker.containerRecords': [gap] }), 'g-exited').state).toBe(
      'unknown',
    );
  });

  test('on a dead disk, what ran at the end is not known, and what is at rest is', () => {
    const world = stopped(storeWorld());
    world.from = 'disk';
    const host = hostOf(world, { 'containerd.tasks': unknown('offline', 'tasks', 'a dead disk', AT, 0) });
    expect(rowNamed(host, 's-running').state).toBe('unknown');
    expect(rowNamed(host, 's-exited').state).toBe('expected');
    expect(alarmsOf(host)).toEqual([]);
  });

  test('and without its files there is nothing to compare', () => {
    const none = absent('/proc', AT, 'no Docker runs here');
    const host = hostOf(graphdriverWorld(), { 'docker.endpoint': none, 'docker.root': none });
    expect(reconcile(host)).toMatchObject({ nothing: { state: 'absent' }, rows: [] });
    expect(reconcileVerdict(reconcile(host), 0)).toEqual({
      verdict: 'pass',
      summary: 'nothing to compare: no Docker runs here',
    });
  });

  test('one that cannot be asked is not one that is not there', () => {
    const denied = unreadable('GET /_ping');
    const host = hostOf(graphdriverWorld(), { 'docker.endpoint': denied, 'docker.root': denied });
    expect(reconcileVerdict(reconcile(host), 2)).toEqual({
      verdict: 'partial',
      summary: 'nothing could be compared: permission denied',
    });
  });
});

test("a scope without Docker's namespace leaves nothing to compare", () => {
  const world = storeWorld();
  world.scope = { namespaces: ['other'] };
  expect(reconcile(hostOf(world))).toMatchObject({ nothing: { state: 'absent' }, rows: [] });
});

describe('a second look', () => {
  const faulty = (): World => {
    const world = graphdriverWorld();
    setTask(world, container('g-running'), 'STOPPED');
    return world;
  };
  const first = reconcile(hostOf(faulty()));
  const settled = (host: HostSnapshot): readonly string[] =>
    confirmed(first, reconcile(host)).rows.flatMap(({ name, rule, state }) =>
      name === 'g-running' ? [`${state} ${rule}`] : [],
    );

  test('that says the same confirms', () => {
    expect(settled(hostOf(faulty()))).toEqual(['broken running-without-task']);
  });

  test('that says something else sees an object that moves', () => {
    const other = faulty();
    setTask(other, container('g-running'), 'PAUSED');
    expect(settled(hostOf(other))).toEqual(['expected changing']);
  });

  test('that finds them agreed is right', () => {
    expect(settled(hostOf(graphdriverWorld()))).toEqual(['agrees running']);
  });

  test('that does not find it any more saw it go', () => {
    const gone = graphdriverWorld();
    const id = container('g-running');
    gone.listed = without(gone.listed, (c) => c.id === id);
    gone.files = without(gone.files, (c) => c.id === id);
    gone.records = without(gone.records, (c) => c.id === id);
    gone.tasks = without(gone.tasks, (c) => c.id === id);
    expect(settled(hostOf(gone))).toEqual([]);
  });

  test('that could not be made leaves it unknown', () => {
    const denied = unreadable('GET /_ping');
    expect(settled(hostOf(faulty(), { 'docker.endpoint': denied, 'docker.root': denied }))).toEqual([
      'unknown unread',
    ]);
    expect(settled(hostOf(faulty(), { 'containerd.tasks': unreadable('Tasks.List') }))).toEqual([
      'unknown unread',
    ]);
  });
});

test('the verdict names the worst first, and warnings beside what is not known are no warnings only', () => {
  const world = graphdriverWorld();
  world.leases.push(leaseOf(`moby-image-${digestOf('gone')}`));
  const stale = reconcile(hostOf(world));
  expect(reconcileVerdict(stale, 0)).toMatchObject({
    verdict: 'warn',
    summary: expect.stringMatching(/^1 stale: lease moby-image-/),
  });
  expect(reconcileVerdict(stale, 1).verdict).toBe('partial');
  setTask(world, container('g-running'), 'STOPPED');
  expect(reconcileVerdict(reconcile(hostOf(world)), 1)).toMatchObject({
    verdict: 'fail',
    summary: `1 broken, 1 stale: container g-running: ${RULES['running-without-task'].says}; 1 fact could not be read`,
  });
});

test('a state that Docker did not have before is unknown', () => {
  const world = graphdriverWorld();
  world.listed = world.listed.map((c) =>
    c.id === container('g-running') ? { ...c, state: 'hibernating' } : c,
  );
  expect(rowNamed(hostOf(world), 'g-running').state).toBe('unknown');
});
