import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { dockerImages } from '../../probes/docker/images.ts';
import { dockerLeftovers } from '../../probes/docker/leftovers.ts';
import { openDiskHost } from '../../src/collect/disk.ts';
import { diagnose, wantsOf } from '../../src/diagnose/engine.ts';
import { dockerContainers } from '../../src/host/docker-join.ts';
import { kindNamed } from '../../src/host/kinds/index.ts';
import { isUnknown, type Observed } from '../../src/host/observed.ts';
import { facet } from '../../src/host/snapshot.ts';
import { unknownFacets, unknownOfKind } from '../../src/host/unknown-entries.ts';
import { database, type Files, scratch } from '../sources/docker/disk/tree.ts';

const root = scratch();

const VOLUMES_DB = database({ volumes: {} });

/** What dockerd makes when it first starts, below a folder. */
const dataBelow = (folder: string): Files => ({
  [`${folder}/containers`]: null,
  [`${folder}/volumes/metadata.db`]: VOLUMES_DB,
  [`${folder}/engine-id`]: `id-of-${folder.split('/').at(-1)}`,
});

const config = (text: string): Files => ({ 'etc/docker/daemon.json': text });

describe('Docker below a root', () => {
  test.for([
    ['maps users', '{"userns-remap":"default"}', 'var/lib/docker/100000.100000'],
    ['maps users, elsewhere', '{"data-root":"/data/d","userns-remap":"me"}', 'data/d/165536.165536'],
  ] as const)('that %s has its data in the folder of those users', async ([, text, folder]) => {
    const parent = folder.slice(0, folder.lastIndexOf('/'));
    // Left from before it did.
    const dir = root({ ...config(text), ...dataBelow(parent), ...dataBelow(folder) });
    const disk = await openDiskHost(dir, {});
    expect(disk.layout.docker).toBe(join(dir, folder));
    const host = await disk.collect(['docker.root']);
    expect(facet(host, 'docker.root')).toMatchObject({ value: { id: `id-of-${folder.split('/').at(-1)}` } });
    // As the folder that was named itself, too: the other mapping is not asked for then.
    expect((await openDiskHost(join(dir, folder), {})).layout.docker).toBe(join(dir, folder));
  });

  test('that maps none has it in its data root, whatever another mapping has left', async () => {
    const dir = root({ ...dataBelow('var/lib/docker'), ...dataBelow('var/lib/docker/100000.100000') });
    expect((await openDiskHost(dir, {})).layout.docker).toBe(join(dir, 'var/lib/docker'));
  });

  test('that maps users is known by its data root alone', async () => {
    const dir = root(dataBelow('docker/100000.100000'));
    const disk = await openDiskHost(join(dir, 'docker'), {});
    expect(disk.layout.docker).toBe(join(dir, 'docker/100000.100000'));
  });

  test('has databases without a containerd', async () => {
    const dir = root(dataBelow('var/lib/docker'));
    const disk = await openDiskHost(dir, {});
    const fact = facet(await disk.collect(['metadata.databases']), 'metadata.databases');
    if (fact.state !== 'seen') throw new Error(JSON.stringify(fact));
    expect(fact.value.items.map(({ owner, file }) => [owner, file.state])).toEqual([
      ['volumes/metadata.db', 'seen'],
      ['network/files/local-kv.db', 'absent'],
      ['buildkit/snapshots.db', 'absent'],
    ]);
  });

  test.for([
    ['is broken', config('{')],
    ['is a folder', { 'etc/docker/daemon.json': null }],
    ['is far too large', config(' '.repeat((1 << 20) + 1))],
  ] as const)('whose daemon.json %s may be anywhere', async ([, files]) => {
    const dir = root({ ...files, ...dataBelow('srv/docker') });
    const host = await (await openDiskHost(dir, {})).collect(['docker.root', 'containerd.images']);
    for (const name of ['docker.root', 'containerd.images'] as const) {
      const fact: Observed<unknown> = facet(host, name);
      expect(isUnknown(fact)).toBe(true);
      expect(fact.from).toBe(join(dir, 'etc/docker/daemon.json'));
    }
  });

  test('is not on the disk where all of it was looked at', async () => {
    const host = await (await openDiskHost(root({ etc: null }), {})).collect(['docker.root']);
    expect(facet(host, 'docker.root')).toMatchObject({ state: 'absent' });
  });

  test('does not say that its containerd, which is elsewhere, has nothing', async () => {
    for (const [dir, below] of [
      [root(dataBelow('var/lib/docker')), ''],
      [root(dataBelow('var/lib/docker')), 'var/lib/docker'],
    ] as const) {
      const host = await (await openDiskHost(join(dir, below), {})).collect(['containerd.snapshots']);
      expect(facet(host, 'containerd.snapshots')).toMatchObject({
        state: 'offline',
        why: expect.stringContaining('where containerd has kept its files is not known'),
      });
    }
  });

  test('is told by its daemon.json which image store it uses', async () => {
    const dir = root({
      ...config('{"features":{"containerd-snapshotter":true}}'),
      ...dataBelow('var/lib/docker'),
      'var/lib/docker/image/overlay2/repositories.json': '{}',
      'var/lib/docker/buildkit/containerd-overlayfs/x': '',
    });
    const host = await (await openDiskHost(dir, {})).collect(['docker.root']);
    expect(facet(host, 'docker.root')).toMatchObject({
      value: { mode: { state: 'seen', value: 'containerd', from: expect.stringContaining('daemon.json') } },
    });
  });
});

