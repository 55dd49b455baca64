/** What containerd's own files tell, beyond its API: its databases, the content store's files, the snapshotters' folders. */
import type { Labels, SnapshotKind } from './containerd.ts';
import type { Digest, NamespaceName, SnapshotKey } from './ids.ts';
import type { Observed, Timestamp } from './observed.ts';

/** One bbolt file, as it was read. */
export interface DatabaseFile {
  readonly path: string;
  readonly bytes: number;
  readonly pageSize: number;
  /** Bytes up to the last page that was ever used; a file does not shrink. */
  readonly usedBytes: number;
  /** The transaction that was read; of a file without a valid meta page, 0. */
  readonly txid: bigint;
  /** Version of the schema in it; null where there is none, for a database in which nothing was ever kept. */
  readonly version: number | null;
  /** Whether the daemon finished other transactions during each of our readings: then objects may be missing or twice. */
  readonly torn: boolean;
  /**
   * Whether the way in was lost, and the rest was found without it, as one of the last transactions left it: both meta pages
   * are broken, and the transaction is 0, or the root bucket is lost.
   */
  readonly salvaged: boolean;
  /** What is damaged, in words, as far as it is listed. */
  readonly damage: readonly string[];
}

/** A database whose place is known, and what reading it came to. */
export interface Database {
  /** `metadata` is meta.db; a snapshotter by its name; Docker's by their place in its root, `volumes/metadata.db`. */
  readonly owner: string;
  readonly path: string;
  /** Absent: there is no such file. */
  readonly file: Observed<DatabaseFile>;
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

/** What a snapshot takes of the disk, without its parents. */
export interface SnapshotUsage {
  readonly namespace: NamespaceName;
  readonly snapshotter: string;
  readonly key: SnapshotKey;
  /** Bytes. */
  readonly size: bigint;
  readonly inodes: bigint;
  /** `recorded`: as it was when it was committed; `measured`: the snapshotter counted just now. */
  readonly how: 'recorded' | 'measured';
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

/** A file in the content store's `blobs`: what every namespace's record of it shares. */
export interface BlobFile {
  /** From its place; whether its bytes are of that digest is another question. */
  readonly digest: Digest;
  readonly path: string;
  /** Bytes. */
  readonly size: bigint;
  /** When it was committed. */
  readonly modifiedAt: Timestamp;
}

/** A folder in the content store's `ingest`, recorded or not. */
export interface IngestFolder {
  /** The SHA-256 of the upload's name. */
  readonly folder: string;
  readonly path: string;
  /** NAMESPACE/NUMBER/REF; null where the folder has none. */
  readonly name: string | null;
  /** Bytes in it. */
  readonly offset: bigint;
  /** Bytes expected in all; null where the writer did not say. */
  readonly total: bigint | null;
  readonly startedAt: Timestamp | null;
  readonly updatedAt: Timestamp | null;
}

/** A folder that a snapshotter keeps a snapshot in, recorded or not. */
export interface SnapshotDirectory {
  readonly snapshotter: string;
  /** Its name: the number in the snapshotter's database, or `new-…` while it is made. */
  readonly name: string;
  readonly path: string;
  readonly modifiedAt: Timestamp;
}
