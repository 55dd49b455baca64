import { symlink } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import { whyNoDocker } from '../../../src/host/docker-scope.ts';
import type { NamedDocker } from '../../../src/sources/docker/address.ts';
import { type DockerQuestion, findDockers } from '../../../src/sources/docker/discover.ts';
import type { DockerProcess } from '../../../src/sources/docker/processes.ts';
import { pingVersion, type Route, startFake, startRaw } from './fake-docker.ts';
import { AT, dockerdOf } from './hosts.ts';

const OURS = '/run/ours/containerd.sock';

/** A Docker whose `info` says which containerd it uses; without one it is from before API 1.46. */
const dockerOn = (containerd?: string): Readonly<Record<string, Route>> => ({
  '/_ping': pingVersion(containerd === undefined ? '1.41' : '1.51'),
  '/info': {
    Driver: 'overlay2',
    ...(containerd === undefined
      ? {}
      : { Containerd: { Address: containerd, Namespaces: { Containers: 'moby', Plugins: 'plugins.moby' } } }),
  },
});

const byEnvironment = (address: string): NamedDocker => ({
  address,
  origin: 'environment',
  named: 'DOCKER_HOST',
});
const wellKnown = (address: string): NamedDocker => ({
  address,
  origin: 'well-known',
  named: "Docker's default",
});

const find = (over: Partial<DockerQuestion>): ReturnType<typeof findDockers> =>
  findDockers({
    containerd: OURS,
    named: undefined,
    places: [],
    processes: async () => [],
    asleep: async () => new Set(),
    timeoutMs: 2000,
    ...over,
  });

const dockerd = (socket: string, containerd: string): DockerProcess =>
  dockerdOf(['-H', `unix://${socket}`, '--containerd', containerd]);

describe('a Docker that the user named', () => {
  test('and that says it uses our containerd is asked alone: no process is read', async () => {
    await using fake = await startFake(dockerOn(OURS));
    const { chosen, candidates } = await find({
      named: byEnvironment(`unix://${fake.socket}`),
      places: [wellKnown('/nowhere.sock')],
      processes: () => Promise.reject(new Error('read the processes')),
    });
    expect(candidates).toHaveLength(1);
    expect(chosen).toMatchObject({
      address: fake.socket,
      origin: 'environment',
      belongs: true,
      namespace: 'moby',
      api: { state: 'seen', value: { used: '1.51', engine: '99.1.2' } },
      containerd: { value: OURS },
    });
  });

  test('and that does not say is believed to be the one, as no process speaks against it', async () => {
    await using fake = await startFake(dockerOn());
    const { chosen } = await find({ named: byEnvironment(fake.socket) });
    expect(chosen).toMatchObject({ belongs: true, api: { value: { used: '1.41' } } });
    expect(fake.requests.filter((line) => line.endsWith('_ping'))).toHaveLength(1);
  });

  test('and that uses another containerd is listed by address, and nothing more', async () => {
    await using fake = await startFake(dockerOn('/run/other/containerd.sock'));
    const discovery = await find({ named: byEnvironment(fake.socket) });
    expect(discovery.chosen).toBeNull();
    expect(whyNoDocker(discovery, AT)).toMatchObject({
      state: 'absent',
      why: `no Docker uses the containerd at ${OURS}; the one at ${fake.socket} uses /run/other/containerd.sock`,
    });
  });

  test('gives way to the one of our containerd, by its process', async () => {
    await using other = await startFake(dockerOn('/run/other/containerd.sock'));
    await using ours = await startFake(dockerOn());
    const { chosen } = await find({
      named: byEnvironment(other.socket),
      processes: async () => [dockerd(ours.socket, OURS)],
    });
    expect(chosen).toMatchObject({ address: ours.socket, origin: 'process' });
  });

  test('by flag is the one or none: no other takes its place', async () => {
    await using other = await startFake(dockerOn('/run/other/containerd.sock'));
    await using ours = await startFake(dockerOn());
    for (const address of [other.socket, 'tcp://127.0.0.1:1', '/nowhere.sock']) {
      const { chosen, candidates } = await find({
        named: { address, origin: 'flag', named: '--docker-host' },
        processes: async () => [dockerd(ours.socket, OURS)],
        places: [wellKnown(ours.socket)],
      });
      expect(chosen).toBeNull();
      expect(candidates).toHaveLength(1);
    }
    expect(ours.requests).toEqual([]);
  });

  test.each([
    ['tcp://127.0.0.1:2375', 'Docker over tcp is not supported'],
    ['ssh://me@there', 'Docker over ssh is not supported'],
    ['npipe:////./pipe/docker', 'Docker over npipe is not supported'],
  ])('over %s is said to be unsupported', async (address, why) => {
    const discovery = await find({ named: byEnvironment(address) });
    expect(whyNoDocker(discovery, AT)).toMatchObject({
      state: 'unsupported',
      why: expect.stringContaining(why),
    });
  });

  test('and that is not there is unreachable, not absent', async () => {
    const discovery = await find({ named: byEnvironment('/nowhere/docker.sock') });
    expect(whyNoDocker(discovery, AT)).toMatchObject({
      state: 'unreachable',
      why: 'Docker at /nowhere/docker.sock (DOCKER_HOST): there is no such socket',
    });
  });

  test('and that is silent has the time that was given', async () => {
    await using fake = await startRaw(() => {});
    const started = performance.now();
    const discovery = await find({ named: byEnvironment(fake.socket), timeoutMs: 600 });
    expect(performance.now() - started).toBeGreaterThan(550);
    // Asked once, though it is looked at twice.
    expect(performance.now() - started).toBeLessThan(1100);
    expect(whyNoDocker(discovery, AT)).toMatchObject({ state: 'timeout' });
  });
});

