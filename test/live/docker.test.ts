import { beforeAll, expect, test } from 'vitest';

import { encode } from '../../src/host/codec.ts';
import { openDocker } from '../../src/sources/docker/connection.ts';
import { isEvent, watchEvents } from '../../src/sources/docker/events.ts';
import { buildImages, SINGLE_IMAGE } from '../lab/images.ts';
import type { Lab } from '../lab/lab.ts';
import { seedLab } from '../lab/seed.ts';
import type { SeededDocker } from '../lab/seed-docker.ts';
import { until } from '../lab/until.ts';
import {
  describeDockers,
  dockerInspect,
  dockerLines,
  imageRowsOf,
  liveHostOf,
  readFacet,
} from './docker-labs.ts';
import { ctrscope, documentOf, type Item } from './program.ts';
import { rotatingSuites } from './rotation.ts';

const IMAGE = SINGLE_IMAGE.replace('docker.io/library/', '');
const NEVER = '0001-01-01T00:00:00Z';
/** Reorders and moves, where it is not escaped; Docker takes it as a label. */
const HOSTILE = '\u001b]0;owned\u0007\u001b[2J\u202e\u200b"\'<script>';

describeDockers('Docker beside containerd', rotatingSuites('Docker beside containerd'), (lab, store) => {
  let seeded: SeededDocker;

  beforeAll(async () => {
    const { docker } = await seedLab(lab());
    if (docker === undefined) throw new Error('the lab has no Docker');
    seeded = docker;
    const run = (...args: string[]): Promise<unknown> => lab().docker(['run', '--network', 'none', ...args]);
    await run('-d', '--name', 'restarts', '--restart', 'always', IMAGE, '/bin/sh', '-c', 'exit 4');
    await run(
      '-d',
      '--name',
      'hostile',
      '--label',
      `a=${HOSTILE}`,
      '--label',
      `${HOSTILE}=b`,
      IMAGE,
      'sleep',
      '9999',
    );
    await run(
      '-d',
      '--name',
      'secretive',
      '--label',
      'api.token=tok-4711-canary',
      '--health-cmd',
      'echo said-4711-canary; true --token=hc-4711-canary',
      '--health-interval',
      '1s',
      IMAGE,
      'sleep',
      '9999',
      '--password',
      'pw-4711-canary',
    );
    // An image with two names, and one without any.
    await lab().docker(['tag', IMAGE, 'registry.test:5000/a/b:2']);
    await lab().docker(['import', (await buildImages()).rootfs]);
  });

  test('has the containers that `docker ps` lists: names, images, states', async () => {
    const live = liveHostOf(lab());
    const { listing, lines } = await whileQuiet(lab(), async () => ({
      lines: await dockerLines(lab(), ['ps', '--all', '--no-trunc']),
      listing: readFacet(await live.collect(['docker.containers']), 'docker.containers'),
    }));
    live.close();
    expect(listing.gaps).toEqual([]);
    const said = lines.map((line) => ({
      id: line['ID'],
      names: line['Names']?.split(','),
      image: line['Image'],
      ...stateOf(line['Names'], line['State'], line['Status']),
    }));
    const seen = listing.items.map(({ id, names, image, state, status }) => ({
      id,
      names,
      image,
      ...stateOf(names[0], state, status),
    }));
    expect(seen).toEqual(said);
    expect(seen.length).toBe(seeded.containers.length + 3);
    expect(listing.items.every(({ namespace }) => namespace === 'moby')).toBe(true);
  });

  test('has of each container what `docker inspect` says', async () => {
    const live = liveHostOf(lab());
    const { items } = readFacet(await live.collect(['docker.containers']), 'docker.containers');
    const stable = items.filter(({ names }) => names[0] !== 'restarts');
    const scope = { containers: stable.map(({ namespace, id }) => ({ namespace, id })) };
    const bodies = readFacet(await live.collect(['docker.bodies'], scope), 'docker.bodies');
    live.close();
    expect(bodies.gaps).toEqual([]);
    const byId = new Map(bodies.items.map((body) => [body.id as string, body]));
    for (const said of await dockerInspect(
      lab(),
      scope.containers.map(({ id }) => id),
    )) {
      const body = byId.get(said.Id);
      const { State: state, HostConfig: asked } = said;
      expect(body, said.Name).toMatchObject({
        name: said.Name.slice(1),
        image: said.Config.Image,
        imageId: said.Image,
        createdAt: said.Created,
        driver: said.Driver,
        restartCount: said.RestartCount,
        state: {
          status: state.Status,
          running: state.Running,
          oomKilled: state.OOMKilled,
          pid: state.Pid === 0 ? null : state.Pid,
          exitCode: state.Running || state.FinishedAt === NEVER ? null : state.ExitCode,
          startedAt: state.StartedAt === NEVER ? null : state.StartedAt,
          finishedAt: state.FinishedAt === NEVER ? null : state.FinishedAt,
        },
      });
      for (const key of ['Memory', 'NanoCpus', 'PidsLimit', 'CpuShares', 'MemoryReservation', 'MemorySwap']) {
        const value = asked[key] ?? 0;
        expect(body?.limits[key], `${said.Name} ${key}`).toBe(
          value === 0 ? undefined : BigInt(Number(value)),
        );
      }
    }
    expect(byId.size).toBe(stable.length);
  });

  test('has the images that `docker images` lists, names and digests', async () => {
    const live = liveHostOf(lab());
    const { items, gaps } = readFacet(await live.collect(['docker.images']), 'docker.images');
    live.close();
    expect(gaps).toEqual([]);
    const lines = await dockerLines(lab(), ['images', '--no-trunc', '--digests']);
    const said = lines.map(({ ID, Repository, Tag, Digest }) => `${ID} ${Repository} ${Tag} ${Digest}`);
    expect(items.flatMap(imageRowsOf).toSorted()).toEqual(said.toSorted());
    expect(items.some(({ tags }) => tags.length === 0)).toBe(true);
    expect(items.some(({ tags }) => tags.length === 2)).toBe(true);
    // The target is known exactly where containerd has it.
    expect(items.every(({ target }) => (target !== null) === (store === 'containerd'))).toBe(true);
  });

  test('has the mode right, with where that is known from', async () => {
    const live = liveHostOf(lab());
    const endpoint = readFacet(await live.collect(['docker.endpoint']), 'docker.endpoint');
    live.close();
    expect(endpoint.mode).toMatchObject({ state: 'seen', value: store });
    expect(endpoint.mode.from).toContain(
      store === 'containerd' ? 'DriverStatus driver-type io.containerd.snapshotter.v1' : 'Driver overlay2',
    );
  });

  test('has the set-up that `docker info` and `docker version` tell', async () => {
    const live = liveHostOf(lab());
    const endpoint = readFacet(await live.collect(['docker.endpoint']), 'docker.endpoint');
    live.close();
    const info = JSON.parse((await lab().docker(['info', '--format', '{{json .}}'])).stdout);
    const version = JSON.parse((await lab().docker(['version', '--format', '{{json .Server}}'])).stdout);
    expect(endpoint).toMatchObject({
      address: lab().dockerSocket,
      id: info.ID,
      version: info.ServerVersion,
      driver: info.Driver,
      driverStatus: info.DriverStatus,
      rootDir: lab().dockerRoot,
      cgroupDriver: info.CgroupDriver,
      cgroupVersion: info.CgroupVersion,
      liveRestore: info.LiveRestoreEnabled,
      defaultRuntime: info.DefaultRuntime,
      // By the daemon where it says so (28.5), by its config file where it does not (20.10, 26.1).
      containerd: { state: 'seen', value: lab().address },
      namespaces: { containers: 'moby' },
      // One that restarts runs at one look and not at the next.
      containers: { paused: info.ContainersPaused },
      api: { server: version.ApiVersion, minimum: version.MinAPIVersion, used: version.ApiVersion },
    });
    expect(endpoint.components).toMatchObject({
      value: version.Components.map(({ Name, Version }: { Name: string; Version: string }) => ({
        name: Name,
        version: Version,
      })),
    });
    expect(info.Containerd?.Address ?? lab().address).toBe(lab().address);
  });

  test('gives `get containers` and `get tasks` its names', async () => {
    const { containers, tasks, names } = await whileQuiet(lab(), async () => ({
      containers: (await documentOf(lab(), ['get', 'containers'])).items,
      tasks: (await documentOf(lab(), ['get', 'tasks'])).items,
      names: new Map(
        (await dockerLines(lab(), ['ps', '--no-trunc'])).map((line) => [line['ID'], line['Names']]),
      ),
    }));
    for (const items of [containers, tasks]) {
      const own = items.filter(({ namespace }) => namespace === 'moby');
      expect(own.length).toBeGreaterThan(4);
      for (const { id, name } of own) expect(name).toBe(names.get(String(id)));
      // What ctr made has none, and that is known.
      const others = items.filter(({ namespace }) => namespace !== 'moby');
      expect(others.length).toBeGreaterThan(5);
      for (const item of others) expect(item).toHaveProperty('name', null);
    }
    const { stdout, exitCode } = await ctrscope(lab(), ['get', 'tasks', 'shop-web', 'shop-db', '-q']);
    expect(exitCode).toBe(0);
    const ids = seeded.containers
      .filter(({ name }) => name === 'shop-web' || name === 'shop-db')
      .map(({ id }) => id);
    expect(stdout.trim().split('\n').toSorted()).toEqual(ids.toSorted());
  });

  test('begins the chain of a running container, agreeing with its task', async () => {
    const { items, unknown } = await documentOf(lab(), ['inspect', 'shop-web', 'shop-paused']);
    expect(unknown).toEqual([]);
    const said = await dockerInspect(lab(), ['shop-web', 'shop-paused']);
    for (const { Id, Name, State, Image } of said) {
      const item = items.find(({ id }) => id === Id);
      expect(item).toMatchObject({ name: Name.slice(1), pid: State.Pid });
      expect(linksOf(item)[0]).toMatchObject({
        layer: 'docker',
        state: 'present',
        facts: { state: State.Status, pid: State.Pid, imageId: Image, mode: store },
        evidence: [
          { says: `${State.Status}, pid ${State.Pid}` },
          { source: 'Tasks.List', says: `${State.Status.toUpperCase()}, pid ${State.Pid}` },
        ],
      });
      const states = Object.fromEntries(linksOf(item).map(({ layer, state }) => [layer, state]));
      const layers = store === 'containerd' ? 'present' : 'absent';
      expect(states).toEqual({
        docker: 'present',
        containerd: 'present',
        task: 'present',
        snapshot: layers,
        image: layers,
      });
    }
  });

  test('finds by name what containerd has no record of, in either store', async () => {
    const { items, unknown, kind } = await documentOf(lab(), ['inspect', 'shop-migrate', 'shop-spare']);
    expect({ kind, unknown }).toEqual({ kind: 'inspect', unknown: [] });
    const records = (await lab().ctr(['containers', 'list', '-q'], { namespace: 'moby' })).stdout;
    expect(items.map(({ name }) => name).toSorted()).toEqual(['shop-migrate', 'shop-spare']);
    for (const item of items) {
      expect(records).not.toContain(item['id']);
      const [docker, containerd, task] = linksOf(item);
      expect(docker).toMatchObject({ layer: 'docker', state: 'present' });
      expect(containerd).toMatchObject({
        state: 'absent',
        evidence: [{ says: expect.stringContaining('normal') }],
      });
      expect(task?.state).toBe('absent');
      expect(item).toMatchObject({ status: null, pid: null, spec: null });
    }
    expect(items.map(({ verdict }) => verdict).toSorted()).toEqual([
      'not running: created, and only Docker keeps it',
      'not running: exited 3, and only Docker keeps it',
    ]);
    const [spare] = seeded.containers.filter(({ name }) => name === 'shop-spare');
    for (const reference of [`moby/${spare?.id}`, spare?.id.slice(0, 12) ?? '', 'moby/shop-spare']) {
      const { items: again } = await documentOf(lab(), ['inspect', reference]);
      expect(again.map(({ id }) => id)).toEqual([spare?.id]);
    }
  });

  test('is read whole by `inspect --all`, each container once', async () => {
    const { items, unknown } = await documentOf(lab(), ['inspect', '--all', '-n', 'moby']);
    expect(unknown).toEqual([]);
    const ids = (await lab().docker(['ps', '-aq', '--no-trunc'])).stdout.split('\n');
    expect(items.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    const disagreeing = items.filter((item) => linksOf(item).some(({ state }) => state === 'disagreeing'));
    // One that restarts all the time may be caught between two looks.
    expect(disagreeing.map(({ name }) => name).filter((name) => name !== 'restarts')).toEqual([]);
  });

  test('is found without being named, by its process', async () => {
    const { items, unknown } = await documentOf(lab(), ['get', 'tasks', 'shop-web'], {
      env: { DOCKER_HOST: undefined },
    });
    expect(unknown).toEqual([]);
    expect(items).toMatchObject([{ name: 'shop-web' }]);
    const live = liveHostOf(lab(), { DOCKER_HOST: undefined });
    const discovery = readFacet(await live.collect(['docker.discovery']), 'docker.discovery');
    live.close();
    expect(discovery.chosen).toMatchObject({ address: lab().dockerSocket, origin: 'process', belongs: true });
  });

  test('is left alone by `get namespaces`, which makes one call', async () => {
    const live = liveHostOf(lab());
    const host = await live.collect(['containerd.namespaces']);
    expect(Object.keys(host.facets)).toEqual(['containerd.namespaces']);
    expect(live.calls()).toBe(1);
    live.close();
    // A Docker that cannot be reached is not even noticed.
    const { unknown } = await documentOf(lab(), ['get', 'namespaces'], {
      env: { DOCKER_HOST: 'tcp://nowhere:1' },
    });
    expect(unknown).toEqual([]);
  });

  test('withholds secrets, and escapes what is hostile', async () => {
    for (const args of [
      ['inspect', '--all'],
      ['inspect', '--all', '-o', 'json'],
      ['get', 'containers', '-o', 'yaml'],
    ]) {
      const { stdout, stderr } = await ctrscope(lab(), args);
      expect(`${stdout}${stderr}`).not.toMatch(/4711-canary|canary-[0-9a-f]{6}/);
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]/);
    }
    // What no command prints yet is in recordings, and so withheld as well.
    const live = liveHostOf(lab());
    const { items: all } = readFacet(await live.collect(['docker.containers']), 'docker.containers');
    const scope = { containers: all.map(({ namespace, id }) => ({ namespace, id })) };
    const bodies = readFacet(await live.collect(['docker.bodies'], scope), 'docker.bodies');
    live.close();
    expect(bodies.items).toHaveLength(all.length);
    expect(encode(bodies)).not.toMatch(/(tok|pw|hc)-4711-canary|canary-[0-9a-f]{6}/);
    const { items } = await documentOf(lab(), ['inspect', 'hostile']);
    expect(linksOf(items[0])[0]?.facts['labels']).toMatchObject({ a: HOSTILE, [HOSTILE]: 'b' });
    const shown = await documentOf(lab(), ['inspect', 'secretive', '--show-secrets']);
    expect(linksOf(shown.items[0])[0]?.facts['labels']).toMatchObject({ 'api.token': 'tok-4711-canary' });
  });

  test('measures disk use when it is asked to', async () => {
    const live = liveHostOf(lab(), {}, { timeoutMs: 20_000 });
    const host = await live.collect(['docker.diskUsage', 'docker.images']);
    live.close();
    const usage = readFacet(host, 'docker.diskUsage');
    const images = readFacet(host, 'docker.images').items.map(({ id, size }) => `${id} ${size}`);
    expect(usage.images.map(({ id, size }) => `${id} ${size}`).toSorted()).toEqual(images.toSorted());
    expect(usage.containers.length).toBe(seeded.containers.length + 3);
    expect(usage.layersSize).toBeGreaterThan(0n);
  });

  test('tells what happens, as it happens and again afterwards', async () => {
    const socket = lab().dockerSocket ?? '';
    const connection = openDocker(socket);
    const ending = new AbortController();
    const live: string[] = [];
    const since = String(Math.floor(Date.now() / 1000) - 1);
    const watching = (async () => {
      for await (const event of watchEvents(connection, { deadlineMs: 2000, signal: ending.signal })) {
        if (isEvent(event) && event.attributes['name'] === 'eventful') live.push(event.action);
      }
    })();
    await lab().docker(['run', '--rm', '--name', 'eventful', '--network', 'none', IMAGE, 'true']);
    await until('the container is destroyed', () => (live.includes('destroy') ? true : undefined));
    ending.abort();
    await watching;
    const again: string[] = [];
    const replay = { since, until: String(Math.ceil(Date.now() / 1000)), deadlineMs: 2000 };
    for await (const event of watchEvents(connection, { ...replay, signal: new AbortController().signal })) {
      if (!isEvent(event)) throw new Error(JSON.stringify(event));
      if (event.attributes['name'] !== 'eventful') continue;
      again.push(event.action);
      expect(event.at).toMatch(/^\d{4}-.*\.\d{1,9}Z$/);
      expect(event.type).toBe('container');
    }
    connection.close();
    expect(again).toEqual(live);
    expect(live).toEqual(expect.arrayContaining(['create', 'start', 'die', 'destroy']));
  });
});

/** The state and its words, but for how long ago; that of the one that restarts is another at each look. */
const stateOf = (name: string | undefined, state: string | undefined, status = ''): object =>
  name === 'restarts' ? {} : { state, words: wordsOf(status) };

const wordsOf = (status: string): string =>
  status.replace(/(Less than|About|an?|\d+|second|minute|hour|day)s?( |$)/g, '');

/** Asks again while the container that restarts did so in the meantime. */
const whileQuiet = async <T>(lab: Lab, ask: () => Promise<T>): Promise<T> => {
  const states = async (): Promise<string> =>
    (await lab.docker(['ps', '-a', '--no-trunc', '--format', '{{.ID}} {{.State}}'])).stdout;
  return until('nothing changes while it is asked', async () => {
    const before = await states();
    const answer = await ask();
    return (await states()) === before ? answer : undefined;
  });
};

type LinkItem = {
  readonly layer: string;
  readonly state: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly evidence: readonly { readonly source: string; readonly says: string }[];
};

const linksOf = (item: Item | undefined): readonly LinkItem[] =>
  (item?.['links'] ?? []) as readonly LinkItem[];
