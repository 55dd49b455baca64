import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Gap } from '../../../src/host/observed.ts';
import { isAlarm, reconcile } from '../../../src/host/reconcile/reconcile.ts';
import { rowKey } from '../../../src/host/reconcile/row.ts';
import { RULES, type RuleName } from '../../../src/host/reconcile/rules.ts';
import { reconcileVerdict } from '../../../src/host/reconcile/verdict.ts';
import type { FacetName } from '../../../src/host/snapshot.ts';
import { taskOf } from '../../sources/docker/hosts.ts';
import { run, type World } from './containers.ts';
import { FAULTS, WORLDS } from './faults.ts';
import { container, digestOf, idOf, leaseOf, snapshotOf } from './objects.ts';
import { alarmsOf, rowNamed, rowsOf, unreadable } from './rows.ts';
import { FACETS, graphdriverWorld, hostOf, storeWorld } from './world.ts';

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
