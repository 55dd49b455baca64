/** containerd's objects as its API gives them, with its own nouns. Sizes are bytes; times are RFC 3339. */
import type { ContainerId, Digest, NamespaceName, Pid, SnapshotKey } from './ids.ts';
import type { Observed, Timestamp } from './observed.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Namespace {
  readonly name: NamespaceName;
  readonly labels: Labels;
}

export interface Container {
  readonly namespace: NamespaceName;
  readonly id: ContainerId;
  readonly labels: Labels;
  /** The image's name; empty for Docker's graphdriver containers. */
  readonly image: string;
  readonly runtime: string;
  readonly snapshotter: string;
  readonly snapshotKey: SnapshotKey;
  /** The sandbox it runs in, since 1.7; empty for most. */
  readonly sandbox: string;
  readonly createdAt: Timestamp | null;
  readonly updatedAt: Timestamp | null;
}

export type TaskStatus = 'CREATED' | 'RUNNING' | 'STOPPED' | 'PAUSED' | 'PAUSING';

export interface Task {
  readonly namespace: NamespaceName;
  readonly id: ContainerId;
  readonly status: Observed<TaskStatus>;
  /** The init process; containerd keeps it after the exit. */
  readonly pid: Observed<Pid>;
  readonly exitStatus: number | null;
  readonly exitedAt: Timestamp | null;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: bigint;
  readonly annotations: Labels;
}

export interface Image {
  readonly namespace: NamespaceName;
  readonly name: string;
  readonly target: Descriptor;
  readonly labels: Labels;
  readonly createdAt: Timestamp | null;
  readonly updatedAt: Timestamp | null;
}

/** OCI platform as `os/architecture[/variant]`. */
export type Platform = string;

/** One edge of the graph that an image's target opens: index → manifest → config and layers. */
export interface ManifestChild {
  readonly role: 'manifest' | 'config' | 'layer' | 'attestation';
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: bigint;
  readonly platform: Platform | null;
}

/** An index or manifest, read and parsed; only its edges are kept. */
export interface Manifest {
  readonly namespace: NamespaceName;
  readonly digest: Digest;
  /** `absent`: the image record names it, but the namespace has no such blob. */
  readonly kind: 'index' | 'manifest' | 'other' | 'absent';
  /** For a manifest, the platform that its config names. */
  readonly platform: Platform | null;
  readonly children: readonly ManifestChild[];
  /** Of an index, the manifest that runs on the host it was read on; none of them may. */
  readonly here?: Digest;
}

export interface ContentInfo {
  readonly namespace: NamespaceName;
  readonly digest: Digest;
  readonly size: bigint;
  readonly labels: Labels;
  readonly createdAt: Timestamp | null;
  /** Null before 2.0 too, whose list leaves it out: no item of a listing may tell it. */
  readonly updatedAt: Timestamp | null;
}

/** An upload into the content store that has not been committed. */
export interface Ingest {
  readonly namespace: NamespaceName;
  readonly ref: string;
  /** Bytes written so far. */
  readonly offset: bigint;
  /** Bytes expected in all; 0 where the writer did not say. */
  readonly total: bigint;
  readonly expected: string;
  readonly startedAt: Timestamp | null;
  readonly updatedAt: Timestamp | null;
}

export type SnapshotKind = 'Active' | 'Committed' | 'View' | 'Unknown';

export interface Snapshot {
  readonly namespace: NamespaceName;
  readonly snapshotter: string;
  readonly key: SnapshotKey;
  readonly parent: SnapshotKey | null;
  readonly kind: SnapshotKind;
  readonly labels: Labels;
  readonly createdAt: Timestamp | null;
  readonly updatedAt: Timestamp | null;
}

export interface Lease {
  readonly namespace: NamespaceName;
  readonly id: string;
  readonly labels: Labels;
  readonly createdAt: Timestamp | null;
}

export interface Sandbox {
  readonly namespace: NamespaceName;
  readonly id: string;
  readonly runtime: string;
  /** The controller that runs it, since 2.0. */
  readonly sandboxer: string;
  readonly labels: Labels;
  readonly createdAt: Timestamp | null;
  readonly updatedAt: Timestamp | null;
}

export interface Plugin {
  readonly type: string;
  readonly id: string;
  /** `skip` is a plugin that decided it does not apply here: normal, not a fault. */
  readonly status: 'ok' | 'skip' | 'error';
  readonly error: string | null;
  readonly requires: readonly string[];
  readonly platforms: readonly Platform[];
  readonly capabilities: readonly string[];
  readonly exports: Labels;
}

/** What the daemon says of itself. */
export interface ServerInfo {
  readonly version: string;
  readonly revision: string;
}

/** What Introspection.Server adds; pid and pidns since 1.6.25 and 1.7.0. */
export interface ServerIdentity {
  readonly uuid: string;
  /** In the daemon's own pid namespace. */
  readonly pid: Pid | null;
  /** Inode of the daemon's pid namespace. */
  readonly pidns: bigint | null;
  /** The database that its metadata plugin names, links resolved: it tells one daemon from another before 1.7, too. */
  readonly database: string | null;
  readonly deprecations: readonly { readonly id: string; readonly message: string }[];
}

/** A container's OCI spec and what else is too large to hold for every container. */
export interface ContainerBody {
  readonly namespace: NamespaceName;
  readonly id: ContainerId;
  /** The spec as JSON, secrets withheld unless asked for. */
  readonly spec: Observed<unknown>;
  readonly runtimeOptions: Observed<unknown>;
  /** Decoded extensions by key. */
  readonly extensions: Readonly<Record<string, Observed<unknown>>>;
}
