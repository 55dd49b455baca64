import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { absent, type Gap, unknown } from '../../src/host/observed.ts';
import { confirmed, isAlarm, reconcile } from '../../src/host/reconcile.ts';
import { type ReconcileRow, rowKey } from '../../src/host/reconcile-row.ts';
import { RULES, type RuleName } from '../../src/host/reconcile-rules.ts';
import { reconcileVerdict } from '../../src/host/reconcile-verdict.ts';
import type { FacetName, HostSnapshot } from '../../src/host/snapshot.ts';
import { bodyOf, recordOf, taskOf } from '../sources/docker/hosts.ts';
import {
  AT,
  BEFORE,
  container,
  digestOf,
  directoryOf,
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

const rowsOf = (host: HostSnapshot): readonly ReconcileRow[] => reconcile(host).rows;

const rowNamed = (host: HostSnapshot, name: string): ReconcileRow => {
  const found = rowsOf(host).filter((row) => row.name === name);
  const [row] = found;
  if (row === undefined || found.length > 1) {
    throw new Error(`${found.length} rows are called ${name}: ${rowsOf(host).map((r) => r.name)}`);
  }
  return row;
};

const WORLDS: readonly (readonly [string, () => World])[] = [
  ['graphdriver', () => graphdriverWorld()],
  ['graphdriver, after a switch back', () => graphdriverWorld({ before: true })],
  ["containerd's store", () => storeWorld()],
  ["containerd's store, after a switch", () => storeWorld({ before: true })],
];

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

type Break = (world: World) => void;

const without = <T>(list: readonly T[], is: (item: T) => boolean): T[] => {
  const left = list.filter((item) => !is(item));
  if (left.length === list.length) throw new Error('nothing was taken away');
  return left;
};

const GRAPH_FAULTS: readonly (readonly [fault: string, alarms: readonly string[], does: Break])[] = [
  [
    'the config of an image with a name is gone',
    [`image ghcr.io/x/y:3: reference-without-config`, `lease moby-image-${digestOf('pulled')}: lease-leaked`],
    (w) => {
      w.configs = without(w.configs, ({ imageId }) => imageId === digestOf('pulled'));
      w.images = without(w.images, ({ id }) => id === digestOf('pulled'));
    },
  ],
  [
    'the config of an image that Docker still lists is gone, with its names',
    ['image built:latest: config-missing'],
    (w) => {
      w.configs = without(w.configs, ({ imageId }) => imageId === digestOf('built'));
      w.references = without(w.references, ({ imageId }) => imageId === digestOf('built'));
    },
  ],
  [
    'a config is not what its name says',
    ['image built:latest: config-damaged'],
    (w) => {
      w.configs = w.configs.map((c) => (c.imageId === digestOf('built') ? { ...c, intact: false } : c));
    },
  ],
  [
    'layerdb has lost a layer',
    ['image built:latest: layer-missing', 'directory overlay2/cache-base-step-built: directory-orphaned'],
    (w) => {
      w.layers = without(w.layers, ({ cacheId }) => cacheId === 'cache-base-step-built');
    },
  ],
  [
    "a layer's folder is gone",
    [
      'image built:latest: image-layer-broken',
      'layer overlay2/cache-base-step-built: layer-directory-missing',
    ],
    (w) => {
      w.directories = without(w.directories, ({ id }) => id === 'cache-base-step-built');
    },
  ],
  [
    "a layer's folder is empty",
    [
      'image built:latest: image-layer-broken',
      'layer overlay2/cache-base-step-built: layer-directory-missing',
    ],
    (w) => {
      w.directories = w.directories.map((d) =>
        d.id === 'cache-base-step-built' ? { ...d, complete: false } : d,
      );
    },
  ],
  [
    'a name is in the file and not in memory',
    ['image app:1, registry.test:5000/a/b:2, other:1: reference-unread'],
    (w) => {
      w.references.push({
        driver: 'overlay2',
        repository: 'other',
        reference: 'other:1',
        imageId: digestOf('app'),
      });
    },
  ],
  [
    'a name is in memory and not in the file',
    ['image app:1, registry.test:5000/a/b:2: reference-unwritten'],
    (w) => {
      w.references = without(w.references, ({ reference }) => reference === 'app:1');
    },
  ],
  [
    'a lease is left of an image',
    [`lease moby-image-${digestOf('gone')}: lease-leaked`],
    (w) => void w.leases.push(leaseOf(`moby-image-${digestOf('gone')}`)),
  ],
  [
    "a container's mount is gone",
    [
      'container g-exited: mount-missing',
      `directory overlay2/mount-${container('g-exited')}: directory-orphaned`,
      `directory overlay2/mount-${container('g-exited')}-init: directory-orphaned`,
    ],
    (w) => {
      w.mounts = without(w.mounts, ({ containerId }) => containerId === container('g-exited'));
    },
  ],
  [
    "a container's folder in the driver is gone",
    ['container g-exited: mount-directory-missing'],
    (w) => {
      w.directories = without(w.directories, ({ id }) => id === `mount-${container('g-exited')}`);
    },
  ],
  [
    'a writable layer is left of a container',
    [`mount overlay2/${idOf('gone')}: mount-leaked`],
    (w) => {
      const [mount] = w.mounts;
      if (mount !== undefined) w.mounts.push({ ...mount, containerId: recordOf(idOf('gone')).id });
    },
  ],
  [
    'a folder that nothing names',
    ['directory overlay2/nobodys: directory-orphaned'],
    (w) => void w.directories.push(directoryOf('overlay2', 'nobodys')),
  ],
];

const STORE_FAULTS: readonly (readonly [fault: string, alarms: readonly string[], does: Break])[] = [
  [
    'the target of an image is gone',
    ['image app:1, app:2: content-missing'],
    (w) => {
      w.content = without(w.content, ({ digest }) => digest === digestOf('s-app'));
    },
  ],
  [
    'the config of an image is gone',
    ['image app:1, app:2: content-missing'],
    (w) => {
      w.content = without(w.content, ({ digest }) => digest === digestOf('s-app-config'));
    },
  ],
  [
    'containerd has no record of an image that Docker lists',
    ['image registry.test:5000/a/b:2: record-missing'],
    (w) => {
      w.imageRecords = without(w.imageRecords, ({ name }) => name === 'registry.test:5000/a/b:2');
    },
  ],
  [
    'a name means another image to containerd',
    ['image app:1, app:2: record-elsewhere'],
    (w) => {
      const other = w.imageRecords.find(({ name }) => name === 'registry.test:5000/a/b:2');
      w.imageRecords = w.imageRecords.map((record) =>
        record.name === 'docker.io/library/app:2' && other !== undefined
          ? { ...record, target: other.target }
          : record,
      );
    },
  ],
  [
    "a container's snapshot is gone",
    ['container s-exited: snapshot-missing'],
    (w) => {
      w.snapshots = without(w.snapshots, ({ key }) => key === container('s-exited'));
    },
  ],
  [
    "a container's lease is gone",
    ['container s-created: lease-missing'],
    (w) => {
      w.leases = without(w.leases, ({ id }) => id === container('s-created'));
    },
  ],
  [
    "a container's lease keeps something else",
    ['container s-created: lease-missing'],
    (w) => {
      w.resources = w.resources.map((r) => (r.id === container('s-created') ? { ...r, snapshots: [] } : r));
    },
  ],
  [
    'a snapshot is left of a container',
    [`snapshot overlayfs/${idOf('gone')}: snapshot-leaked`],
    (w) => void w.snapshots.push(snapshotOf('overlayfs', idOf('gone'), 'Active', null)),
  ],
  [
    'a snapshot is left of a container, with its lease',
    [`lease ${idOf('gone')}: lease-leaked`],
    (w) => {
      w.snapshots.push(snapshotOf('overlayfs', idOf('gone'), 'Active', `${idOf('gone')}-init`));
      w.leases.push(leaseOf(idOf('gone')));
    },
  ],
  [
    'a lease is left of a container',
    [`lease ${idOf('gone')}: lease-leaked`],
    (w) => void w.leases.push(leaseOf(idOf('gone'))),
  ],
  [
    'a lease is left of an image of a graphdriver',
    [`lease moby-image-${digestOf('gone')}: lease-leaked`],
    (w) => void w.leases.push(leaseOf(`moby-image-${digestOf('gone')}`)),
  ],
];

const setTask = (world: World, id: string, status: Parameters<typeof taskOf>[1]): void => {
  world.tasks = world.tasks.map((task) =>
    task.id === id ? { ...taskOf(id, status), exitedAt: BEFORE } : task,
  );
};

/** In either mode; `p` is what its containers' names begin with. */
const stateFaults = (
  p: string,
): readonly (readonly [fault: string, alarms: readonly string[], does: Break])[] => {
  const [running, exited] = [container(`${p}running`), container(`${p}exited`)];
  return [
    [
      'Docker says running, and there is neither record nor task',
      [`container ${p}running: running-without-task`],
      (w) => {
        w.records = without(w.records, ({ id }) => id === running);
        w.tasks = without(w.tasks, ({ id }) => id === running);
      },
    ],
    [
      'Docker says running, and the task has ended',
      [`container ${p}running: running-without-task`],
      (w) => setTask(w, running, 'STOPPED'),
    ],
    [
      'Docker says running, and it is paused',
      [`container ${p}running: pause-unseen`],
      (w) => setTask(w, running, 'PAUSED'),
    ],
    [
      'it runs, and its record is gone',
      [`container ${p}running: record-lost`],
      (w) => {
        w.records = without(w.records, ({ id }) => id === running);
      },
    ],
    [
      'Docker says exited, and it runs',
      [`container ${p}exited: stopped-with-task`],
      (w) => run(w, exited, 'RUNNING'),
    ],
    [
      'Docker says exited, and its task was not deleted',
      [`container ${p}exited: task-left`],
      (w) => {
        run(w, exited, 'STOPPED');
        setTask(w, exited, 'STOPPED');
      },
    ],
    [
      'Docker says exited, and its record was not deleted',
      [`container ${p}exited: record-left`],
      (w) => {
        run(w, exited, 'STOPPED');
        w.tasks = without(w.tasks, ({ id }) => id === exited);
      },
    ],
    [
      'Docker has it in memory only',
      [`container ${p}exited: container-unwritten`],
      (w) => {
        w.files = without(w.files, ({ id }) => id === exited);
      },
    ],
    [
      'Docker has not loaded it',
      [`container ${p}exited: container-unloaded`],
      (w) => {
        w.listed = without(w.listed, ({ id }) => id === exited);
      },
    ],
    [
      'a task of Docker runs that it has no container of',
      [`container ${idOf('gone')}: task-unowned`],
      (w) => run(w, idOf('gone'), 'RUNNING'),
    ],
    [
      'a task runs that nobody has a record of',
      [`task ${idOf('gone')}: task-unowned`],
      (w) => void w.tasks.push(taskOf(idOf('gone'), 'RUNNING')),
    ],
    [
      'a record of Docker is left of a container',
      [`container ${idOf('gone')}: record-unowned`],
      (w) => {
        run(w, idOf('gone'), 'STOPPED');
        w.tasks = without(w.tasks, ({ id }) => id === idOf('gone'));
      },
    ],
  ];
};

const FAULTS = [
  ...GRAPH_FAULTS.map((fault) => ['graphdriver', () => graphdriverWorld(), ...fault] as const),
  ...stateFaults('g-').map((fault) => ['graphdriver', () => graphdriverWorld(), ...fault] as const),
  ...GRAPH_FAULTS.filter(([fault]) => !fault.includes('memory')).map(
    (fault) => ['graphdriver after a switch', () => graphdriverWorld({ before: true }), ...fault] as const,
  ),
  ...STORE_FAULTS.map((fault) => ["containerd's store", () => storeWorld(), ...fault] as const),
  ...stateFaults('s-').map((fault) => ["containerd's store", () => storeWorld(), ...fault] as const),
  ...STORE_FAULTS.map(
    (fault) => ["containerd's store after a switch", () => storeWorld({ before: true }), ...fault] as const,
  ),
];

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
    const other = {
      address: '/run/other.sock',
      origin: 'process',
      named: 'dockerd, pid 8',
      api: unreadable('GET /_ping'),
      containerd: absent('', AT),
      namespace: null,
      belongs: true,
    } as const;
    world.discovery = { ...world.discovery, candidates: [other] };
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
  expect(bodyOf('x', {}).state.status).toBe('running');
});
