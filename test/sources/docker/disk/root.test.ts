import { describe, expect, test } from 'vitest';

import { absent, type Observed, seen } from '../../../../src/host/observed.ts';
import { type DaemonConfig, parseDaemonConfig } from '../../../../src/sources/docker/daemon-config.ts';
import { HERE } from '../../../../src/sources/docker/disk/files.ts';
import { openDirectory } from '../../../../src/sources/docker/disk/open.ts';
import { FACETS, observe, read } from './read.ts';
import { CONTAINERD, container, type Files, GRAPHDRIVER, hex, IMAGE, scratch } from './tree.ts';

const made = scratch();

const configured = (config: object): Observed<DaemonConfig> =>
  seen(parseDaemonConfig(JSON.stringify(config), 'daemon.json'), 'daemon.json', 'now');

describe('a directory as a whole', () => {
  test('tells a graphdriver by what it has left', async () => {
    const root = made(GRAPHDRIVER);
    expect(await read(root, 'docker.root')).toMatchObject({
      path: root,
      id: '11111111-2222-3333-4444-555555555555',
      graphDrivers: ['overlay2'],
      snapshotters: [],
      mode: {
        state: 'seen',
        value: 'graphdriver',
        from: expect.stringContaining(`${root}/image/overlay2`),
      },
      containerdRoot: null,
    });
  });

  test("tells containerd's store, and a containerd of dockerd's own", async () => {
    const root = made({ ...CONTAINERD, 'containerd/daemon/io.containerd.metadata.v1.bolt': null });
    expect(await read(root, 'docker.root')).toMatchObject({
      graphDrivers: [],
      snapshotters: ['overlayfs'],
      mode: {
        state: 'seen',
        value: 'containerd',
        from: expect.stringContaining(`${root}/buildkit/containerd-overlayfs`),
      },
      containerdRoot: `${root}/containerd/daemon`,
    });
  });

  test('a driver that was started and never used has no data, and tells the mode all the same', async () => {
    const root = made({
      'image/overlay2/imagedb/content/sha256': null,
      'image/overlay2/layerdb/sha256': null,
      'overlay2/l': null,
    });
    expect(await read(root, 'docker.root')).toMatchObject({
      id: null,
      graphDrivers: [],
      mode: { value: 'graphdriver' },
    });
  });

  const both: Files = { ...GRAPHDRIVER, ...CONTAINERD };
  test.each<readonly [string, Files, object | undefined, object]>([
    [
      'by daemon.json: containerd',
      both,
      { features: { 'containerd-snapshotter': true } },
      { state: 'seen', value: 'containerd', from: 'daemon.json: features.containerd-snapshotter true' },
    ],
    [
      'by daemon.json: not containerd',
      both,
      { features: { 'containerd-snapshotter': false } },
      { state: 'seen', value: 'graphdriver', from: 'daemon.json: features.containerd-snapshotter false' },
    ],
    [
      'by daemon.json: a graphdriver',
      both,
      { 'storage-driver': 'overlay2' },
      { state: 'seen', value: 'graphdriver', from: 'daemon.json: storage-driver overlay2' },
    ],
    [
      'by the container that changed last',
      both,
      { 'storage-driver': 'overlayfs' },
      { state: 'seen', value: 'containerd', from: expect.stringContaining(hex('new')) },
    ],
    [
      'by the container that changed last, after a switch back',
      {
        ...both,
        ...container({ name: 'back', createdAt: '2026-07-01T00:00:00Z' }),
      },
      undefined,
      { state: 'seen', value: 'graphdriver', from: expect.stringContaining(hex('back')) },
    ],
    [
      'by the manifest of a container, where the name of its driver is one of both stores',
      container({ name: 'b', driver: 'btrfs', config: { ImageManifest: { digest: IMAGE, size: 1 } } }),
      undefined,
      { state: 'seen', value: 'containerd' },
    ],
    [
      'by nothing, where that name is all',
      container({ name: 'b', driver: 'btrfs' }),
      undefined,
      { state: 'failed', why: 'no image store has left anything here' },
    ],
    [
      'by nothing, without containers',
      { 'image/overlay2': null, 'buildkit/containerd-overlayfs': null },
      {},
      { state: 'failed', why: expect.stringContaining('both image stores have left data') },
    ],
    [
      'not against all that is there: a switch that no dockerd has made yet',
      GRAPHDRIVER,
      { features: { 'containerd-snapshotter': true } },
      { state: 'failed', why: expect.stringContaining('switched and not started since') },
    ],
    [
      'not against all that is there, the other way',
      CONTAINERD,
      { features: { 'containerd-snapshotter': false } },
      { state: 'failed', why: expect.stringContaining('switched and not started since') },
    ],
    [
      'by daemon.json alone, where nothing is there yet',
      { containers: null },
      { features: { 'containerd-snapshotter': true } },
      { state: 'seen', value: 'containerd' },
    ],
    [
      'by nothing in an empty directory',
      { containers: null },
      undefined,
      { state: 'failed', why: 'no image store has left anything here' },
    ],
  ])('of which both stores may be: known %s', async (_, files, config, mode) => {
    const known = config === undefined ? absent('daemon.json', 'now') : configured(config);
    const found = await read(made(files), 'docker.root', { config: known });
    expect(found.mode).toMatchObject(mode);
    if (files === both)
      expect(found).toMatchObject({ graphDrivers: ['overlay2'], snapshotters: ['overlayfs'] });
  });

  test('holds the images of the store that is not in use too', async () => {
    const root = made(both);
    expect((await read(root, 'docker.references')).items).toHaveLength(3);
    const { items } = await read(root, 'docker.containerRecords');
    expect(items.map(({ driver }) => driver).toSorted()).toEqual(['overlay2', 'overlay2', 'overlayfs']);
  });

  test('that is not there is absent, in every facet', async () => {
    const root = `${made()}/none`;
    for (const name of FACETS) expect(await observe(root, name), name).toMatchObject({ state: 'absent' });
    const { items } = await openDirectory({ disk: HERE, root }).databases();
    expect(items.map(({ file }) => file.state)).toEqual(['absent', 'absent', 'absent']);
  });

  test('that takes too long to read is not waited for, and no facet of it is an empty list', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => [`containers/${hex(`${i}`)}/x`, ''] as const);
    const root = made({ ...GRAPHDRIVER, ...Object.fromEntries(many) });
    const directory = openDirectory({ disk: HERE, root, deadlineMs: 1 });
    expect(await directory['docker.containerRecords']()).toMatchObject({
      state: 'timeout',
      why: expect.stringContaining('not all of it was read within 1ms'),
    });
    expect(await directory['docker.layers']()).toMatchObject({ state: 'timeout' });
    expect(await directory['docker.networks']()).toMatchObject({ state: 'timeout' });
    const { items } = await directory.databases();
    expect(items.map(({ file }) => file.state)).toEqual(['timeout', 'timeout', 'timeout']);
  });

  test('that may not be read is denied, in every facet', async () => {
    const root = made(GRAPHDRIVER);
    const refuse = (): never => {
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    };
    for (const name of FACETS) {
      expect(
        await observe(root, name, { disk: { open: refuse, stat: refuse, list: refuse } }),
        name,
      ).toMatchObject({
        state: 'denied',
        why: expect.stringContaining('needs root'),
      });
    }
  });
});
