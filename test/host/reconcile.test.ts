import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { absent, type Gap, unknown } from '../../src/host/observed.ts';
import { confirmed, isAlarm, reconcile } from '../../src/host/reconcile.ts';
import { type ReconcileRow, rowKey } from '../../src/host/reconcile-row.ts';
import { RULES, type RuleName } from '../../src/host/reconcile-rules.ts';
import { reconcileVerdict } from '../../src/host/reconcile-verdict.ts';
import type { FacetName, HostSnapshot } from '../../src/host/snapshot.ts';
import { taskOf } from '../sources/docker/hosts.ts';
import { FAULTS, setTask, WORLDS, without } from './reconcile-faults.ts';
import {
  AT,
  container,
  digestOf,
  FACETS,
  graphdriverWorld,
  hostOf,
  idOf,
  leaseOf,
  run,
  snapshotOf,
  storeWorld,
  type World,
} from './reconcile-world.ts';

const unreadable = (name: string): ReturnType<typeof unknown> =>
  unknown('denied', name, 'permission denied', AT, 1);

const alarmsOf = (host: HostSnapshot): readonly string[] =>
  reconcile(host)
    .rows.filter(isAlarm)
    .map(({ kind, name, rule }) => `${kind} ${name}: ${rule}`);

/** A field, what gaps call its object, the facet, and how it is read wrongly: the ids of whom. */
const UNREAD_FIELDS: readonly (readonly [string, string, FacetName, (world: World) => readonly string[]])[] =
  [
    [
      'complete',
      'graph directory',
      'docker.graphDirectories',
      (world) => {
        world.directories = world.directories.map((directory) => ({ ...directory, complete: false }));
        return world.directories.map(({ id }) => id);
      },
    ],
    [
      'cacheId',
      'layer',
      'docker.layers',
      (world) => {
        world.layers = world.layers.map((layer) => ({ ...layer, cacheId: null }));
        return world.layers.map(({ chainId }) => chainId);
      },
    ],
    [
      'mountId',
      'layer mount',
      'docker.layerMounts',
      (world) => {
        world.mounts = world.mounts.map((mount) => ({ ...mount, mountId: null }));
        return world.mounts.map(({ containerId }) => containerId);
      },
    ],
    [
      'diffIds',
      'image',
      'docker.imageConfigs',
      (world) => {
        world.configs = world.configs.map((config) => ({ ...config, diffIds: [digestOf('unread')] }));
        return world.configs.map(({ imageId }) => imageId);
      },
    ],
    [
      'driver',
      'container',
      'docker.containerRecords',
      (world) => {
        world.files = world.files.map((file) => ({ ...file, driver: '' }));
        return world.files.map(({ id }) => id);
      },
    ],
  ];

const rowsOf = (host: HostSnapshot): readonly ReconcileRow[] => reconcile(host).rows;

const rowNamed = (host: HostSnapshot, name: string): ReconcileRow => {
  const found = rowsOf(host).filter((row) => row.name === name);
  const [row] = found;
  if (row === undefined || found.length > 1) {
    throw new Error(`${found.length} rows are called ${name}: ${rowsOf(host).map((r) => r.name)}`);
  }
  return row;
};

describe.each(WORLDS)('a healthy host with %s', (_, makeWorld) => {
  test('has nothing stale, nothing broken, nothing unknown', () => {
    const { rows, nothing } = reconcile(hostOf(makeWorld()));
    expect(nothing).toBeUndefined();
    expect(rows.filter(({ state }) => state !== 'agrees' && state !== 'expected')).toEqual([]);
    expect(rows.flatMap(({ unchecked }) => unchecked)).toEqual([]);
    expect(new Set(rows.map(rowKey)).size).toBe(rows.length);
    expect(reconcileVerdict(reconcile(hostOf(makeWorld())), 0)).toMatchObject({ verdict: 'pass' });
  });

  test.each(FACETS)('has nothing stale or broken when %s cannot be read', (name) => {
    expect(alarmsOf(hostOf(makeWorld(), { [name]: unreadable(name) }))).toEqual([]);
  });

  test.each(FACETS)('has nothing stale or broken when %s has a gap', (name) => {
    const whole: Gap = { ...unreadable(name) };
    expect(alarmsOf(hostOf(makeWorld(), {}, { [name]: [whole] }))).toEqual([]);
  });

  test.each(UNREAD_FIELDS)(
    'has nothing stale or broken when %s of no %s can be read',
    (field, kind, facet, unread) => {
      const world = makeWorld();
      const gaps = unread(world).map(
        (id): Gap => ({ ...unreadable(id), object: { kind, id }, fields: [field] }),
      );
      expect(alarmsOf(hostOf(world, {}, { [facet]: gaps }))).toEqual([]);
    },
  );

  test('has nothing stale or broken when its containerd is off, or its Docker, or both', () => {
    const world = makeWorld();
    const of = (prefix: string): Record<string, unknown> =>
      Object.fromEntries(
        FACETS.filter((name) => name.startsWith(prefix)).map((name) => [name, unreadable(name)]),
      );
    const live = ['docker.endpoint', 'docker.containers', 'docker.images'];
    const dead = Object.fromEntries(live.map((name) => [name, unreadable(name)]));
    expect(alarmsOf(hostOf(world, of('containerd.')))).toEqual([]);
    expect(alarmsOf(hostOf(world, dead))).toEqual([]);
    expect(alarmsOf(hostOf(world, { ...dead, ...of('containerd.') }))).toEqual([]);
  });

  test('tells by the sockets alone whether its containers run as both say', () => {
    const files = FACETS.filter(
      (name) =>
        name.startsWith('docker.') &&
        !['docker.endpoint', 'docker.containers', 'docker.images', 'docker.discovery'].includes(name),
    );
    const host = hostOf(makeWorld(), Object.fromEntries(files.map((name) => [name, unreadable(name)])));
    const rows = rowsOf(host).filter(({ kind, docker }) => kind === 'container' && docker?.has === true);
    expect(rows.map(({ state }) => state).toSorted()).toEqual([
      'agrees',
      'agrees',
      'expected',
      'expected',
      'expected',
    ]);
    expect(rows.every(({ unchecked }) => unchecked.length > 0)).toBe(true);
    expect(alarmsOf(host)).toEqual([]);
  });
});

