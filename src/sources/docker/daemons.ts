/** Running dockerds: where each serves its API, and which containerd it was started on. */
import { basename } from 'node:path';
import { type NamespaceName, namespaceName, type Pid } from '../../host/ids.ts';
import { isUnknown, type Observed, seen, seenValue, unknown } from '../../host/observed.ts';
import { normalSocket, socketPath } from './address.ts';
import type { DaemonConfig } from './daemon-config.ts';
import { readDaemonJson } from './disk/daemon-json.ts';
import { HERE } from './disk/files.ts';
import type { DockerProcess } from './processes.ts';

/** What a dockerd reads that is told no other. */
export const DEFAULT_CONFIG = '/etc/docker/daemon.json';
/** Where a dockerd of root keeps its data that is told no other place. */
export const DEFAULT_DATA_ROOT = '/var/lib/docker';
const DEFAULT_NAMESPACE = 'moby';

/** A dockerd as its process tells of it, before anybody asks it. */
export interface DockerDaemon {
  readonly pid: Pid;
  /** SIGSTOP or a debugger holds it. */
  readonly stopped: boolean;
  /** Paths, as we reach them, of the sockets of its API. */
  readonly sockets: readonly string[];
  /** As we reach it. */
  readonly containerd: Observed<string>;
  readonly namespace: NamespaceName | null;
  /** What stands before its own paths, where we are to reach them: empty but for a dockerd in a container. */
  readonly root: string;
  /** Its data directory, as we reach it. */
  readonly dataRoot: Observed<string>;
  readonly config: Observed<DaemonConfig>;
}

/** What the command line and the config file of a dockerd say. */
export const readDaemon = async (dockerd: DockerProcess): Promise<DockerDaemon> => {
  const { pid, argv, uid, sameRoot, stopped } = dockerd;
  // The paths of a container are below its own root.
  const root = sameRoot === false ? `/proc/${pid}/root` : '';
  const file = flags(argv, ['--config-file'])[0];
  const config = readDaemonJson(HERE, `${root}${file ?? DEFAULT_CONFIG}`);
  const place: Place = {
    root,
    runtimeDir: uid === 0 ? '/run' : `/run/user/${uid}`,
    // A named file that is gone, or one that may not be read, leaves what it said open.
    open: isUnknown(config) || (config.state === 'absent' && file !== undefined),
  };
  const told = flags(argv, ['--containerd-namespace'])[0] ?? seenValue(config)?.containerdNamespace ?? null;
  return {
    pid,
    stopped,
    sockets: await socketsOf(dockerd, seenValue(config), place),
    containerd: containerdOf(dockerd, config, place),
    namespace: told === null && place.open ? null : namespaceName(told ?? DEFAULT_NAMESPACE),
    root,
    dataRoot: dataRootOf(dockerd, config, place),
    config,
  };
};

interface Place {
  readonly root: string;
  readonly runtimeDir: string;
  /** Its config file has not been read. */
  readonly open: boolean;
}

// Hosts that are unix sockets; for `fd://` and where nothing is said, what it listens on, else the default.
async function socketsOf(
  { argv, listens }: DockerProcess,
  config: DaemonConfig | undefined,
  { root, runtimeDir, open }: Place,
): Promise<readonly string[]> {
  const hosts = [...flags(argv, ['-H', '--host']), ...(config?.hosts ?? [])];
  const told = hosts.flatMap((host) => {
    const path = socketPath(host);
    return path === undefined ? [] : [path];
  });
  const inherited = hosts.some((host) => host.startsWith('fd:'));
  // Hosts that are all tcp have no socket; where its file could not be read there may be others.
  const complete = hosts.length > 0 && !inherited && !open;
  const held = complete ? [] : (await listens()).filter((path) => basename(path).endsWith('docker.sock'));
  const guessed = complete || open || held.length > 0 || told.length > 0 ? [] : [`${runtimeDir}/docker.sock`];
  return [...new Set([...told, ...held, ...guessed].map((path) => root + normalSocket(path)))];
}

// cmd/dockerd: the flag or file; else the system's containerd where its socket was there at the start; else one of its own.
function containerdOf(
  { pid, argv, manages }: DockerProcess,
  config: Observed<DaemonConfig>,
  { root, runtimeDir, open }: Place,
): Observed<string> {
  const at = new Date().toISOString();
  const who = `dockerd, pid ${pid}`;
  const flag = flags(argv, ['--containerd'])[0];
  if (flag !== undefined) return seen(root + normalSocket(flag), `${who}: --containerd`, at);
  const known = seenValue(config);
  if (known?.containerd) return seen(root + normalSocket(known.containerd), config.from, at);
  if (open) {
    const why = isUnknown(config) ? config.why : 'the file is gone';
    return unknown(isUnknown(config) ? config.state : 'failed', config.from, why, at, 0);
  }
  if (!manages)
    return seen(`${root}${runtimeDir}/containerd/containerd.sock`, `${who}: dockerd's default`, at);
  const execRoot = flags(argv, ['--exec-root'])[0] ?? known?.execRoot ?? `${runtimeDir}/docker`;
  return seen(
    `${root}${normalSocket(execRoot)}/containerd/containerd.sock`,
    `${who}: the containerd that it started`,
    at,
  );
}

function dataRootOf(
  { pid, argv, uid }: DockerProcess,
  config: Observed<DaemonConfig>,
  { root, open }: Place,
): Observed<string> {
  const at = new Date().toISOString();
  const who = `dockerd, pid ${pid}`;
  const known = seenValue(config);
  const remaps = known?.remapsUsers === true || flags(argv, ['--userns-remap']).length > 0;
  if (remaps) {
    const why = 'it maps users, and which folder of its data root that leads to only Docker itself says';
    return unknown('unsupported', who, why, at, 0);
  }
  const flag = flags(argv, ['--data-root', '-g', '--graph'])[0];
  if (flag !== undefined) return seen(root + flag, `${who}: --data-root`, at);
  if (known?.dataRoot) return seen(root + known.dataRoot, config.from, at);
  if (open) {
    const why = isUnknown(config) ? config.why : 'the file is gone';
    return unknown(isUnknown(config) ? config.state : 'failed', config.from, why, at, 0);
  }
  if (uid !== 0) {
    const why =
      'a rootless dockerd keeps its data in the home of its user, which its command line does not say';
    return unknown('unsupported', who, why, at, 0);
  }
  return seen(root + DEFAULT_DATA_ROOT, `${who}: dockerd's default`, at);
}

/** Every value of a repeatable flag: `-H x`, `-H=x`, `-Hx`, `--host x`, `--host=x`. */
function flags(argv: readonly string[], names: readonly string[]): readonly string[] {
  const values: string[] = [];
  for (const [i, arg] of argv.entries()) {
    if (names.includes(arg)) {
      const value = argv[i + 1];
      if (value !== undefined) values.push(value);
      continue;
    }
    const name = names.find((n) => arg.startsWith(n) && (n.length === 2 || arg[n.length] === '='));
    if (name !== undefined) values.push(arg.slice(name.length).replace(/^=/, ''));
  }
  return values;
}
