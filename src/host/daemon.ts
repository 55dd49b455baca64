/** Daemons as the kernel sees them, and the socket we reach one through. */
import type { Pid } from './ids.ts';
import type { Observed, Timestamp } from './observed.ts';

/** One process of the container stack, read from /proc. */
export interface DaemonProcess {
  readonly role: 'containerd' | 'dockerd' | 'shim';
  readonly pid: Pid;
  readonly ppid: Pid;
  /** One letter of /proc/PID/stat field 3: R S D T t Z X. */
  readonly state: string;
  readonly exe: Observed<string>;
  readonly argv: readonly string[];
  /** Field 22 of /proc/PID/stat, in clock ticks since boot: tells a process from a later one with its pid. */
  readonly startTicks: bigint;
  /** The kernel function it sleeps in, where readable. */
  readonly wchan: string | null;
  /** containerd: the file of its cgroup's freezer that says it is frozen; null when it is not, or that is unreadable. */
  readonly frozenBy: string | null;
  /** Its pid as itself knows it; another than `pid` in a pid namespace below ours. */
  readonly ownPid: Pid | null;
  /** Inode of its pid namespace. */
  readonly pidns: bigint | null;
  /** Whether its root directory is ours. In a container it is not, and its paths mean nothing here; null where unreadable. */
  readonly sameRoot: boolean | null;
  /** Paths of the unix sockets that it listens on, as it named them. */
  readonly listens: Observed<readonly string[]>;
  /** containerd: the metadata database that it has open. */
  readonly database: Observed<string>;
  /** containerd: its gRPC address. dockerd: the containerd it was told of. shim: `-address`. Null where nothing says so. */
  readonly address: string | null;
  /** The config file that its command line names. */
  readonly config: string | null;
  /** shim: `-namespace`. */
  readonly namespace: string | null;
  /** shim: `-id`. */
  readonly id: string | null;
}

/** How a candidate address was found, in order of precedence. */
export type CandidateOrigin = 'flag' | 'environment' | 'process' | 'well-known';

/** What a connection to a socket path does. */
export type SocketAnswer =
  /** An HTTP/2 server sent its settings. */
  | { readonly state: 'answers' }
  /** The kernel accepted the connection, the process behind it sent nothing. */
  | { readonly state: 'silent'; readonly ms: number }
  /** It answered in another protocol; `said` is its first line, bounded. */
  | { readonly state: 'foreign'; readonly said: string }
  /** It accepted and closed. */
  | { readonly state: 'dropped' }
  /** No process listens on the file. */
  | { readonly state: 'refused' }
  | { readonly state: 'missing' }
  | { readonly state: 'denied' }
  /** The path is something else. */
  | { readonly state: 'notSocket'; readonly is: string }
  | { readonly state: 'failed'; readonly why: string };

/** The socket file itself. */
export interface SocketFile {
  /** Octal permission bits, e.g. 0o660. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface Candidate {
  readonly address: string;
  readonly origin: CandidateOrigin;
  /** What named it: the flag, the variable, the pid with its command, or the distribution. */
  readonly named: string;
  readonly answer: SocketAnswer;
}

/** What discovery tried, and which candidate it chose. */
export interface Discovery {
  readonly candidates: readonly Candidate[];
  readonly chosen: Candidate | null;
}

/** All that can be known of an address without speaking gRPC. */
export interface Endpoint {
  readonly address: string;
  readonly origin: CandidateOrigin;
  readonly answer: SocketAnswer;
  readonly file: Observed<SocketFile>;
  /** containerds that bound a socket at just this place, also where another file has taken it since. */
  readonly listeners: Observed<readonly Pid[]>;
  /** How many sockets listen by this path in the kernel's table of our network namespace, whoever holds them. */
  readonly listening: Observed<number>;
  /** Our own identity, for the reason of a denial. */
  readonly self: { readonly uid: number; readonly gids: readonly number[] };
  readonly checkedAt: Timestamp;
}

/** Facts of the machine. */
export interface SystemInfo {
  readonly hostname: string;
  readonly os: string;
  readonly kernel: string;
  readonly arch: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: bigint;
  readonly cgroups: 'v1' | 'v2' | 'hybrid' | 'unknown';
}
