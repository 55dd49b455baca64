import { describe, expect, test } from 'vitest';
import { chainIds } from '../../../src/host/chain-id.ts';
import { buildGraph } from '../../../src/host/graph/build.ts';
import { containerId, digest, namespaceName, snapshotKey } from '../../../src/host/ids.ts';
import { absent, seen } from '../../../src/host/observed.ts';
import { type OwnerResult, ownerOf } from '../../../src/host/owner/owner.ts';
import { normalPath, placeOf } from '../../../src/host/owner/place.ts';
import type { HostSnapshot } from '../../../src/host/snapshot.ts';
import {
  AT,
  blob,
  container,
  EARLIER,
  image,
  ingest,
  ingestRecord,
  listed,
  type Made,
  made,
  sha,
  snapshot,
} from './made.ts';

const ROOT = '/var/lib/containerd';
const ID = '4f'.repeat(32);
const GC = 'containerd.io/gc.';

const plugin = (type: string, id: string, exports: Record<string, string>) => ({
  type,
  id,
  status: 'ok' as const,
  error: null,
  requires: [],
  platforms: [],
  capabilities: [],
  exports,
});

const backend = (id: bigint, name: string) => ({
  snapshotter: 'overlayfs',
  name,
  id,
  kind: 'Committed' as const,
  parent: null,
  size: 10n,
  inodes: 1n,
  labels: {},
  createdAt: EARLIER,
  updatedAt: EARLIER,
});

const record = (key: string, name: string) => ({
  namespace: namespaceName('shop'),
  snapshotter: 'overlayfs',
  key: snapshotKey(key),
  name,
  children: [],
  backend: seen(backend(1n, name), 'made up', AT),
});

const DOCKER_ROOT = {
  path: '/var/lib/docker',
  id: null,
  graphDrivers: ['overlay2'],
  snapshotters: [],
  mode: seen<'graphdriver'>('graphdriver', 'made up', AT),
  containerdRoot: null,
};

const LISTS: Made = {
  images: [image('docker.io/library/app:1', sha('a'))],
  content: [
    blob(sha('a'), { [`${GC}ref.content.config`]: sha('b') }),
    blob(sha('b'), { [`${GC}ref.snapshot.overlayfs`]: 'top' }),
    blob(sha('c')),
  ],
  snapshots: [snapshot('top'), snapshot('web', 'top')],
  containers: [
    container('web', { snapshot: 'web', image: 'docker.io/library/app:1' }),
    container('web', { namespace: 'blog' }),
    container('memory'),
    container(ID, { namespace: 'moby' }),
  ],
  ingests: [ingest('pull/1')],
  ingestRecords: [{ ...ingestRecord('pull/1', null), folder: 'beef' }],
  over: {
    'containerd.plugins': listed([
      plugin('io.containerd.content.v1', 'content', { root: `${ROOT}/io.containerd.content.v1.content` }),
      plugin('io.containerd.snapshotter.v1', 'overlayfs', { root: '/srv/layers' }),
      plugin('io.containerd.metadata.v1', 'bolt', { path: `${ROOT}/io.containerd.metadata.v1.bolt/meta.db` }),
    ]),
    'metadata.backends': listed([
      backend(7n, 'shop/3/top'),
      backend(9n, 'shop/4/a/b'),
      backend(11n, 'shop/5/lost'),
    ]),
    'metadata.snapshots': listed([record('top', 'shop/3/top')]),
    'docker.root': seen(DOCKER_ROOT, 'made up', AT),
    'docker.containers': listed([
      {
        namespace: namespaceName('moby'),
        id: containerId(ID),
        names: ['brave'],
        image: 'app',
        imageId: digest(sha('d')),
        state: 'running',
        status: '',
        exitCode: null,
        labels: {},
        createdAt: EARLIER,
      },
    ]),
    'docker.images': listed([
      {
        id: digest(sha('d')),
        tags: ['app:latest'],
        digests: [],
        size: 1n,
        containers: 1,
        labels: {},
        createdAt: EARLIER,
        target: null,
      },
    ]),
    'docker.layers': listed(
      chainIds([digest(sha('1')), digest(sha('2'))]).map((chainId, i) => ({
        driver: 'overlay2',
        chainId,
        diffId: null,
        cacheId: `cache${i}`,
        parent: null,
        size: 5n,
        removing: false,
      })),
    ),
    'docker.imageConfigs': listed([
      {
        driver: 'overlay2',
        imageId: digest(sha('d')),
        path: '',
        intact: true,
        size: 1n,
        diffIds: [digest(sha('1')), digest(sha('2'))],
        platform: null,
        createdAt: null,
        parent: null,
      },
    ]),
    'docker.layerMounts': listed([
      { driver: 'overlay2', containerId: containerId(ID), mountId: 'rw', initId: 'rw-init', parent: null },
      { driver: 'overlay2', containerId: containerId('gone'), mountId: 'old', initId: null, parent: null },
    ]),
    'docker.graphDirectories': listed([
      { driver: 'overlay2', id: 'abandoned', path: '', complete: true, modifiedAt: EARLIER },
    ]),
    'docker.volumes': listed([
      {
        name: 'data',
        driver: 'local',
        path: null,
        labels: {},
        createdAt: null,
        recorded: true,
        present: true,
      },
    ]),
  },
};

