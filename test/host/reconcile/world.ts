/** Made-up hosts on which Docker and containerd agree, to be broken one fact at a time. */

import { chainIds } from '../../../src/host/chain-id.ts';
import type {
  Container,
  ContentInfo,
  Image,
  Lease,
  Manifest,
  Snapshot,
  Task,
  TaskStatus,
} from '../../../src/host/containerd.ts';
import type {
  DockerContainer,
  DockerDiscovery,
  DockerEndpoint,
  DockerImage,
  DockerMode,
} from '../../../src/host/docker.ts';
import type {
  DockerBuildSnapshot,
  DockerContainerRecord,
  DockerImageConfig,
  DockerLayer,
  DockerLayerMount,
  DockerReference,
  DockerRoot,
  GraphDirectory,
} from '../../../src/host/docker-disk.ts';
import { containerId, digest, namespaceName, snapshotKey } from '../../../src/host/ids.ts';
import { absent, type Gap, type Listing, type Observed, seen } from '../../../src/host/observed.ts';
import {
  type FacetName,
  type Facets,
  type HostSnapshot,
  SCHEMA_VERSION,
} from '../../../src/host/snapshot.ts';
import type { LeaseResources } from '../../../src/host/storage.ts';
import { bodyOf, dockerOf, endpointOf, recordOf, taskOf } from '../../sources/docker/hosts.ts';

export const AT = '2026-01-01T12:00:00Z';
/** Long enough ago for everybody to know of it. */
export const BEFORE = '2026-01-01T10:00:00Z';

const MOBY = namespaceName('moby');

/** Hexadecimal digits, by a word. */
export const idOf = (word: string): string => Buffer.from(word).toString('hex').padEnd(64, '0').slice(0, 64);
export const digestOf = (word: string): ReturnType<typeof digest> => digest(`sha256:${idOf(word)}`);

/** What is on the host, as lists that a test may change. */
export interface World {
  readonly mode: DockerMode;
  readonly driver: string;
  endpoint: Observed<DockerEndpoint>;
  root: Observed<DockerRoot>;
  discovery: DockerDiscovery;
  listed: DockerContainer[];
  files: DockerContainerRecord[];
  records: Container[];
  tasks: Task[];
  images: DockerImage[];
  references: DockerReference[];
  configs: DockerImageConfig[];
  layers: DockerLayer[];
  mounts: DockerLayerMount[];
  directories: GraphDirectory[];
  builds: DockerBuildSnapshot[];
  imageRecords: Image[];
  manifests: Manifest[];
  content: ContentInfo[];
  snapshots: Snapshot[];
  leases: Lease[];
  resources: LeaseResources[];
  from: HostSnapshot['from'];
  scope: HostSnapshot['scope'];
}

/** The facets that a comparison reads, and where the world has them. */
const LISTS = {
  'docker.containers': 'listed',
  'docker.containerRecords': 'files',
  'docker.images': 'images',
  'docker.references': 'references',
  'docker.imageConfigs': 'configs',
  'docker.layers': 'layers',
  'docker.layerMounts': 'mounts',
  'docker.graphDirectories': 'directories',
  'docker.buildSnapshots': 'builds',
  'containerd.containers': 'records',
  'containerd.tasks': 'tasks',
  'containerd.images': 'imageRecords',
  'containerd.manifests': 'manifests',
  'containerd.content': 'content',
  'containerd.snapshots': 'snapshots',
  'containerd.leases': 'leases',
  'containerd.leaseResources': 'resources',
} as const satisfies Partial<Record<FacetName, keyof World>>;

export const FACETS: readonly FacetName[] = [
  ...(Object.keys(LISTS) as (keyof typeof LISTS)[]),
  'docker.endpoint',
  'docker.root',
  'docker.discovery',
];

type Parts = { readonly [K in FacetName]?: Observed<Facets[K]> };

