import { describe, expect, test } from 'vitest';

import { dockerContainers } from '../../probes/docker/containers.ts';
import { dockerImages } from '../../probes/docker/images.ts';
import { dockerLeftovers } from '../../probes/docker/leftovers.ts';
import { diagnose } from '../../src/diagnose/engine.ts';
import type { Diagnosis, Finding, Probe } from '../../src/host/finding.ts';
import { absent, unknown } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import type { World } from '../host/reconcile/containers.ts';
import { FAULTS, WORLDS } from '../host/reconcile/faults.ts';
import { AT, leaseOf } from '../host/reconcile/objects.ts';
import { FACETS, graphdriverWorld, hostOf, storeWorld } from '../host/reconcile/world.ts';

const ALL: readonly Probe[] = [dockerImages, dockerContainers, dockerLeftovers];
const HARM = ['reads', 'writes', 'disrupts'];

const examine = (host: HostSnapshot, again: HostSnapshot = host): Promise<Diagnosis> =>
  diagnose(host, ALL, async () => again);

const outcomes = ({ probes }: Diagnosis): Readonly<Record<string, string>> =>
  Object.fromEntries(probes.map(({ id, outcome }) => [id, outcome]));

const PASSES = {
  'docker-image-broken': 'pass',
  'docker-container-disagrees': 'pass',
  'docker-leftover': 'pass',
};
const SKIPS = {
  'docker-image-broken': 'skip',
  'docker-container-disagrees': 'skip',
  'docker-leftover': 'skip',
};
const NO_DOCKER = absent('/proc', AT, 'no Docker runs here');

test.each(WORLDS)('a healthy host with %s passes', async (_, makeWorld) => {
  expect(outcomes(await examine(hostOf(makeWorld())))).toEqual(PASSES);
});

test.each(WORLDS)(
  'on a disk with %s, files answer for Docker, and what ran is left open',
  async (_, makeWorld) => {
    const world = makeWorld();
    world.from = 'disk';
    const offline = unknown('offline', '/mnt/web 1', 'read from the disk', AT, 0);
    const host = hostOf(world, {
      'docker.discovery': offline,
      'docker.endpoint': offline,
      'docker.containers': offline,
      'docker.images': offline,
      'containerd.tasks': offline,
    });
    expect(outcomes(await examine(host))).toEqual({ ...PASSES, 'docker-container-disagrees': 'skip' });
    world.leases.push(leaseOf(`moby-image-sha256:${'5'.repeat(64)}`));
    const { findings } = await examine({
      ...hostOf(world),
      facets: {
        ...hostOf(world).facets,
        ...host.facets,
        'containerd.leases': hostOf(world).facets['containerd.leases'],
      } as HostSnapshot['facets'],
    });
    expect(findings.map(({ id, object }) => [id, object.kind])).toEqual([['docker-leftover', 'lease']]);
    for (const { text } of findings[0]?.next ?? []) expect(text).toMatch(/^when its host runs again: /);
  },
);

test('without any Docker there is nothing to ask, and that is a pass', async () => {
  const host = hostOf(graphdriverWorld(), { 'docker.endpoint': NO_DOCKER, 'docker.root': NO_DOCKER });
  expect(outcomes(await examine(host))).toEqual(PASSES);
});

test('a Docker that cannot be asked is no pass', async () => {
  const denied = unknown('denied', 'GET /_ping', 'permission denied', AT, 1);
  const host = hostOf(graphdriverWorld(), { 'docker.endpoint': denied, 'docker.root': denied });
  expect(outcomes(await examine(host))).toEqual(SKIPS);
});

describe.each(WORLDS)('on a healthy host with %s', (_, makeWorld) => {
  test.each(FACETS)('%s unread is never a pass of those who want it, and never a finding', async (name) => {
    const unread = unknown('timeout', name, 'no answer within 2s', AT, 2000);
    const { findings, probes } = await examine(hostOf(makeWorld(), { [name]: unread }));
    expect(findings).toEqual([]);
    for (const { id, wants } of ALL) {
      const outcome = probes.find((probe) => probe.id === id)?.outcome;
      expect([id, outcome]).toEqual([id, wants.includes(name) ? 'skip' : 'pass']);
    }
  });
});

describe.each(FAULTS)('%s, %#', (_mode, makeWorld, fault, alarms, does) => {
  test(`${fault}: each object once, with both sides and a way out`, async () => {
    const world = makeWorld();
    does(world);
    const { findings, verdict } = await examine(hostOf(world));
    // What follows from another object is said of that; content is asked for of every image; names move too fast.
    const others =
      /: (image-layer-broken|content-missing|record-missing|record-elsewhere|reference-un(read|written))$/;
    const expected = alarms.filter((alarm) => !others.test(alarm));
    const named = ({ object }: Finding): string => `${object.kind} ${object.name ?? object.id}`;
    expect(findings.map(named).toSorted()).toEqual(
      expected.map((alarm) => alarm.replace(/: [a-z-]+$/, '')).toSorted(),
    );
    const worst = findings.map(({ outcome }) => outcome).toSorted()[0] ?? 'pass';
    expect(verdict).toBe(worst);
    expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(findings.length);
    for (const finding of findings) inShape(finding);
  });

  test(`${fault}: gone at the second look is no finding`, async () => {
    const world = makeWorld();
    does(world);
    const { findings } = await examine(hostOf(world), hostOf(makeWorld()));
    expect(findings).toEqual([]);
  });
});

const inShape = ({ evidence, next, why, impact, title, object }: Finding): void => {
  expect(title).not.toContain('undefined');
  for (const text of [why, impact]) expect(text).toMatch(/^\S.*\.$/s);
  // Two layers, or two sources of the one that disagrees with itself.
  const sources = new Set(evidence.map(({ layer, source, field }) => `${layer} ${source} ${field}`));
  expect(sources.size, JSON.stringify(evidence)).toBeGreaterThanOrEqual(2);
  for (const { source, field, value, at } of evidence) expect([source, field, value, at]).not.toContain('');
  expect(object.id).not.toBe('');
  expect(next.length).toBeGreaterThan(0);
  const effects = next.map(({ effect }) => HARM.indexOf(effect));
  expect(effects, 'the least harmful first').toEqual(effects.toSorted());
  expect(effects[0], 'first look').toBe(0);
  const commands = next.map(({ command }) => command ?? '').join('\n');
  expect(commands).not.toMatch(/prune|rm -rf|systemctl restart/);
};

test('commands are pointed at the daemons that were read, with foreign text quoted', async () => {
  const world: World = storeWorld();
  if (world.endpoint.state !== 'seen') throw new Error('it answers');
  const containerd = { state: 'seen', value: '/run/a b/c.sock', from: 'GET /info', at: AT } as const;
  const value = { ...world.endpoint.value, address: '/run/my docker.sock', containerd };
  world.endpoint = { ...world.endpoint, value };
  world.leases.push(leaseOf("moby-image-sha256:x'; rm -rf /"));
  const { findings } = await examine(hostOf(world));
  const commands = findings.flatMap(({ next }) => next.flatMap(({ command }) => command ?? []));
  expect(commands).toEqual([
    "ctr --address '/run/a b/c.sock' -n moby leases ls",
    "docker -H 'unix:///run/my docker.sock' ps --all --no-trunc --quiet; docker -H 'unix:///run/my docker.sock' image ls --all --no-trunc --quiet",
    `ctr --address '/run/a b/c.sock' -n moby leases rm 'moby-image-sha256:x'\\''; rm -rf /'`,
  ]);
});
