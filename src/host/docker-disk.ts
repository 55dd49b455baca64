/** Docker as its data directory describes it: what dockerd reads when it starts. Sizes are bytes; times are RFC 3339. */
import type { Descriptor, Labels } from './containerd.ts';
import type { DockerLimits, DockerMode, DockerState } from './docker.ts';
import type { ContainerId, Digest } from './ids.ts';
import type { Gap, Observed, Timestamp } from './observed.ts';

/** A data directory (`/var/lib/docker`), and which image stores it holds. */
export interface DockerRoot {
  readonly path: string;
  /** `engine-id`, since 23.0; null where there is none. Without the key it could not be read, and `gaps` says why. */
  readonly id?: string | null;
  /** What could not be read of the directory itself. */
  readonly gaps?: readonly Gap[];
  /** Graphdrivers with data in it, by name: `overlay2`, `vfs`, … */
  readonly graphDrivers: readonly string[];
  /** Snapshotters that containers are mounted from, by the names in `rootfs/`. */
  readonly snapshotters: readonly string[];
  /** The store in use, and by what it is known; both may hold data after a switch. */
  readonly mode: Observed<DockerMode>;
  /** The directory's own containerd, where dockerd runs one: its root below this directory. */
  readonly containerdRoot: string | null;
}

/** One entry of a graphdriver's repositories.json. */
export interface DockerReference {
  readonly driver: string;
  /** Docker's short form: `busybox`, `ghcr.io/a/b`. */
  readonly repository: string;
  /** `busybox:1.35`, `busybox@sha256:…`. */
  readonly reference: string;
  /** Digest of the image's config. */
  readonly imageId: Digest;
}

/** A graphdriver's repositories.json as a file: whether dockerd takes it, and all of what is in it. */
export interface DockerReferenceFile {
  readonly driver: string;
  readonly path: string;
  /** Null: there is no such file, though there are images that it would name. */
  readonly size: bigint | null;
  /** Names that were read of it. */
  readonly names: number;
  /** For what dockerd does not start with it: where the text breaks off, else the first value of a wrong type. */
  readonly refused: ReferenceFault | null;
  /** Entries that dockerd drops when it reads them, without a word: the first of them, and how many there are. */
  readonly dropped: readonly ReferenceFault[];
  readonly droppedCount: number;
}

/** What stands in a repositories.json in the place of something else. */
export interface ReferenceFault {
  /** Bytes before it. */
  readonly offset: number;
  readonly what: string;
}

/** One file of imagedb: an image's config. */
export interface DockerImageConfig {
  readonly driver: string;
  /** The name of the file, which is the digest of its bytes. */
  readonly imageId: Digest;
  readonly path: string;
  /** Whether the bytes have the digest that the name says. */
  readonly intact: boolean;
  readonly size: bigint;
  /** Digests of the layers' uncompressed archives, the lowest first. */
  readonly diffIds: readonly Digest[];
  /** `os/architecture[/variant]`. */
  readonly platform: string | null;
  readonly createdAt: Timestamp | null;
  /** Of an image that was built here. */
  readonly parent: Digest | null;
}

/** One folder of layerdb. */
export interface DockerLayer {
  readonly driver: string;
  readonly chainId: Digest;
  readonly diffId: Digest | null;
  /** Its folder in the graphdriver; null where the file that says so is missing. */
  readonly cacheId: string | null;
  readonly parent: Digest | null;
  /** Of this layer alone. */
  readonly size: bigint | null;
  /** An interrupted removal. */
  readonly removing: boolean;
}

/** One folder of layerdb's `mounts`: a container's writable layer. */
export interface DockerLayerMount {
  readonly driver: string;
  readonly containerId: ContainerId;
  /** Its folder in the graphdriver. */
  readonly mountId: string | null;
  readonly initId: string | null;
  /** The chain ID of the image's top layer; null for an image without layers. */
  readonly parent: Digest | null;
}

/** A folder of a graphdriver's own store. */
export interface GraphDirectory {
  readonly driver: string;
  /** A cache id, a mount id, or `<mount id>-init`. */
  readonly id: string;
  readonly path: string;
  /** Whether its `diff` is there (overlay2). */
  readonly complete: boolean;
  readonly modifiedAt: Timestamp;
}

/** A container's config.v2.json with its hostconfig.json. Written when the state changes: after a crash it may be stale. */
export interface DockerContainerRecord {
  readonly id: ContainerId;
  readonly name: string | null;
  readonly path: string;
  /** As it was typed. */
  readonly image: string;
  /** Digest of the config (graphdriver) or of the index or manifest (containerd). */
  readonly imageId: Digest;
  /** Only where containerd is the image store, since 24.0. */
  readonly manifest: Descriptor | null;
  /** The graphdriver or snapshotter that holds its layers. */
  readonly driver: string;
  readonly state: DockerState;
  readonly labels: Labels;
  readonly createdAt: Timestamp | null;
  /** Of hostconfig.json; unknown where that could not be read. */
  readonly limits: Observed<DockerLimits>;
}

/** A volume, by the database of local volumes and its folder. */
export interface DockerVolume {
  readonly name: string;
  readonly driver: string | null;
  readonly path: string | null;
  readonly labels: Labels;
  readonly createdAt: Timestamp | null;
  /** Whether the database has it, and whether its folder is there. */
  readonly recorded: boolean;
  readonly present: boolean;
}

/** A network, by libnetwork's database. */
export interface DockerNetwork {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly labels: Labels;
}

/** An id that BuildKit's own snapshot database holds in the graphdriver's store. */
export interface DockerBuildSnapshot {
  readonly key: string;
  /** Its folder in the graphdriver, where the database names one. */
  readonly graphId: string | null;
}