/** The snapshot of a world; facets that are given are those instead of the world's. */
export const hostOf = (
  world: World,
  instead: Parts = {},
  gaps: { readonly [name: string]: readonly Gap[] } = {},
): HostSnapshot => {
  const listing = (name: keyof typeof LISTS): Observed<Listing<unknown>> =>
    seen({ items: world[LISTS[name]], gaps: gaps[name] ?? [] }, name, AT);
  const facets = Object.fromEntries(
    (Object.keys(LISTS) as (keyof typeof LISTS)[]).map((name) => [name, listing(name)]),
  );
  return {
    schemaVersion: SCHEMA_VERSION,
    at: AT,
    from: world.from,
    scope: world.scope,
    facets: {
      ...facets,
      'docker.endpoint': world.endpoint,
      'docker.root': world.root,
      'docker.discovery': seen(world.discovery, '/proc', AT),
      ...instead,
    } as HostSnapshot['facets'],
    timings: [],
  };
};

/** A Docker with a graphdriver; with `before`, containers and images of containerd's store are left from before a switch. */
export const graphdriverWorld = (options: { readonly before?: boolean } = {}): World => {
  const world = emptyWorld('graphdriver', 'overlay2');
  addGraphdriver(world, true);
  if (options.before === true) addStore(world, false);
  addOthers(world);
  return world;
};

/** A Docker with containerd's image store; with `before`, those of a graphdriver are left from before the switch. */
export const storeWorld = (options: { readonly before?: boolean } = {}): World => {
  const world = emptyWorld('containerd', 'overlayfs');
  addStore(world, true);
  if (options.before === true) addGraphdriver(world, false);
  addOthers(world);
  return world;
};

/** Names of the containers in each kind of world, in use or left behind. */
export const container = (word: string): string => idOf(`c-${word}`);

function emptyWorld(mode: DockerMode, driver: string): World {
  const root: DockerRoot = {
    path: '/var/lib/docker',
    id: 'x',
    graphDrivers: [],
    snapshotters: [],
    mode: seen(mode, 'daemon.json', AT),
    containerdRoot: null,
  };
  return {
    mode,
    driver,
    endpoint: seen(endpointOf(seen(mode, 'GET /info', AT), driver), 'GET /info', AT),
    root: seen(root, '/var/lib/docker', AT),
    discovery: { containerd: '/run/containerd/containerd.sock', candidates: [], chosen: null },
    listed: [],
    files: [],
    records: [],
    tasks: [],
    images: [],
    references: [],
    configs: [],
    layers: [],
    mounts: [],
    directories: [],
    builds: [],
    imageRecords: [],
    manifests: [],
    content: [],
    snapshots: [],
    leases: [],
    resources: [],
    from: 'live',
    scope: {},
  };
}

const STATES = [
  ['running', 'RUNNING'],
  ['paused', 'PAUSED'],
  ['exited', null],
  ['created', null],
  ['dead', null],
] as const;

function addContainers(world: World, prefix: string, driver: string, active: boolean): readonly string[] {
  return STATES.map(([state, status]) => {
    const id = container(`${prefix}${state}`);
    const { state: body } = bodyOf(id, { status: state, running: status !== null });
    world.files.push({
      id: containerId(id),
      name: `${prefix}${state}`,
      path: `/var/lib/docker/containers/${id}`,
      image: 'app:1',
      imageId: digestOf(`${prefix}app`),
      manifest: null,
      driver,
      state: { ...body, status: active ? state : 'exited' },
      labels: {},
      createdAt: BEFORE,
      limits: absent('hostconfig.json', AT),
    });
    if (active) {
      world.listed.push({ ...dockerOf(id, state, `${prefix}${state}`), createdAt: BEFORE });
      if (status !== null) run(world, id, status);
    }
    return id;
  });
}

/** containerd's part of a container that runs. */
export const run = (world: World, id: string, status: TaskStatus): void => {
  world.records.push(
    recordOf(id, { createdAt: BEFORE, labels: { 'com.docker/engine.bundle.path': `/run/docker/${id}` } }),
  );
  world.tasks.push(taskOf(id, status));
};