describe('a running dockerd', () => {
  test('of another containerd is not asked, and not waited for', async () => {
    await using fake = await startFake(dockerOn());
    await using hung = await startRaw(() => {});
    const discovery = await find({
      processes: async () => [dockerd(fake.socket, '/other.sock'), dockerd(hung.socket, '/other.sock')],
    });
    expect(fake.requests).toEqual([]);
    expect(hung.connections()).toBe(0);
    expect(discovery.candidates).toMatchObject([
      { belongs: false, api: { state: 'notCollected' }, containerd: { value: '/other.sock' } },
      { belongs: false },
    ]);
    expect(whyNoDocker(discovery, AT).state).toBe('absent');
  });

  test('of our containerd that is stopped is unknown, and its process is named', async () => {
    await using hung = await startRaw(() => {});
    const stopped = { ...dockerd(hung.socket, OURS), stopped: true };
    const discovery = await find({ processes: async () => [stopped], timeoutMs: 200 });
    const fact = whyNoDocker(discovery, AT);
    expect(fact.state).toBe('timeout');
    expect(fact.why).toContain(`(its process ${stopped.pid} is stopped, state T)`);
  });

  test('is one Docker, however many names its socket has', async () => {
    await using fake = await startFake(dockerOn(OURS));
    const link = `${fake.socket}.link`;
    await symlink(fake.socket, link);
    const { candidates, chosen } = await find({
      places: [wellKnown(link)],
      processes: async () => [dockerd(fake.socket, OURS)],
    });
    expect(candidates.map(({ address }) => address)).toEqual([fake.socket]);
    expect(chosen?.origin).toBe('process');
  });

  test('that answers comes before one that does not', async () => {
    await using fake = await startFake(dockerOn(OURS));
    const discovery = await find({
      processes: async () => [dockerd('/gone.sock', OURS), dockerd(fake.socket, OURS)],
    });
    expect(discovery.chosen?.address).toBe(fake.socket);
  });
});

describe('a well-known socket', () => {
  test('that says it uses our containerd is ours', async () => {
    await using fake = await startFake(dockerOn(OURS));
    expect((await find({ places: [wellKnown(fake.socket)] })).chosen?.belongs).toBe(true);
  });

  test('of a Docker that does not say is not guessed to be ours', async () => {
    await using fake = await startFake(dockerOn());
    const discovery = await find({ places: [wellKnown(fake.socket)] });
    expect(discovery.chosen).toBeNull();
    const fact = whyNoDocker(discovery, AT);
    expect(fact.state).toBe('failed');
    expect(fact.why).toContain('which containerd it uses is not known (Docker says it since API 1.46)');
    expect(fact.why).toContain(`--docker-host ${fake.socket}`);
  });

  test('that is not there is nothing', async () => {
    const discovery = await find({ places: [wellKnown('/nowhere/docker.sock')] });
    expect(whyNoDocker(discovery, AT)).toMatchObject({
      state: 'absent',
      why: 'no Docker runs here, and none of its sockets exists',
    });
  });

  test('that is silent costs 300 ms, and leaves it open', async () => {
    await using hung = await startRaw(() => {});
    const started = performance.now();
    const discovery = await find({ places: [wellKnown(hung.socket)] });
    expect(performance.now() - started).toBeLessThan(1500);
    expect(whyNoDocker(discovery, AT).state).toBe('timeout');
  });

  test('that systemd holds for a Docker that does not run is left alone, unless it is named', async () => {
    await using fake = await startFake(dockerOn(OURS));
    const asleep = async (): Promise<Set<string>> => new Set([fake.socket]);
    const discovery = await find({ places: [wellKnown(fake.socket)], asleep });
    expect(fake.connections()).toBe(0);
    expect(whyNoDocker(discovery, AT)).toMatchObject({
      state: 'offline',
      why: `systemd listens on ${fake.socket}, and no dockerd runs: asking would start it`,
    });
    expect((await find({ named: byEnvironment(fake.socket), asleep })).chosen?.belongs).toBe(true);
  });
});