describe('what is normal', () => {
  const ruleOf = (world: World, name: string): RuleName => rowNamed(hostOf(world), name).rule;

  test('with a graphdriver', () => {
    const world = graphdriverWorld();
    expect(ruleOf(world, 'app:1, registry.test:5000/a/b:2')).toBe('image-leased');
    expect(ruleOf(world, 'ghcr.io/x/y:3')).toBe('lease-empty');
    expect(ruleOf(world, 'built:latest')).toBe('image-without-lease');
    expect(ruleOf(world, 'g-running')).toBe('running');
    expect(ruleOf(world, 'g-paused')).toBe('running');
    expect(ruleOf(world, 'g-exited')).toBe('at-rest');
    expect(ruleOf(world, 'g-created')).toBe('at-rest');
    expect(ruleOf(world, 'stray')).toBe('foreign');
    expect(ruleOf(world, '174839-abc')).toBe('lease-operation');
  });

  test("with containerd's store", () => {
    const world = storeWorld();
    expect(ruleOf(world, 'app:1, app:2')).toBe('image-record');
    expect(ruleOf(world, 's-running')).toBe('running');
    expect(ruleOf(world, 's-exited')).toBe('at-rest');
    const nameless = rowsOf(hostOf(world)).filter(({ kind, name }) => kind === 'image' && name === '<none>');
    expect(nameless.map(({ rule }) => rule).toSorted()).toEqual(['image-dangling', 'image-hidden']);
  });

  test('after a switch: what the other store keeps is hidden', () => {
    const there = rowsOf(hostOf(storeWorld({ before: true })));
    expect(there.filter(({ rule }) => rule === 'other-store').length).toBe(5 + 5);
    const back = rowsOf(hostOf(graphdriverWorld({ before: true })));
    expect(back.filter(({ rule }) => rule === 'other-store').length).toBe(4 + 5);
  });

  test('while something starts, ends or is made', () => {
    const world = storeWorld();
    const now = '2026-01-01T11:59:58Z';
    const starting = container('s-exited');
    run(world, starting, 'RUNNING');
    world.records = world.records.map((record) =>
      record.id === starting ? { ...record, createdAt: now } : record,
    );
    const ending = container('s-running');
    world.tasks = world.tasks.map((task) =>
      task.id === ending ? { ...taskOf(ending, 'STOPPED'), exitedAt: now } : task,
    );
    world.snapshots.push(snapshotOf('overlayfs', idOf('new'), 'Active', null, now));
    world.leases.push(leaseOf(idOf('new'), now));
    expect(alarmsOf(hostOf(world))).toEqual([]);
    for (const name of ['s-exited', 's-running', idOf('new')]) {
      expect(ruleOf(world, name)).toBe('changing');
    }
  });
});

describe.each(FAULTS)('%s, %#', (_mode, makeWorld, fault, alarms, does) => {
  test(`${fault}: named, with evidence, and nothing else`, () => {
    const world = makeWorld();
    does(world);
    const rows = rowsOf(hostOf(world)).filter(isAlarm);
    expect(rows.map(({ kind, name, rule }) => `${kind} ${name}: ${rule}`).toSorted()).toEqual(
      [...alarms].toSorted(),
    );
    for (const row of rows) {
      expect(row.state).toBe(RULES[row.rule].state);
      const evidence = [...(row.docker?.evidence ?? []), ...(row.containerd?.evidence ?? [])];
      expect(evidence.length).toBeGreaterThan(0);
      expect(
        evidence.every(({ source, field, value }) => source !== '' && field !== '' && value !== ''),
      ).toBe(true);
    }
  });

  test(`${fault}: whatever cannot be read, there are no more alarms than when everything is`, () => {
    const world = makeWorld();
    does(world);
    const all = new Set(rowsOf(hostOf(world)).filter(isAlarm).map(rowKey));
    fc.assert(
      fc.property(fc.subarray([...FACETS]), (names: readonly FacetName[]) => {
        const some = rowsOf(hostOf(world, Object.fromEntries(names.map((name) => [name, unreadable(name)]))));
        for (const row of some) if (isAlarm(row)) expect([...all]).toContain(rowKey(row));
        expect(new Set(some.map(rowKey)).size).toBe(some.length);
      }),
      { numRuns: 40 },
    );
  });
});

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
