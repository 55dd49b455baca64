/** What the files tell that the API does not, in the words of the host model. */
import type { Labels, SnapshotKind } from '../../host/containerd.ts';
import type { Digest, NamespaceName, SnapshotKey } from '../../host/ids.ts';
import type { Listing, Observed, Timestamp } from '../../host/observed.ts';
import type { Facets } from '../../host/snapshot.ts';

/** All that can be asked of the files, by name: facets that the API gives as well, and what only they have. */
export interface MetadataFacts
  extends Pick<
    Facets,
    | 'containerd.namespaces'
    | 'containerd.containers'
    | 'containerd.bodies'
    | 'containerd.images'
    | 'containerd.content'
    | 'containerd.ingests'
    | 'containerd.snapshots'
    | 'containerd.leases'
    | 'containerd.sandboxes'
  > {
  'metadata.leaseResources': Listing<LeaseResources>;
  'metadata.snapshots': Listing<SnapshotRecord>;
  /** Every snapshot that a snapshotter has, those too that containerd has forgotten. */
  'metadata.backends': Listing<SnapshotBackend>;
  'metadata.ingests': Listing<IngestRecord>;
  'metadata.sandboxBodies': Listing<SandboxBody>;
}

export type FactName = keyof MetadataFacts;

/** One bbolt file, as it was read. */
export interface DatabaseFile {
  readonly path: string;
  readonly bytes: number;
  readonly pageSize: number;
  /** Bytes up to the last page that was ever used; a file does not shrink. */
  readonly usedBytes: number;
  /** The transaction that was read. */
  readonly txid: bigint;
  /** Version of the schema in it; null where there is none, for a database in which nothing was ever kept. */
  readonly version: number | null;
  /** Whether the daemon finished other transactions during each of our readings: then objects may be missing or twice. */
  readonly torn: boolean;
  /** Whether both meta pages are broken, and the rest was found without them: as one of the last transactions left it. */
  readonly salvaged: boolean;
  /** What is damaged, in words, as far as it is listed. */
  readonly damage: readonly string[];
}

/** What a lease keeps from being collected. */
export interface LeaseResources {
  readonly namespace: NamespaceName;
  readonly id: string;
  readonly content: readonly Digest[];
  /** Since 2.0: images that would expire. */
  readonly images: readonly string[];
  readonly ingests: readonly string[];
  readonly snapshots: readonly { readonly snapshotter: string; readonly key: SnapshotKey }[];
}

/** A snapshotter's own record of a snapshot. */
export interface SnapshotBackend {
  readonly snapshotter: string;
  /** NAMESPACE/NUMBER/KEY. */
  readonly name: string;
  /** Never used twice; the overlay snapshotter's folder is called so. */
  readonly id: bigint;
  readonly kind: SnapshotKind;
  /** A name too. */
  readonly parent: string | null;
  /** Known once it is committed. */
  readonly size: bigint | null;
  readonly inodes: bigint | null;
  readonly labels: Labels;
  readonly createdAt: Timestamp | null;
  readonly updatedAt: Timestamp | null;
}

/** containerd's record of a snapshot, with the snapshotter's. */
export interface SnapshotRecord {
  readonly namespace: NamespaceName;
  readonly snapshotter: string;
  readonly key: SnapshotKey;
  /** In the snapshotter's database. */
  readonly name: string;
  readonly children: readonly SnapshotKey[];
  /** Absent: the snapshotter's database was read, and has no such snapshot. */
  readonly backend: Observed<SnapshotBackend>;
}

/** containerd's record of an upload. */
export interface IngestRecord {
  readonly namespace: NamespaceName;
  readonly ref: string;
  /** In the content store: NAMESPACE/NUMBER/REF. */
  readonly name: string;
  /** Its folder in the content store's `ingest`: the SHA-256 of the name. */
  readonly folder: string;
  /** When it is collected; null for one that a lease holds. */
  readonly expiresAt: Timestamp | null;
  /** The digest, where another namespace has the content already. */
  readonly expected: string | null;
}

/** A sandbox's spec and what else is too large to hold for every sandbox. */
export interface SandboxBody {
  readonly namespace: NamespaceName;
  readonly id: string;
  /** `root` is 1.7's place, beside the schema's bucket instead of in it. */
  readonly place: 'v1' | 'root';
  readonly spec: Observed<unknown>;
  readonly runtimeOptions: Observed<unknown>;
  readonly extensions: Readonly<Record<string, Observed<unknown>>>;
}
