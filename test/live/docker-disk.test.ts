import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';

import { type DockerDiskReaders, deadDockerDisk } from '../../src/collect/docker-disk-readers.ts';
import { chainIds } from '../../src/host/chain-id.ts';
import { encode } from '../../src/host/codec.ts';
import type { Listing, Observed } from '../../src/host/observed.ts';
import { facet, type ItemOf, type ListingFacet } from '../../src/host/snapshot.ts';
import { HERE } from '../../src/sources/docker/disk/files.ts';
import { importDockerImages, SINGLE_IMAGE } from '../lab/images.ts';
import { seedLab } from '../lab/seed.ts';
import { FACETS } from '../sources/docker/disk/read.ts';
import {
  describeDockers,
  dockerInspect,
  dockerLines,
  inspectImages,
  liveHostOf,
  readFacet,
  withoutTimes,
} from './docker-labs.ts';
import { rotatingSuites } from './rotation.ts';

const IMAGE = SINGLE_IMAGE.replace('docker.io/library/', '');
const WITHOUT = ['docker.references', 'docker.imageConfigs', 'docker.layers', 'docker.layerMounts'] as const;

const onDisk: Parameters<typeof describeDockers>[2] = (lab, store) => {
  const isGraphdriver = store === 'graphdriver';
  const [onGraphdriver, onContainerd] = isGraphdriver ? [test, undefined] : [undefined, test];
  const root = (): string => lab().dockerRoot ?? '';
  const dead = (more: { readonly daemonJson?: string } = {}): DockerDiskReaders =>
    deadDockerDisk({ disk: HERE, root: root(), showSecrets: false, ...more }).readers;

  beforeAll(async () => {
    await seedLab(lab());
    const run = (...args: string[]): Promise<unknown> => lab().docker(['run', '--network', 'none', ...args]);
    await lab().docker(['volume', 'create', '--label', 'api.token=tok-4711-canary', 'named']);
    await lab().docker(['volume', 'create', 'bare']);
    // It makes no interface on the host.
    await lab().docker(['network', 'create', '--config-only', '--label', 'tier=db', 'configured']);
    await run('--name', 'keeps', '-v', 'named:/data', '-v', '/anonymous', IMAGE, 'true');
    await run(
      '-d',
      '--name',
      'healthy',
      '--health-cmd',
      'true',
      '--health-interval',
      '1s',
      IMAGE,
      'sleep',
      '9999',
    );
    await run('-d', '--name', 'secretive', '--label', 'api.token=tok-4711-canary', IMAGE, 'sleep', '9999');
    // An image with two names, and one that was built on another.
    await lab().docker(['tag', IMAGE, 'registry.test:5000/a/b:2']);
    await lab().docker(['commit', 'keeps', 'committed:1']);
  });

  const itemsOf = async <K extends ListingFacet>(name: K): Promise<readonly ItemOf<K>[]> => {
    const live = liveHostOf(lab());
    const fact: Observed<Listing<unknown>> = facet(await live.collect([name]), name);
    live.close();
    if (fact.state !== 'seen') throw new Error(`${name} is ${JSON.stringify(fact)}`);
    expect(fact.value.gaps, name).toEqual([]);
    return fact.value.items as readonly ItemOf<K>[];
  };

  test('has of each container what the API says of it', async () => {
    const live = liveHostOf(lab(), {}, { showSecrets: true });
    const listed = readFacet(await live.collect(['docker.containers']), 'docker.containers').items;
    const scope = { containers: listed.map(({ namespace, id }) => ({ namespace, id })) };
    const host = await live.collect(['docker.bodies', 'docker.containerRecords'], scope);
    live.close();
    const { items, gaps } = readFacet(host, 'docker.containerRecords');
    expect(gaps).toEqual([]);
    const bodies = new Map(readFacet(host, 'docker.bodies').items.map((body) => [body.id, body]));
    expect(items.map(({ id }) => id).toSorted()).toEqual([...bodies.keys()].toSorted());
    const labelsOf = new Map(listed.map(({ id, labels }) => [id, labels]));
    for (const record of items) {
      const body = bodies.get(record.id);
      const { limits, manifest, path, labels, state, ...rest } = record;
      // Health is written with the next change of the state, and not at each look.
      const { health, ...plain } = state;
      expect(body, `${record.name}`).toMatchObject({ ...rest, state: plain });
      expect(health === null, `${record.name}`).toBe(body?.state.health === null);
      expect(limits, `${record.name}`).toMatchObject({ state: 'seen', value: body?.limits });
      expect(labels).toEqual(labelsOf.get(record.id));
      expect(path).toBe(join(root(), 'containers', record.id));
      expect((manifest === null) === isGraphdriver, `${record.name}`).toBe(true);
    }
    for (const status of ['running', 'paused', 'exited', 'created']) {
      expect(
        items.some(({ state }) => state.status === status),
        status,
      ).toBe(true);
    }
  });

  test('has the manifest of each container that `docker inspect` has', async () => {
    const items = await itemsOf('docker.containerRecords');
    const said = (await dockerInspect(
      lab(),
      items.map(({ id }) => id),
    )) as unknown as { Id: string; ImageManifestDescriptor?: { digest: string } }[];
    expect(Object.fromEntries(items.map(({ id, manifest }) => [id, manifest?.digest]))).toEqual(
      Object.fromEntries(said.map((one) => [one.Id, one.ImageManifestDescriptor?.digest])),
    );
  });

  onGraphdriver?.('has the names of images that `docker image ls` lists', async () => {
    const items = await itemsOf('docker.references');
    const lines = await dockerLines(lab(), ['image', 'ls', '--no-trunc', '--filter', 'dangling=false']);
    const said = lines.map(({ ID, Repository, Tag }) => `${Repository} ${Repository}:${Tag} ${ID}`);
    const tags = items.filter(({ reference }) => !reference.includes('@'));
    expect(
      tags.map(({ repository, reference, imageId }) => `${repository} ${reference} ${imageId}`).toSorted(),
    ).toEqual(said.toSorted());
    expect(new Set(items.map(({ driver }) => driver))).toEqual(new Set(['overlay2']));
  });

  onGraphdriver?.('has of each image and layer what `docker image inspect` says', async () => {
    const live = liveHostOf(lab());
    const host = await live.collect(['docker.imageConfigs', 'docker.layers', 'docker.graphDirectories']);
    live.close();
    const configs = readFacet(host, 'docker.imageConfigs');
    const layers = readFacet(host, 'docker.layers');
    const folders = readFacet(host, 'docker.graphDirectories');
    expect([...configs.gaps, ...layers.gaps, ...folders.gaps]).toEqual([]);
    const said = await inspectImages(lab());
    expect(configs.items.map(({ imageId }) => imageId as string).toSorted()).toEqual(
      said.map(({ Id }) => Id).toSorted(),
    );
    const byChain = new Map(layers.items.map((layer) => [layer.chainId, layer]));
    for (const image of said) {
      const config = configs.items.find(({ imageId }) => imageId === image.Id);
      expect(config).toMatchObject({
        intact: true,
        diffIds: image.RootFS.Layers ?? [],
        createdAt: image.Created,
        platform: [image.Os, image.Architecture, image.Variant].filter(Boolean).join('/'),
        parent: image.Parent === '' ? null : image.Parent,
      });
      const chain = chainIds(config?.diffIds ?? []);
      const own = chain.map((id) => byChain.get(id));
      expect(own.map((layer) => layer?.diffId)).toEqual(config?.diffIds);
      expect(own.map((layer) => layer?.parent ?? null)).toEqual([null, ...chain].slice(0, chain.length));
      expect(own.reduce((sum, layer) => sum + (layer?.size ?? 0n), 0n)).toBe(BigInt(image.Size));
      const top = own.at(-1)?.cacheId ?? '';
      expect(image.GraphDriver.Data['UpperDir']).toBe(join(root(), 'overlay2', top, 'diff'));
      expect(folders.items.find(({ id }) => id === top)).toMatchObject({
        complete: true,
        path: join(root(), 'overlay2', top),
      });
    }
    const used = new Set(said.flatMap(({ RootFS }) => chainIds(RootFS.Layers ?? [])));
    expect([...byChain.keys()].toSorted()).toEqual([...used].toSorted());
  });

  onGraphdriver?.('has the writable layer of each container, and knows whose every folder is', async () => {
    const live = liveHostOf(lab());
    const host = await live.collect([
      'docker.layerMounts',
      'docker.layers',
      'docker.graphDirectories',
      'docker.buildSnapshots',
    ]);
    live.close();
    const { items: mounts, gaps } = readFacet(host, 'docker.layerMounts');
    expect(gaps).toEqual([]);
    const ids = (await dockerLines(lab(), ['ps', '-a', '--no-trunc'])).map(({ ID = '' }) => ID);
    expect(mounts.map(({ containerId }) => containerId as string).toSorted()).toEqual(ids.toSorted());
    const said = (await dockerInspect(lab(), ids)) as unknown as {
      Id: string;
      GraphDriver: { Data: Record<string, string> };
    }[];
    for (const { Id, GraphDriver } of said) {
      const mount = mounts.find(({ containerId }) => containerId === Id);
      expect(GraphDriver.Data['UpperDir']).toBe(join(root(), 'overlay2', mount?.mountId ?? '', 'diff'));
      expect(mount?.initId).toBe(`${mount?.mountId}-init`);
    }
    const layers = readFacet(host, 'docker.layers').items;
    expect(mounts.every(({ parent }) => layers.some(({ chainId }) => chainId === parent))).toBe(true);
    const held = new Set([
      ...layers.map(({ cacheId }) => cacheId),
      ...mounts.flatMap(({ mountId, initId }) => [mountId, initId]),
      ...readFacet(host, 'docker.buildSnapshots').items.map(({ graphId }) => graphId),
    ]);
    const folders = readFacet(host, 'docker.graphDirectories').items.map(({ id }) => id);
    expect(folders.filter((id) => !held.has(id))).toEqual([]);
    expect([...held].filter((id) => id !== null && !folders.includes(id))).toEqual([]);
  });

  onContainerd?.('has no image of its own where containerd keeps them, which is known', async () => {
    const live = liveHostOf(lab());
    const host = await live.collect([...WITHOUT, 'docker.graphDirectories', 'docker.buildSnapshots']);
    live.close();
    for (const name of [...WITHOUT, 'docker.graphDirectories', 'docker.buildSnapshots'] as const) {
      expect(facet(host, name), name).toMatchObject({ state: 'absent' });
    }
  });

  test('has the volumes that `docker volume ls` lists', async () => {
    const items = await itemsOf('docker.volumes');
    const names = (await dockerLines(lab(), ['volume', 'ls'])).map(({ Name = '' }) => Name).toSorted();
    const said = JSON.parse((await lab().docker(['volume', 'inspect', ...names])).stdout) as Record<
      string,
      string
    >[];
    expect(items).toMatchObject(
      said.map(({ Name, Driver, Mountpoint, Labels }) => ({
        name: Name,
        driver: Driver,
        path: Mountpoint,
        labels: Name === 'named' ? { 'api.token': '‹withheld›' } : (Labels ?? {}),
        recorded: true,
        present: true,
      })),
    );
    const age = (time: string | null | undefined): number => Date.now() - Date.parse(time ?? '');
    const [own, its] = [items.find(({ name }) => name === 'bare'), said.find(({ Name }) => Name === 'bare')];
    expect(Math.abs(age(own?.createdAt) - age(its?.['CreatedAt']))).toBeLessThan(2000);
  });

  test('has the networks that `docker network ls` lists', async () => {
    const items = await itemsOf('docker.networks');
    const said = await dockerLines(lab(), ['network', 'ls', '--no-trunc']);
    expect(items.map(({ id, name, driver }) => `${id} ${name} ${driver}`).toSorted()).toEqual(
      said.map(({ ID, Name, Driver }) => `${ID} ${Name} ${Driver}`).toSorted(),
    );
    expect(items.find(({ name }) => name === 'configured')).toMatchObject({ labels: { tier: 'db' } });
  });

  test('tells the store in use and the engine, and says by what', async () => {
    const live = liveHostOf(lab());
    const found = readFacet(await live.collect(['docker.root']), 'docker.root');
    live.close();
    const info = JSON.parse((await lab().docker(['info', '--format', '{{json .}}'])).stdout);
    expect(found).toMatchObject({
      path: info.DockerRootDir,
      graphDrivers: isGraphdriver ? [info.Driver] : [],
      snapshotters: isGraphdriver ? [] : [info.Driver],
      mode: { state: 'seen', value: store },
      containerdRoot: null,
    });
    expect(found.mode.from.startsWith(root())).toBe(true);
    // Until 23.0 the id was that of a key elsewhere.
    expect(found.id).toBe(Number.parseInt(info.ServerVersion, 10) < 23 ? null : info.ID);
  });

  test('withholds labels that are secrets, unless asked for', async () => {
    for (const showSecrets of [false, true]) {
      const live = liveHostOf(lab(), {}, { showSecrets });
      const host = await live.collect(FACETS);
      live.close();
      const text = FACETS.map((name) => encode(facet(host, name))).join('\n');
      expect(text.includes('4711-canary')).toBe(showSecrets);
      expect(text).not.toMatch(/canary-[0-9a-f]{6}/);
    }
  });

  test('is not read of a Docker somewhere else, or of none', async () => {
    for (const [host, state] of [
      ['tcp://127.0.0.1:1', 'unsupported'],
      [`unix://${lab().root}/none.sock`, 'unreachable'],
    ] as const) {
      const live = liveHostOf(lab(), { DOCKER_HOST: undefined }, { dockerHost: host });
      const snapshot = await live.collect(FACETS);
      live.close();
      for (const name of FACETS) expect(facet(snapshot, name), name).toMatchObject({ state });
    }
    // Another engine's directory in its place: a Docker behind a socket that leads into another file system.
    if (Number.parseInt(lab().versions.dockerd ?? '', 10) < 23) return;
    const id = await readFile(join(root(), 'engine-id'), 'utf8');
    await writeFile(join(root(), 'engine-id'), '00000000-0000-0000-0000-000000000000');
    const live = liveHostOf(lab());
    const snapshot = await live.collect(['docker.references']);
    live.close();
    await writeFile(join(root(), 'engine-id'), id);
    expect(facet(snapshot, 'docker.references')).toMatchObject({
      state: 'unreachable',
      why: expect.stringContaining('it runs in another file system'),
    });
  });

  test('is read by the process where the API does not answer, and the same with no daemon', async () => {
    const factsOf = async (read: (name: (typeof FACETS)[number]) => Promise<unknown>): Promise<string[]> =>
      Promise.all(FACETS.map(async (name) => `${name} ${encode(withoutTimes(await read(name)))}`));
    const collected = async (): Promise<string[]> => {
      const live = liveHostOf(lab(), {}, { timeoutMs: 1000 });
      const host = await live.collect(FACETS);
      live.close();
      return factsOf(async (name) => facet(host, name));
    };
    const running = await collected();
    const pid = lab().dockerdPid ?? 0;
    process.kill(pid, 'SIGSTOP');
    try {
      expect(await collected()).toEqual(running);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await lab().stopDockerd();
    await lab().stopContainerd();
    try {
      const own = dead({ daemonJson: lab().dockerdConfig ?? '' });
      expect(await factsOf((name) => own[name]())).toEqual(running);
    } finally {
      await lab().startContainerd();
      await lab().startDockerd();
    }
  });

  onGraphdriver?.('knows what BuildKit holds', async (context) => {
    const build = await execa(
      lab().programs.docker,
      ['--host', `unix://${lab().dockerSocket}`, 'build', '--network', 'none', '-t', 'built:1', '-'],
      {
        env: { ...lab().env, DOCKER_BUILDKIT: '1' },
        input: `FROM ${IMAGE}\nRUN ["/bin/sh", "-c", "echo built > /built"]\nRUN ["/bin/sh", "-c", "echo more > /more"]\n`,
        reject: false,
      },
    );
    context.skip(/buildx component is missing/.test(build.stderr), 'this client has no BuildKit');
    expect(build, build.stderr).toMatchObject({ exitCode: 0 });
    const live = liveHostOf(lab());
    const host = await live.collect(['docker.buildSnapshots', 'docker.graphDirectories', 'docker.layers']);
    live.close();
    const { items, gaps } = readFacet(host, 'docker.buildSnapshots');
    expect(gaps).toEqual([]);
    const held = new Set(items.flatMap(({ graphId }) => graphId ?? []));
    const folders = readFacet(host, 'docker.graphDirectories').items.map(({ id }) => id);
    // Two steps: each a folder, that is a layer of the image as well.
    const layers = readFacet(host, 'docker.layers').items.map(({ cacheId }) => cacheId);
    expect(layers.filter((id) => id !== null && held.has(id)).length).toBeGreaterThanOrEqual(2);
    expect([...held].filter((id) => !folders.includes(id))).toEqual([]);
    await lab().docker(['rmi', 'built:1']);
    await lab().docker(['builder', 'prune', '--all', '--force']);
    const left = await dead()['docker.buildSnapshots']();
    expect(left.state === 'seen' ? left.value.items.filter(({ graphId }) => graphId !== null) : left).toEqual(
      [],
    );
  });

  onContainerd?.('knows both stores after a switch, and which one is in use', async () => {
    const file = lab().dockerdConfig ?? '';
    const before = await readFile(file, 'utf8');
    const set = async (features: object): Promise<void> => {
      await writeFile(file, JSON.stringify({ ...JSON.parse(before), features }));
      await lab().restartDockerd();
    };
    await set({ 'containerd-snapshotter': false });
    try {
      await importDockerImages(lab());
      await lab().docker(['create', '--name', 'old-style', '--network', 'none', IMAGE, 'true']);
      const modeIs = async (value: string, from: string): Promise<void> => {
        const live = liveHostOf(lab());
        const found = readFacet(await live.collect(['docker.root']), 'docker.root');
        live.close();
        expect(found).toMatchObject({
          graphDrivers: ['overlay2'],
          snapshotters: ['overlayfs'],
          mode: { state: 'seen', value, from: expect.stringContaining(from) },
        });
      };
      await modeIs('graphdriver', 'features.containerd-snapshotter false');
      const own = dead();
      expect(await own['docker.root']()).toMatchObject({
        value: {
          mode: {
            state: 'seen',
            value: 'graphdriver',
            from: expect.stringContaining('the last that changed'),
          },
        },
      });
      const records = await own['docker.containerRecords']();
      const drivers = records.state === 'seen' ? records.value.items.map(({ driver }) => driver) : [];
      expect(new Set(drivers)).toEqual(new Set(['overlay2', 'overlayfs']));
      await set({ 'containerd-snapshotter': true });
      await modeIs('containerd', 'features.containerd-snapshotter true');
    } finally {
      await writeFile(file, before);
      await lab().restartDockerd();
    }
  });
};

// Containers outlive their dockerd: what the disk says with no daemon is what it said before.
describeDockers('Docker on disk', rotatingSuites(), onDisk, { extraDockerdConfig: { 'live-restore': true } });