test('an engine-id that cannot be read leaves the rest of the data directory known', async () => {
  const dir = root({
    'var/lib/docker/containers': null,
    'var/lib/docker/volumes/metadata.db': VOLUMES_DB,
    'var/lib/docker/engine-id/folder': '',
    'var/lib/docker/image/overlay2/repositories.json': '{}',
  });
  const host = await (await openDiskHost(dir, {})).collect(['docker.root']);
  const fact = facet(host, 'docker.root');
  expect(fact).toMatchObject({ state: 'seen', value: { mode: { value: 'graphdriver' } } });
  expect(fact.state === 'seen' && 'id' in fact.value).toBe(false);
  expect(unknownFacets(host, ['docker.root'])).toMatchObject([
    { source: join(dir, 'var/lib/docker/engine-id'), fields: ['id'] },
  ]);
});

describe('what stands in for a Docker that does not run', () => {
  const [WEB, CUT] = ['a'.repeat(64), 'b'.repeat(64)];
  const tree = (repositories: string): Files => ({
    ...dataBelow('var/lib/docker'),
    'var/lib/docker/image/overlay2/repositories.json': repositories,
    [`var/lib/docker/containers/${WEB}/config.v2.json`]: JSON.stringify({
      ID: WEB,
      Name: '/web',
      Driver: 'overlay2',
      Config: { Image: 'busybox' },
      State: { Running: false },
    }),
    [`var/lib/docker/containers/${CUT}/config.v2.json`]: '{"ID"',
  });

  test('names its containers by their files, and one that cannot be read stays unknown', async () => {
    const host = await (await openDiskHost(root(tree('{}')), {})).collect(['docker.containers']);
    const dockerOf = dockerContainers(host);
    expect(dockerOf('moby', WEB)?.names).toEqual(['web']);
    expect(dockerOf('moby', CUT)).toBeUndefined();
    expect(dockerOf('moby', 'c'.repeat(64))).toBeNull();
    expect(unknownFacets(host, ['docker.containers'])).toMatchObject([
      { source: expect.stringContaining(`${CUT}/config.v2.json`), object: { id: CUT } },
    ]);
  });

  test.for([
    ['whole', '{"Repositories":{}}', 'pass', ''],
    ['cut', '{"Repositories":{"a":{"a:1"', 'skip', 'repositories.json is damaged at byte'],
    ['empty', '', 'skip', 'repositories.json is empty'],
    ['of other types', '{"Repositories":[]}', 'skip', 'Repositories is a list, not an object'],
  ] as const)('answers for images with a repositories.json that is %s', async ([, text, outcome, reason]) => {
    const probes = [dockerImages, dockerLeftovers];
    const host = await (await openDiskHost(root(tree(text)), {})).collect(wantsOf(probes));
    const said = (await diagnose(host, probes, undefined)).probes.find(({ id }) => id === dockerImages.id);
    expect(said).toMatchObject({ outcome, reason: expect.stringContaining(reason) });
  });

  test('says of the images where the names of others are lost', async () => {
    const files: Files = {
      ...dataBelow('var/lib/docker'),
      [`var/lib/docker/image/overlay2/imagedb/content/sha256/${WEB}`]: '{}',
      'var/lib/containerd/io.containerd.content.v1.content/blobs': null,
    };
    const host = await (await openDiskHost(root(files), {})).collect(['containerd.images']);
    const images = kindNamed('images');
    if (images === undefined) throw new Error('there is such a kind');
    expect(unknownOfKind(host, images)).toContainEqual(
      expect.objectContaining({ reason: expect.stringContaining('repositories.json is not there') }),
    );
  });
});