function addGraphdriver(world: World, active: boolean): void {
  const driver = 'overlay2';
  setRoot(world, (root) => ({ ...root, graphDrivers: [driver] }));
  // Pulled, with the manifests kept; pulled, when another namespace had them; built upon a step that has no name.
  graphImage(world, 'app', {
    tags: ['app:1', 'registry.test:5000/a/b:2'],
    layers: ['base', 'app'],
    lease: 'full',
    active,
  });
  graphImage(world, 'pulled', { tags: ['ghcr.io/x/y:3'], layers: ['base'], lease: 'empty', active });
  graphImage(world, 'built', {
    tags: ['built:latest'],
    layers: ['base', 'step', 'built'],
    lease: 'none',
    active,
  });
  graphImage(world, 'step', { tags: [], layers: ['base', 'step'], lease: 'none', active, hidden: true });
  graphImage(world, 'dangling', { tags: [], layers: ['base'], lease: 'none', active });
  for (const id of addContainers(world, 'g-', driver, active)) mount(world, driver, id);
  // A build's mount and snapshot are among those of containers and layers.
  mount(world, driver, 'q1w2e3r4t5y6u7i8o9p0asdfg');
  world.directories.push(
    directoryOf(driver, 'build-key'),
    directoryOf(driver, 'build-graph'),
    directoryOf(driver, 'l'),
  );
  world.builds.push({ key: 'build-key', graphId: null }, { key: 'sha256:other', graphId: 'build-graph' });
}

function graphImage(
  world: World,
  word: string,
  how: {
    readonly tags: readonly string[];
    readonly layers: readonly string[];
    readonly lease: 'full' | 'empty' | 'none';
    readonly active: boolean;
    readonly hidden?: boolean;
  },
): void {
  const driver = 'overlay2';
  const id = digestOf(word);
  const diffIds = how.layers.map((layer) => digestOf(`diff-${layer}`));
  for (const reference of how.tags) {
    world.references.push({ driver, repository: reference.replace(/:[^:/]*$/, ''), reference, imageId: id });
  }
  world.configs.push({
    driver,
    imageId: id,
    path: `/var/lib/docker/image/${driver}/imagedb/content/sha256/${idOf(word)}`,
    intact: true,
    size: 1000n,
    diffIds,
    platform: 'linux/amd64',
    createdAt: BEFORE,
    parent: null,
  });
  chainIds(diffIds).forEach((chainId, i) => {
    if (world.layers.some((layer) => layer.chainId === chainId)) return;
    const cacheId = `cache-${how.layers.slice(0, i + 1).join('-')}`;
    world.layers.push({
      driver,
      chainId: digest(chainId),
      diffId: diffIds[i] ?? null,
      cacheId,
      parent: null,
      size: 1n,
      removing: false,
    });
    world.directories.push(directoryOf(driver, cacheId));
  });
  if (how.active && how.hidden !== true) world.images.push(dockerImage(id, how.tags));
  if (how.lease === 'none') return;
  const lease = `moby-image-${id}`;
  world.leases.push(leaseOf(lease));
  world.resources.push({
    ...resourcesOf(lease),
    content: how.lease === 'full' ? [digestOf('manifest')] : [],
  });
}

export const directoryOf = (driver: string, id: string, modifiedAt = BEFORE): GraphDirectory => ({
  driver,
  id,
  path: `/var/lib/docker/${driver}/${id}`,
  complete: true,
  modifiedAt,
});

function mount(world: World, driver: string, id: string): void {
  const mountId = `mount-${id}`;
  world.mounts.push({
    driver,
    containerId: containerId(id),
    mountId,
    initId: `${mountId}-init`,
    parent: null,
  });
  world.directories.push(directoryOf(driver, mountId), directoryOf(driver, `${mountId}-init`));
}

function addStore(world: World, active: boolean): void {
  const driver = 'overlayfs';
  setRoot(world, (root) => ({ ...root, snapshotters: [driver] }));
  storeImage(world, 's-app', ['docker.io/library/app:1', 'docker.io/library/app:2'], active);
  storeImage(world, 's-registry', ['registry.test:5000/a/b:2'], active);
  storeImage(world, 's-dangling', [`moby-dangling@${digestOf('s-dangling')}`], active);
  storeImage(world, 's-step', [`moby-dangling@${digestOf('s-step')}`], active, true);
  const [app] = world.imageRecords;
  if (app !== undefined) {
    world.imageRecords[0] = { ...app, labels: { 'org.mobyproject.image.parent': digestOf('s-step') } };
  }
  for (const id of addContainers(world, 's-', driver, active)) {
    world.snapshots.push(
      snapshotOf(driver, id, 'Active', `${id}-init`),
      snapshotOf(driver, `${id}-init`, 'Committed', 'sha256:chain'),
    );
    world.leases.push(leaseOf(id));
    world.resources.push({
      ...resourcesOf(id),
      snapshots: [id, `${id}-init`].map((key) => ({ snapshotter: driver, key: snapshotKey(key) })),
    });
  }
}