const host = made(LISTS);
const ask = (reference: string, of: HostSnapshot = host): OwnerResult =>
  ownerOf(of, buildGraph(of), reference);

/** `layer kind namespace/id (name): relation` of each owner. */
const owners = (reference: string): string[] => {
  const result = ask(reference);
  if (result.state !== 'answer') throw new Error(JSON.stringify(result));
  return result.answer.owners.map(
    ({ layer, kind, namespace, id, name, relation }) =>
      `${layer} ${kind} ${namespace ?? '-'}/${id}${name === null ? '' : ` (${name})`}: ${relation}`,
  );
};

const WEB = 'containerd container shop/web';
const APP = 'containerd image shop/docker.io/library/app:1';
const BRAVE = [
  `containerd container moby/${ID} (brave)`,
  `docker container moby/${ID} (brave): Docker's container`,
] as const;

describe('owner', () => {
  test.each([
    [sha('b'), [`${APP}: target > content.config`, `${WEB}: image > target > content.config`]],
    [sha('c'), []],
    ['overlayfs/top', [`${WEB}: snapshot > parent`, `${APP}: target > content.config > snapshot.overlayfs`]],
    [
      `${ROOT}/io.containerd.content.v1.content/blobs/sha256/${'c'.repeat(64)}`,
      [`content content shop/${sha('c')}: its file`],
    ],
    [`${ROOT}/io.containerd.content.v1.content/ingest/beef/data`, ['content ingest shop/pull/1: its folder']],
    [
      '/srv/layers/snapshots/7/fs/etc/passwd',
      [
        'snapshot snapshot shop/top: its folder',
        `${WEB}: snapshot > parent`,
        `${APP}: target > content.config > snapshot.overlayfs`,
      ],
    ],
    [
      '/srv/layers/snapshots/11',
      ['snapshot snapshot shop/lost: its folder; containerd has forgotten the snapshot'],
    ],
    [
      '/srv/layers/snapshots/9',
      ['snapshot snapshot shop/a/b: its folder; containerd has forgotten the snapshot'],
    ],
    ['/srv/layers/snapshots/12', []],
    ['/srv/layers/metadata.db', ['metadata database -/overlayfs: its file']],
    ['/run/containerd/io.containerd.runtime.v2.task/shop/web/rootfs', [`${WEB}: its bundle`]],
    ['/run/containerd/io.containerd.runtime.v2.task/blog/web', ['containerd container blog/web: its bundle']],
    [`/var/lib/docker/containers/${ID}/hostname`, [`${BRAVE[0]}: its files`, BRAVE[1]]],
    [`/var/lib/docker/rootfs/overlayfs/${ID}/etc`, [`${BRAVE[0]}: its root file system`, BRAVE[1]]],
    ['/var/lib/docker/overlay2/rw/diff/etc', [`${BRAVE[0]}: its layer`, BRAVE[1]]],
    ['/var/lib/docker/overlay2/rw-init', [`${BRAVE[0]}: its layer`, BRAVE[1]]],
    ['/var/lib/docker/overlay2/old', ['docker container -/gone: its layer; Docker does not list it']],
    [
      '/var/lib/docker/overlay2/cache0',
      [
        `docker image moby/${sha('d')} (app:latest): one of its layers`,
        `docker container moby/${ID} (brave): image`,
      ],
    ],
    ['/var/lib/docker/overlay2/nobodys', []],
    ['rw-init', [`${BRAVE[0]}: its layer`, BRAVE[1]]],
    ['overlay2/rw', [`${BRAVE[0]}: its layer`, BRAVE[1]]],
    ['abandoned', []],
    ['aban', []],
    [
      'cache1',
      [
        `docker image moby/${sha('d')} (app:latest): one of its layers`,
        `docker container moby/${ID} (brave): image`,
      ],
    ],
    [
      `/var/lib/docker/image/overlay2/layerdb/${sha('1').replace(':', '/')}/cache-id`,
      [
        `docker image moby/${sha('d')} (app:latest): one of its layers`,
        `docker container moby/${ID} (brave): image`,
      ],
    ],
    [`/run/docker/runtime-runc/moby/${ID}/state.json`, [`${BRAVE[0]}: its runtime's state`, BRAVE[1]]],
    ['/run/containerd/runc/shop/web/state.json', [`${WEB}: its runtime's state`]],
    [`/run/docker/containerd/${ID}/init-stdout`, [`${BRAVE[0]}: its id is in the path`, BRAVE[1]]],
    ['/var/lib/docker/volumes/data/_data/x', ['docker volume -/data (data): its folder']],
    ['/var/lib/docker/volumes/other', []],
    ['/sys/fs/cgroup/memory/shop/web', [`${WEB}: its cgroup`]],
    ['/blog/web', ['containerd container blog/web: its cgroup']],
    ['11:memory:/shop/web', [`${WEB}: its cgroup`]],
    [`/docker/${ID}`, [`${BRAVE[0]}: its cgroup`, BRAVE[1]]],
    [`/sys/fs/cgroup/system.slice/docker-${ID}.scope`, [`${BRAVE[0]}: its cgroup`, BRAVE[1]]],
    [
      `/kubepods.slice/kubepods-pod1.slice/cri-containerd-${ID}.scope/init`,
      [`${BRAVE[0]}: its cgroup`, BRAVE[1]],
    ],
    [`system.slice:docker:${ID}/x.slice`, [`${BRAVE[0]}: its cgroup`, BRAVE[1]]],
  ] as const)('of %s', (reference, expected) => {
    expect(owners(reference)).toEqual(expected);
  });

  test.each([
    ['/etc/passwd', /below no directory/],
    ['/sys/fs/cgroup/memory/system.slice', /no container id/],
    ['nothing', /not found/],
    [
      `/srv/other/io.containerd.content.v1.content/blobs/sha256/${'c'.repeat(64)}`,
      /another containerd's root; this one's is/,
    ],
  ])('of %s there is none', (reference, why) => {
    const result = ask(reference);
    expect(result.state).toBe('none');
    expect(result.state === 'none' && result.why).toMatch(why);
  });

  test('of several objects is not guessed', () => {
    expect(ask('web').state).toBe('ambiguous');
    expect(ask('cache')).toMatchObject({
      state: 'ambiguous',
      matches: [{ label: 'overlay2/cache0' }, { label: 'overlay2/cache1' }],
    });
  });

  test('knows a path on a disk as its machine had it, and as it is here', () => {
    const at = '/mnt/web-1';
    const disk = made({
      ...LISTS,
      over: {
        ...LISTS.over,
        'containerd.plugins': listed([]),
        'metadata.databases': listed([
          {
            owner: 'metadata',
            path: `${at}${ROOT}/io.containerd.metadata.v1.bolt/meta.db`,
            file: absent('made up', AT),
          },
        ]),
        'docker.root': seen({ ...DOCKER_ROOT, path: `${at}/var/lib/docker` }, 'made up', AT),
      },
    });
    const found = (reference: string, root: string) => ownerOf(disk, buildGraph(disk), reference, root);
    const config = `/var/lib/docker/containers/${ID}/hostname`;
    for (const path of [config, `${at}${config}`]) {
      expect(found(path, at), path).toMatchObject({
        state: 'answer',
        answer: { subject: `Docker's files of container ${ID}` },
      });
    }
    const blobFile = `${ROOT}/io.containerd.content.v1.content/blobs/sha256/${'c'.repeat(64)}`;
    for (const path of [blobFile, `${at}${blobFile}`]) {
      expect(found(path, at), path).toMatchObject({
        state: 'answer',
        answer: { subject: `the file of content ${sha('c')}` },
      });
    }
    expect(found('/var/lib/containerd/x', at)).toMatchObject({
      state: 'answer',
      answer: { subject: "a file of containerd's own" },
    });
    expect(found(`/../..${ROOT}/x`, at).state).toBe('answer');
    // Of a folder that is containerd's own nobody knows what was around it: this is a cgroup.
    expect(found('/blog/web', `${at}${ROOT}`)).toMatchObject({
      state: 'answer',
      answer: { subject: 'the cgroup of container web' },
    });
  });

  test('rests on the databases where the folder is only a number', () => {
    const without = made({
      ...LISTS,
      over: { 'containerd.plugins': LISTS.over?.['containerd.plugins'] ?? listed([]) },
    });
    const result = ask('/srv/layers/snapshots/7', without);
    expect(result.state === 'answer' && result.answer).toMatchObject({
      owners: [],
      restsOn: expect.arrayContaining(['metadata.backends']),
    });
  });
});

test('a path is what it says without the parts that say nothing', () => {
  expect(normalPath('/var/run/../run//x/./y/..')).toBe('/run/x');
  expect(normalPath('/var/runner')).toBe('/var/runner');
  expect(placeOf(host, '/srv/layers/snapshots/../snapshots/7/')).toMatchObject({
    what: 'snapshot',
    name: '7',
  });
});
