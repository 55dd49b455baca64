import type { DockerMode } from '../../../src/host/docker.ts';
import type { DockerRoot } from '../../../src/host/docker-disk.ts';
import { namespaceName } from '../../../src/host/ids.ts';
import { type Gap, type Listing, type Observed, seen } from '../../../src/host/observed.ts';
import {
  type FacetName,
  type Facets,
  type HostSnapshot,
  SCHEMA_VERSION,
} from '../../../src/host/snapshot.ts';
import { endpointOf, recordOf, taskOf } from '../../sources/docker/hosts.ts';
import type { World } from './containers.ts';
import { addGraphdriver } from './graphdriver.ts';
import { AT, BEFORE, idOf, leaseOf, snapshotOf } from './objects.ts';
import { addStore } from './store.ts';

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
