/** Where the data directory of the snapshot's Docker is, as we reach it, and the daemon.json that belongs to it. */
import { stat } from 'node:fs/promises';
import type { DockerEndpoint } from '../host/docker.ts';
import { absent, isUnknown, type Observed, seen, seenValue, unknown } from '../host/observed.ts';
import { normalSocket } from '../sources/docker/address.ts';
import type { DaemonConfig } from '../sources/docker/daemon-config.ts';
import type { DockerDaemon } from '../sources/docker/daemons.ts';
import type { DockerContext } from './docker-readers.ts';
import { NoContainerd } from './reader-context.ts';

export interface DockerRootPlace {
  readonly path: string;
  readonly config: Observed<DaemonConfig>;
}

/**
 * Docker's own word for it, else that of its process; with no dockerd running, the place that the next one would use. Absent:
 * no Docker belongs to this containerd.
 */
export const findDockerRoot = async (context: DockerContext): Promise<Observed<DockerRootPlace>> => {
  const { once, options } = context;
  const endpoint = await once('docker.endpoint');
  const chosen = seenValue(await once('docker.discovery'))?.chosen;
  const { daemons, hidden } = await runningDaemons();
  const daemon = chosen == null ? undefined : await servedBy(chosen.address, daemons);
  if (endpoint.state === 'seen') return toldByApi(endpoint.value, endpoint.from, daemon);
  if (daemon !== undefined) {
    const { dataRoot, config } = daemon;
    if (dataRoot.state !== 'seen') return dataRoot;
    return placed({ path: dataRoot.value, config }, dataRoot.from);
  }
  const byUser =
    options.dockerHost !== undefined || (options.environment['DOCKER_HOST'] ?? '') !== '' || chosen != null;
  if (daemons.length > 0 || hidden || byUser) return endpoint;
  const containerd = await context.containerd().catch((error: unknown) => {
    if (error instanceof NoContainerd) return undefined;
    throw error;
  });
  // With a containerd that the user named, no default place is looked at.
  const byDefault = containerd?.origin === 'process' || containerd?.origin === 'well-known';
  return byDefault ? ((await rootOfStopped(containerd.address)) ?? endpoint) : endpoint;
};

/**
 * The data directory of a Docker that does not run, by the configuration of the machine; undefined where there is none, or it
 * is another containerd's.
 * @param file daemon.json
 */
export const rootOfStopped = async (
  containerd: string,
  file?: string,
): Promise<Observed<DockerRootPlace> | undefined> => {
  const { readDaemonJson } = await import('../sources/docker/disk/daemon-json.ts');
  const { HERE } = await import('../sources/docker/disk/files.ts');
  const { DEFAULT_CONFIG, DEFAULT_DATA_ROOT } = await import('../sources/docker/daemons.ts');
  const config = readDaemonJson(HERE, file ?? DEFAULT_CONFIG);
  if (isUnknown(config)) return config;
  const told = seenValue(config);
  const uses = told?.containerd ?? DEFAULT_CONTAINERD;
  if (normalSocket(uses) !== normalSocket(containerd)) return undefined;
  if (told?.remapsUsers === true) {
    const why = 'it maps users, and which folder of the data root that leads to only Docker itself says';
    return unknown('unsupported', config.from, why, config.at, 0);
  }
  const path = told?.dataRoot ?? DEFAULT_DATA_ROOT;
  const found = await placed({ path, config }, config.from);
  return found.state === 'absent' ? undefined : found;
};

const DEFAULT_CONTAINERD = '/run/containerd/containerd.sock';

// `docker info` names a path of the daemon's own file system: it may be in a container, a virtual machine, another host.
async function toldByApi(
  { rootDir, id, version, address }: DockerEndpoint,
  from: string,
  daemon: DockerDaemon | undefined,
): Promise<Observed<DockerRootPlace>> {
  const at = new Date().toISOString();
  if (!rootDir.startsWith('/')) {
    return unknown('failed', from, `Docker names no data directory: "${rootDir.slice(0, 100)}"`, at, 0);
  }
  const path = `${daemon?.root ?? ''}${rootDir}`;
  const { DEFAULT_CONFIG } = await import('../sources/docker/daemons.ts');
  const config = daemon?.config ?? unknown('notCollected', DEFAULT_CONFIG, 'its process is not seen', at, 0);
  const found = await placed({ path, config }, from);
  if (found.state === 'absent') {
    const why = `Docker at ${address} keeps its data in ${rootDir}, and no such directory is here: it runs in another file system`;
    return unknown('unreachable', path, why, at, 0);
  }
  if (found.state !== 'seen') return found;
  const other = await otherEngine(path, id, version);
  if (other === undefined) return found;
  const why = `Docker at ${address} keeps its data in ${rootDir}, but the one here is of engine ${other}: it runs in another file system`;
  return unknown('unreachable', path, why, at, 0);
}

// The id of the engine that the directory belongs to, where it is surely another one.
async function otherEngine(path: string, id: string, version: string): Promise<string | undefined> {
  // Before 23.0 the id was that of a key elsewhere, and the file is what a later Docker has left.
  if (Number.parseInt(version, 10) < 23) return undefined;
  const { FileFault, HERE, readText } = await import('../sources/docker/disk/files.ts');
  try {
    const own = readText(HERE, `${path}/engine-id`);
    return own === undefined || own === '' || own === id ? undefined : own.slice(0, 100);
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    return undefined;
  }
}

// Whether it is there, and may be read.
async function placed(place: DockerRootPlace, from: string): Promise<Observed<DockerRootPlace>> {
  const at = new Date().toISOString();
  const { FileFault, HERE, folderAt } = await import('../sources/docker/disk/files.ts');
  try {
    if (folderAt(HERE, place.path) !== undefined) return seen(place, from, at);
    return absent(place.path, at, `there is no directory ${place.path}`);
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    return unknown(error.state, error.path, error.message, at, 0);
  }
}

async function runningDaemons(): Promise<{
  readonly daemons: readonly DockerDaemon[];
  readonly hidden: boolean;
}> {
  const { readDockerds } = await import('../sources/docker/processes.ts');
  const { readDaemon } = await import('../sources/docker/daemons.ts');
  const { dockerds, hidden } = await readDockerds();
  return { daemons: await Promise.all(dockerds.map(readDaemon)), hidden };
}

// The dockerd behind a socket, which may have several names.
async function servedBy(
  address: string,
  daemons: readonly DockerDaemon[],
): Promise<DockerDaemon | undefined> {
  const path = normalSocket(address);
  const own = await identityOf(path);
  for (const daemon of daemons) {
    for (const socket of daemon.sockets) {
      if (socket === path || (own !== undefined && own === (await identityOf(socket)))) return daemon;
    }
  }
  return undefined;
}

async function identityOf(path: string): Promise<string | undefined> {
  return stat(path, { bigint: true }).then(
    ({ dev, ino }) => `${dev}:${ino}`,
    () => undefined,
  );
}
