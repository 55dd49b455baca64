/** Docker as its API describes it. Sizes are bytes; times are RFC 3339. */
import type { Descriptor, Labels } from './containerd.ts';
import type { CandidateOrigin } from './daemon.ts';
import type { ContainerId, Digest, NamespaceName, Pid } from './ids.ts';
import type { Observed, Timestamp } from './observed.ts';

/** Where Docker keeps images and layers: in its own directories, or in containerd. Every comparison depends on it. */
export type DockerMode = 'graphdriver' | 'containerd';

/** The versions of the API that a daemon speaks, and the one that we speak with it. */
export interface DockerApi {
  /** The newest that the daemon has. */
  readonly server: string;
  /** The oldest that it accepts, where it was asked: only a daemon newer than we know may refuse us. */
  readonly minimum: string | null;
  readonly used: string;
  /** The engine's own version, by the header of its answer. */
  readonly engine: string | null;
}

/** A Docker that may use the chosen containerd. */
export interface DockerCandidate {
  /** The socket's path; another address as it was given. */
  readonly address: string;
  readonly origin: CandidateOrigin;
  /** What named it: the flag, the variable, the pid with its command, or the distribution. */
  readonly named: string;
  /** Absent: no such socket. */
  readonly api: Observed<DockerApi>;
  /** The containerd that it uses. */
  readonly containerd: Observed<string>;
  /** The containerd namespace of its containers, where known. */
  readonly namespace: NamespaceName | null;
  /** Whether it uses the chosen containerd; null where that cannot be known. */
  readonly belongs: boolean | null;
}

/** Which Dockers were looked for, and the one that belongs to the chosen containerd. Others are listed by address only. */
export interface DockerDiscovery {
  /** Address of the chosen containerd. */
  readonly containerd: string;
  readonly candidates: readonly DockerCandidate[];
  readonly chosen: DockerCandidate | null;
}

/** The Docker that belongs to the snapshot. */
export interface DockerEndpoint {
  readonly address: string;
  readonly api: DockerApi;
  /** The daemon's id, kept in its data directory. */
  readonly id: string;
  /** Of the engine. */
  readonly version: string;
  /** What else it found on the host: containerd, runc, docker-init. */
  readonly components: Observed<readonly { readonly name: string; readonly version: string }[]>;
  readonly mode: Observed<DockerMode>;
  /** The graphdriver or snapshotter. */
  readonly driver: string;
  readonly driverStatus: readonly (readonly [key: string, value: string])[];
  readonly containerd: Observed<string>;
  /** containerd namespaces; null where neither the daemon nor its process says so. */
  readonly namespaces: { readonly containers: NamespaceName | null; readonly plugins: NamespaceName | null };
  readonly rootDir: string;
  readonly cgroupDriver: string;
  /** `1` or `2`; empty before 20.10. */
  readonly cgroupVersion: string;
  readonly liveRestore: boolean;
  readonly defaultRuntime: string;
  readonly runtimes: readonly string[];
  readonly loggingDriver: string;
  readonly securityOptions: readonly string[];
  readonly warnings: readonly string[];
  readonly containers: { readonly running: number; readonly paused: number; readonly stopped: number };
}

/** A container as the list gives it. */
export interface DockerContainer {
  /** The containerd namespace in which Docker runs it. */
  readonly namespace: NamespaceName;
  /** Also the id of its containerd container, task and lease. */
  readonly id: ContainerId;
  /** Without the slash; its own first, then those that links give it, `other/alias`. */
  readonly names: readonly string[];
  /** As it was typed; an id where the name has moved on. */
  readonly image: string;
  /** Digest of the config (graphdriver) or of the index or manifest (containerd). */
  readonly imageId: Digest;
  /** created running paused restarting removing exited dead, or what a later Docker adds. */
  readonly state: string;
  /** In words: `Up 3 minutes (healthy)`. Empty where the record was read by itself. */
  readonly status: string;
  /** Of the last run, where the words tell it. */
  readonly exitCode: number | null;
  readonly labels: Labels;
  readonly createdAt: Timestamp | null;
}

/** What Docker believes of a container's process. */
export interface DockerState {
  readonly status: string;
  readonly running: boolean;
  readonly paused: boolean;
  readonly restarting: boolean;
  readonly oomKilled: boolean;
  readonly dead: boolean;
  /** Null while it does not run. */
  readonly pid: Pid | null;
  /** Of the last run; null while it runs and before it ever has. */
  readonly exitCode: number | null;
  readonly error: string;
  readonly startedAt: Timestamp | null;
  readonly finishedAt: Timestamp | null;
  /** starting healthy unhealthy; null without a health check. */
  readonly health: string | null;
}

/** What was asked for, by the keys of HostConfig; only what was set. */
export type DockerLimits = Readonly<Record<string, bigint | string | boolean>>;

/** One container's own record; too large to hold for all. */
export interface DockerBody {
  readonly namespace: NamespaceName;
  readonly id: ContainerId;
  readonly name: string | null;
  readonly image: string;
  readonly imageId: Digest;
  readonly createdAt: Timestamp | null;
  readonly state: DockerState;
  readonly restartCount: number;
  readonly restartPolicy: string;
  /** The graphdriver or snapshotter that holds its layers. */
  readonly driver: string;
  readonly limits: DockerLimits;
  readonly networkMode: string;
  readonly logDriver: string;
  readonly logPath: string;
  /** The whole answer as JSON, secrets withheld unless asked for. */
  readonly document: unknown;
}

export interface DockerImage {
  /** Digest of the config (graphdriver) or of the index or manifest (containerd). */
  readonly id: Digest;
  /** `repository:tag` in Docker's short form; none for a dangling image. */
  readonly tags: readonly string[];
  /** `repository@digest`, as pulled or pushed. */
  readonly digests: readonly string[];
  readonly size: bigint;
  /** How many containers use it; null where Docker did not count. */
  readonly containers: number | null;
  readonly labels: Labels;
  readonly createdAt: Timestamp | null;
  /** Since API 1.48, only where containerd is the image store. */
  readonly target: Descriptor | null;
}

/** `docker system df`: Docker measures volumes and layers for it, so it is read on demand only. */
export interface DockerDiskUsage {
  readonly layersSize: bigint | null;
  readonly images: readonly {
    readonly id: string;
    readonly size: bigint;
    readonly sharedSize: bigint | null;
  }[];
  readonly containers: readonly {
    readonly id: string;
    readonly sizeRw: bigint;
    readonly sizeRootFs: bigint | null;
  }[];
  readonly volumes: readonly { readonly name: string; readonly size: bigint | null }[];
  readonly buildCache: readonly { readonly id: string; readonly size: bigint; readonly inUse: boolean }[];
}

/** One line of Docker's event stream. */
export interface DockerEvent {
  readonly at: Timestamp;
  /** container image network volume daemon plugin builder … */
  readonly type: string;
  /** `die`, `exec_start: /bin/sh`. */
  readonly action: string;
  readonly id: string;
  readonly attributes: Labels;
}
