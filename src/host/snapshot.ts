/** The model that views and probes see: one host at one moment, as facets. */
import type {
  Container,
  ContainerBody,
  ContentInfo,
  Image,
  Ingest,
  Lease,
  Manifest,
  Namespace,
  Plugin,
  Sandbox,
  ServerIdentity,
  ServerInfo,
  Snapshot,
  Task,
} from './containerd.ts';
import type { DaemonProcess, Discovery, Endpoint, SystemInfo } from './daemon.ts';
import type {
  DockerBody,
  DockerContainer,
  DockerDiscovery,
  DockerDiskUsage,
  DockerEndpoint,
  DockerImage,
} from './docker.ts';
import type {
  DockerBuildSnapshot,
  DockerContainerRecord,
  DockerImageConfig,
  DockerLayer,
  DockerLayerMount,
  DockerNetwork,
  DockerReference,
  DockerReferenceFile,
  DockerRoot,
  DockerVolume,
  GraphDirectory,
} from './docker-disk.ts';
import type { Listing, Observed, Timestamp } from './observed.ts';
import type {
  BlobFile,
  Database,
  IngestFolder,
  IngestRecord,
  LeaseResources,
  SnapshotBackend,
  SnapshotDirectory,
  SnapshotRecord,
  SnapshotUsage,
} from './storage.ts';

export const SCHEMA_VERSION = 1;

/** Every kind of fact, by name: `<layer>.<what>`. */
export interface Facets {
  'host.system': SystemInfo;
  'proc.daemons': Listing<DaemonProcess>;
  'containerd.discovery': Discovery;
  'containerd.endpoint': Endpoint;
  'containerd.version': ServerInfo;
  'containerd.identity': ServerIdentity;
  'containerd.plugins': Listing<Plugin>;
  'containerd.namespaces': Listing<Namespace>;
  'containerd.containers': Listing<Container>;
  'containerd.bodies': Listing<ContainerBody>;
  'containerd.tasks': Listing<Task>;
  'containerd.images': Listing<Image>;
  'containerd.manifests': Listing<Manifest>;
  'containerd.content': Listing<ContentInfo>;
  'containerd.ingests': Listing<Ingest>;
  'containerd.snapshots': Listing<Snapshot>;
  'containerd.leases': Listing<Lease>;
  'containerd.sandboxes': Listing<Sandbox>;
  'docker.discovery': DockerDiscovery;
  'docker.endpoint': DockerEndpoint;
  'docker.containers': Listing<DockerContainer>;
  'docker.bodies': Listing<DockerBody>;
  'docker.images': Listing<DockerImage>;
  'docker.diskUsage': DockerDiskUsage;
  'containerd.leaseResources': Listing<LeaseResources>;
  'containerd.usage': Listing<SnapshotUsage>;
  'metadata.databases': Listing<Database>;
  'metadata.snapshots': Listing<SnapshotRecord>;
  /** Every snapshot that a snapshotter has, those too that containerd has forgotten. */
  'metadata.backends': Listing<SnapshotBackend>;
  'metadata.ingests': Listing<IngestRecord>;
  'content.blobs': Listing<BlobFile>;
  'content.ingests': Listing<IngestFolder>;
  'snapshot.directories': Listing<SnapshotDirectory>;
  'docker.root': DockerRoot;
  'docker.references': Listing<DockerReference>;
  'docker.referenceFiles': Listing<DockerReferenceFile>;
  'docker.imageConfigs': Listing<DockerImageConfig>;
  'docker.layers': Listing<DockerLayer>;
  'docker.layerMounts': Listing<DockerLayerMount>;
  'docker.graphDirectories': Listing<GraphDirectory>;
  'docker.containerRecords': Listing<DockerContainerRecord>;
  'docker.volumes': Listing<DockerVolume>;
  'docker.networks': Listing<DockerNetwork>;
  'docker.buildSnapshots': Listing<DockerBuildSnapshot>;
}

export type FacetName = keyof Facets;

/** Facets whose value is a listing, with the item's type. */
export type ListingFacet = {
  [K in FacetName]: Facets[K] extends Listing<unknown> ? K : never;
}[FacetName];

export type ItemOf<K extends ListingFacet> = Facets[K] extends Listing<infer T> ? T : never;

/** The objects a snapshot is limited to; without a key, all. */
export interface Scope {
  readonly namespaces?: readonly string[];
  /** Containers whose bodies are wanted. */
  readonly containers?: readonly { readonly namespace: string; readonly id: string }[];
}

/** How long one facet took. */
export interface Timing {
  readonly facet: FacetName;
  readonly startedAt: Timestamp;
  readonly ms: number;
  readonly outcome: Observed<unknown>['state'] | 'partial';
}

export interface HostSnapshot {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly at: Timestamp;
  readonly from: 'live' | 'disk' | 'bundle';
  readonly scope: Scope;
  readonly facets: { readonly [K in FacetName]?: Observed<Facets[K]> };
  readonly timings: readonly Timing[];
}

/** The facet as it was observed; one that nobody wanted is `notCollected`. */
export const facet = <K extends FacetName>(host: HostSnapshot, name: K): Observed<Facets[K]> =>
  host.facets[name] ?? {
    state: 'notCollected',
    from: name,
    why: 'no view or probe asked for it',
    at: host.at,
    ms: 0,
  };

/** The first snapshot with the other's facets laid over it; both are of one host, moments apart. */
export const withFacets = (host: HostSnapshot, other: HostSnapshot): HostSnapshot => ({
  ...host,
  facets: { ...host.facets, ...other.facets },
  timings: [...host.timings, ...other.timings],
});