function storeImage(
  world: World,
  word: string,
  names: readonly string[],
  active: boolean,
  hidden = false,
): void {
  const [target, manifest, config] = [
    digestOf(word),
    digestOf(`${word}-manifest`),
    digestOf(`${word}-config`),
  ];
  const descriptor = {
    mediaType: 'application/vnd.oci.image.index.v1+json',
    digest: target,
    size: 1n,
    annotations: {},
  };
  for (const name of names) {
    world.imageRecords.push({
      namespace: MOBY,
      name,
      target: descriptor,
      labels: {},
      createdAt: BEFORE,
      updatedAt: BEFORE,
    });
  }
  const child = (role: 'manifest' | 'config' | 'layer', of: typeof target): Manifest['children'][number] => ({
    role,
    mediaType: '',
    digest: of,
    size: 1n,
    platform: null,
  });
  const manifestOf = (
    of: typeof target,
    kind: Manifest['kind'],
    children: Manifest['children'],
  ): Manifest => ({
    namespace: MOBY,
    digest: of,
    kind,
    platform: null,
    children,
  });
  world.manifests.push(
    // Another platform's manifest was not pulled, and the layers were dropped once they were unpacked.
    manifestOf(target, 'index', [child('manifest', manifest), child('manifest', digestOf(`${word}-arm`))]),
    manifestOf(manifest, 'manifest', [child('config', config), child('layer', digestOf(`${word}-layer`))]),
  );
  for (const of of [target, manifest, config]) {
    world.content.push({
      namespace: MOBY,
      digest: of,
      size: 1n,
      labels: {},
      createdAt: BEFORE,
      updatedAt: null,
    });
  }
  const tags = names
    .filter((name) => !name.startsWith('moby-dangling@'))
    .map((name) => name.replace('docker.io/library/', ''));
  if (active && !hidden) world.images.push({ ...dockerImage(target, tags), target: descriptor });
}

// What is on every host: another client in Docker's namespace, other namespaces, and operations under way.
function addOthers(world: World): void {
  const operation = 'containerd.io/gc.expire';
  world.records.push(
    recordOf('stray', { createdAt: BEFORE }),
    recordOf('web', { namespace: namespaceName('other'), createdAt: BEFORE }),
  );
  world.tasks.push(taskOf('stray', 'RUNNING'), taskOf('web', 'RUNNING', 5, 'other'));
  world.leases.push(
    { ...leaseOf('174839-abc'), labels: { [operation]: '2026-01-02T00:00:00Z' } },
    leaseOf('build-cache-of-somebody'),
    { ...leaseOf(idOf('elsewhere')), namespace: namespaceName('other') },
  );
  world.snapshots.push(snapshotOf('overlayfs', 'build-snapshot', 'Active', null), {
    ...snapshotOf('overlayfs', idOf('elsewhere'), 'Active', null),
    namespace: namespaceName('other'),
  });
}

const setRoot = (world: World, change: (root: DockerRoot) => DockerRoot): void => {
  if (world.root.state === 'seen') world.root = { ...world.root, value: change(world.root.value) };
};

const dockerImage = (id: ReturnType<typeof digest>, tags: readonly string[]): DockerImage => ({
  id,
  tags,
  digests: [],
  size: 1n,
  containers: null,
  labels: {},
  createdAt: BEFORE,
  target: null,
});

export const leaseOf = (id: string, createdAt = BEFORE): Lease => ({
  namespace: MOBY,
  id,
  labels: {},
  createdAt,
});

const resourcesOf = (id: string): LeaseResources => ({
  namespace: MOBY,
  id,
  content: [],
  images: [],
  ingests: [],
  snapshots: [],
});

export const snapshotOf = (
  snapshotter: string,
  key: string,
  kind: Snapshot['kind'],
  parent: string | null,
  createdAt = BEFORE,
): Snapshot => ({
  namespace: MOBY,
  snapshotter,
  key: snapshotKey(key),
  parent: parent === null ? null : snapshotKey(parent),
  kind,
  labels: {},
  createdAt,
  updatedAt: createdAt,
});
