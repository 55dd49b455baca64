import { describe, expect, test } from 'vitest';

import { HERE } from '../../../../src/sources/docker/disk/files.ts';
import { openDirectory } from '../../../../src/sources/docker/disk/open.ts';
import { observe, read } from './read.ts';
import {
  CHAINS,
  CONFIG,
  CONTAINERD,
  container,
  DIFFS,
  GRAPHDRIVER,
  hex,
  IMAGE,
  MOUNT,
  scratch,
} from './tree.ts';

const made = scratch();

describe('a directory of a graphdriver', () => {
  test('has names by driver, repository and reference', async () => {
    const { items, gaps } = await read(made(GRAPHDRIVER), 'docker.references');
    expect(gaps).toEqual([]);
    expect(items).toEqual([
      { driver: 'overlay2', repository: 'shop/web', reference: 'shop/web:1', imageId: IMAGE },
      {
        driver: 'overlay2',
        repository: 'shop/web',
        reference: `shop/web@sha256:${hex('manifest')}`,
        imageId: IMAGE,
      },
      {
        driver: 'overlay2',
        repository: 'registry.test:5000/a/b',
        reference: 'registry.test:5000/a/b:2',
        imageId: IMAGE,
      },
    ]);
  });

  test('has configs with what they say of the image, and whether their bytes are what their name says', async () => {
    const root = made(GRAPHDRIVER);
    const path = `${root}/image/overlay2/imagedb/content/sha256/${IMAGE.slice(7)}`;
    const { items, gaps } = await read(root, 'docker.imageConfigs');
    expect(gaps).toEqual([]);
    expect(items).toEqual([
      {
        driver: 'overlay2',
        imageId: IMAGE,
        path,
        intact: true,
        size: BigInt(CONFIG.length),
        diffIds: DIFFS,
        platform: 'linux/arm64/v8',
        createdAt: '2026-05-01T10:00:00.123456789Z',
        parent: `sha256:${hex('parent')}`,
      },
    ]);
    made({ [path.slice(root.length)]: CONFIG.replace('arm64', 'amd64') });
    expect((await read(root, 'docker.imageConfigs')).items[0]).toMatchObject({
      imageId: IMAGE,
      intact: false,
      platform: 'linux/amd64/v8',
    });
  });

  test('has layers and mounts with their folders, and removals that were not finished', async () => {
    const root = made({
      ...GRAPHDRIVER,
      [`image/overlay2/layerdb/sha256/${hex('gone')}-123456789-removing/cache-id`]: hex('cache-gone'),
    });
    const layers = await read(root, 'docker.layers');
    expect(layers.gaps).toEqual([]);
    const layer = { driver: 'overlay2', parent: null, removing: false };
    expect(layers.items).toHaveLength(3);
    expect(layers.items).toEqual(
      expect.arrayContaining([
        { ...layer, chainId: CHAINS[0], diffId: DIFFS[0], cacheId: hex('cache-low'), size: 1984230n },
        {
          ...layer,
          chainId: CHAINS[1],
          diffId: DIFFS[1],
          cacheId: hex('cache-high'),
          parent: CHAINS[0],
          size: 64n,
        },
        {
          ...layer,
          chainId: `sha256:${hex('gone')}`,
          diffId: null,
          cacheId: hex('cache-gone'),
          size: null,
          removing: true,
        },
      ]),
    );
    expect(await read(root, 'docker.layerMounts')).toEqual({
      items: [
        {
          driver: 'overlay2',
          containerId: hex('web'),
          mountId: MOUNT,
          initId: `${MOUNT}-init`,
          parent: CHAINS[1],
        },
      ],
      gaps: [],
    });
  });

  test('has the folders of its store, and whether each is whole; what is no layer is left out', async () => {
    const root = made({ ...GRAPHDRIVER, [`overlay2/${hex('half')}/work`]: null });
    const { items, gaps } = await read(root, 'docker.graphDirectories');
    expect(gaps).toEqual([]);
    const found = items.map(({ driver, id, complete }) => `${driver} ${id} ${complete}`).toSorted();
    const whole = [hex('cache-low'), hex('cache-high'), MOUNT, `${MOUNT}-init`].map(
      (id) => `overlay2 ${id} true`,
    );
    expect(found).toEqual([...whole, `overlay2 ${hex('half')} false`].toSorted());
    expect(items[0]?.path).toBe(`${root}/overlay2/${items[0]?.id}`);
    expect(Date.now() - Date.parse(items[0]?.modifiedAt ?? '')).toBeLessThan(600_000);
  });

  test('of another driver has its layers where that driver keeps them', async () => {
    const root = made({
      [`vfs/dir/${hex('v')}/etc`]: null,
      [`btrfs/subvolumes/${hex('b')}`]: null,
      [`fuse-overlayfs/${hex('f')}/diff`]: null,
      [`aufs/diff/${hex('a')}`]: null,
      'zfs/graph': null,
      'devicemapper/devicemapper/data': '',
    });
    const { items, gaps } = await read(root, 'docker.graphDirectories');
    expect(items.map(({ driver, path }) => `${driver} ${path.slice(root.length)}`)).toEqual([
      `aufs /aufs/diff/${hex('a')}`,
      `btrfs /btrfs/subvolumes/${hex('b')}`,
      `fuse-overlayfs /fuse-overlayfs/${hex('f')}`,
      `vfs /vfs/dir/${hex('v')}`,
    ]);
    expect(items.every(({ complete }) => complete)).toBe(true);
    expect(gaps.map(({ state, object }) => [state, object?.id])).toEqual([
      ['unsupported', 'devicemapper'],
      ['unsupported', 'zfs'],
    ]);
  });

  test('has what Docker believes of its containers, and what was asked for them', async () => {
    const root = made(GRAPHDRIVER);
    const { items, gaps } = await read(root, 'docker.containerRecords');
    expect(gaps).toEqual([]);
    const byName = new Map(items.map((item) => [item.name, item]));
    expect(byName.get('web')).toMatchObject({
      id: hex('web'),
      path: `${root}/containers/${hex('web')}`,
      image: 'shop/web:1',
      imageId: IMAGE,
      manifest: null,
      driver: 'overlay2',
      state: { status: 'running', running: true, pid: 4242, exitCode: null, finishedAt: null },
      labels: { 'com.example': 'a', 'api.token': 'tok' },
      createdAt: '2026-05-02T10:00:00.5Z',
      limits: {
        state: 'seen',
        from: `${root}/containers/${hex('web')}/hostconfig.json`,
        value: {
          Memory: 67108864n,
          MemorySwap: 134217728n,
          NanoCpus: 1500000000n,
          MemorySwappiness: 0n,
          Privileged: true,
        },
      },
    });
    expect(byName.get('job')).toMatchObject({
      state: {
        status: 'exited',
        exitCode: 137,
        oomKilled: true,
        pid: null,
        finishedAt: '2026-05-02T10:00:09.25Z',
      },
      limits: { value: { Memory: 67108864n, MemorySwap: 134217728n } },
    });
  });

  test.each<readonly [string, Readonly<Record<string, unknown>>]>([
    ['created', {}],
    ['running', { Running: true }],
    ['paused', { Running: true, Paused: true }],
    ['restarting', { Running: true, Restarting: true }],
    ['removing', { RemovalInProgress: true, Dead: true }],
    ['dead', { Dead: true }],
    ['exited', { StartedAt: '2026-05-02T10:00:01Z' }],
  ])('calls a container %s as Docker does', async (status, state) => {
    const { items } = await read(made(container({ name: 'one', state })), 'docker.containerRecords');
    expect(items[0]?.state.status).toBe(status);
  });

  test('has volumes, recorded or only a folder, and those of other drivers', async () => {
    const root = made(GRAPHDRIVER);
    const { items, gaps } = await read(root, 'docker.volumes');
    expect(gaps).toEqual([]);
    const time = expect.stringMatching(/^20\d\d-.*Z$/);
    expect(items).toEqual([
      {
        name: 'data',
        driver: 'local',
        path: `${root}/volumes/data/_data`,
        labels: { tier: 'db' },
        createdAt: time,
        recorded: true,
        present: true,
      },
      {
        name: 'nfs',
        driver: 'vieux/sshfs',
        path: null,
        labels: {},
        createdAt: null,
        recorded: true,
        present: false,
      },
      {
        name: 'stray',
        driver: null,
        path: `${root}/volumes/stray/_data`,
        labels: {},
        createdAt: time,
        recorded: false,
        present: true,
      },
    ]);
  });

  test('has networks, and none of the endpoints and sandboxes beside them', async () => {
    const { items, gaps } = await read(made(GRAPHDRIVER), 'docker.networks');
    expect(gaps).toEqual([]);
    expect(items.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { id: hex('net'), name: 'backend', driver: 'bridge', labels: { 'api.token': 'tok' } },
      { id: hex('none'), name: 'none', driver: 'null', labels: {} },
    ]);
  });

  test('has what BuildKit holds: made, committed under another key, or a layer', async () => {
    const { items, gaps } = await read(made(GRAPHDRIVER), 'docker.buildSnapshots');
    expect(gaps).toEqual([]);
    expect(Object.fromEntries(items.map(({ key, graphId }) => [key, graphId]))).toEqual({
      made25characterslongabcdef: 'made25characterslongabcdef',
      named25charactersofabcdefg: 'made25characterslongabcdef',
      pulled: null,
      [CHAINS[1]]: null,
    });
  });

  test('has its databases, each with how it was read', async () => {
    const root = made(GRAPHDRIVER);
    const { items, gaps } = await openDirectory({ disk: HERE, root }).databases();
    expect(gaps).toEqual([]);
    expect(items.map(({ owner, path, file }) => [owner, path, file.state])).toEqual([
      ['volumes/metadata.db', `${root}/volumes/metadata.db`, 'seen'],
      ['network/files/local-kv.db', `${root}/network/files/local-kv.db`, 'seen'],
      ['buildkit/snapshots.db', `${root}/buildkit/snapshots.db`, 'seen'],
    ]);
    expect(items[0]?.file).toMatchObject({
      value: { pageSize: 4096, txid: 7n, version: null, torn: false, salvaged: false, damage: [] },
    });
  });
});

describe("a directory of containerd's image store", () => {
  test('has no images or layers of its own: they are absent, not an empty list', async () => {
    const root = made(CONTAINERD);
    for (const name of [
      'docker.references',
      'docker.imageConfigs',
      'docker.layers',
      'docker.layerMounts',
      'docker.graphDirectories',
      'docker.buildSnapshots',
      'docker.networks',
    ] as const) {
      expect(await observe(root, name), name).toMatchObject({ state: 'absent', why: expect.any(String) });
    }
    // Later 29.x keeps a database there.
    made({ 'image/identity-cache.db': '' });
    expect(await observe(root, 'docker.references')).toMatchObject({ state: 'absent' });
  });

  test('has containers with the manifest that they were made from', async () => {
    const { items, gaps } = await read(made(CONTAINERD), 'docker.containerRecords');
    expect(gaps).toEqual([]);
    expect(items).toMatchObject([
      {
        name: 'new',
        driver: 'overlayfs',
        imageId: `sha256:${hex('index')}`,
        manifest: {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: `sha256:${hex('manifest')}`,
          size: 507n,
        },
      },
    ]);
  });
});
