/** Which containerds, and which Docker, have left their files in a folder: a root file system, or a root of their own. */
import { posix } from 'node:path';
import type { Disk } from '../host/disk.ts';
import { isUnknown, type Observed, seenValue, type Unknown, unknown } from '../host/observed.ts';
import { WELL_KNOWN_ROOTS, wellKnownAddresses } from '../sources/containerd/address.ts';
import { readDaemonJson } from '../sources/docker/disk/daemon-json.ts';
import { type ContainerdConfig, readContainerdConfig } from '../sources/system/containerd-config.ts';
import { DEFAULT_CONFIG, normalAddress } from './discover.ts';
import { METADATA_FOLDER } from './storage-files.ts';

/** A containerd's root. */
export interface FoundRoot {
  readonly path: string;
  /** What says that it is one. */
  readonly named: string;
  /** Where its config has put snapshotters instead of below it, by name. */
  readonly snapshotters?: ReadonlyMap<string, string>;
}

export interface DiskLayout {
  /** In the order in which a live host's containerds would be chosen. */
  readonly containerds: readonly FoundRoot[];
  /** Docker's data directory: where it maps users, the folder of those that its containers run as. */
  readonly docker: string | null;
  /** The daemon.json that dockerd reads on that disk, whether it is there or not; null where the disk is not all of a system. */
  readonly daemonJson: string | null;
  /** Where a containerd's root was looked for. */
  readonly looked: readonly FoundRoot[];
  /** Places that could not be looked at. */
  readonly unread: readonly Unknown[];
  /** Where none was found: why there may have been one all the same; null where the disk shows that there was none. */
  readonly elsewhere: string | null;
}

const DOCKER_CONFIG = '/etc/docker/daemon.json';
const DOCKER_ROOT = '/var/lib/docker';
const USUAL_ROOT = '/var/lib/containerd';
/** The containerds whose roots are looked for wherever they are named. */
const OF_SYSTEM: ReadonlySet<string> = new Set(
  wellKnownAddresses(undefined).map(({ address }) => normalAddress(address)),
);
/** dockerd's own containerd, below its data directory. */
const DOCKERS_CONTAINERD = 'containerd/daemon';
// What dockerd makes when it first starts, whichever image store it uses.
const DOCKERS_FOLDERS = ['image', 'containerd', 'network', 'volumes', 'buildkit'];
/** Users whose containerds are looked for. */
const MAX_HOMES = 1000;

/** Looks at a folder: itself a root of containerd's, or of Docker's, else a root file system. */
export const diskLayout = async (disk: Disk, folder: string): Promise<DiskLayout> => {
  const look = lookAt(disk);
  const dir = folder.replace(/\/+$/, '');
  if (look.isContainerds(dir)) {
    const found = [{ path: dir, named: 'the folder itself' }];
    const { unread } = look;
    return { containerds: found, docker: null, daemonJson: null, looked: found, unread, elsewhere: null };
  }
  const itself =
    look.isDockers(dir) || (!look.isFolder(`${dir}/etc`) && mappedIn(disk, dir, look) !== undefined);
  const told = itself ? NO_DAEMON_JSON : toldByDaemonJson(disk, dir, look);
  const root = itself ? dir : `${dir}${told.root}`;
  const config = itself ? undefined : await readContainerdConfig(disk, `${dir}${DEFAULT_CONFIG}`, dir);
  const looked = config === undefined ? [ownOf(root)] : placesIn(disk, dir, root, config, look);
  const containerds = looked.filter(({ path }) => look.isContainerds(path));
  const docker = told.mapsUsers || !look.isDockers(root) ? (mappedIn(disk, root, look) ?? root) : root;
  const isThere = itself || look.isFolder(docker);
  const elsewhere = config === undefined ? ALONE : whyElsewhere(dir, config, told.containerd, isThere, look);
  return {
    containerds,
    docker: isThere ? docker : null,
    daemonJson: itself ? null : `${dir}${DOCKER_CONFIG}`,
    looked,
    unread: look.unread,
    elsewhere: containerds.length > 0 ? null : elsewhere,
  };
};

const ALONE = `only Docker's data directory is here; a containerd that Docker has not started itself keeps its files beside it, by default in ${USUAL_ROOT}`;

// No containerd's root is on the disk. That there was none shows only where the disk has all places that could have one.
function whyElsewhere(
  dir: string,
  config: Observed<ContainerdConfig>,
  named: string | null,
  hasDocker: boolean,
  look: Look,
): string | null {
  if (isUnknown(config)) return `${config.from} may say where, and is not known: ${config.why}`;
  const root = absolute(seenValue(config)?.root);
  if (root !== undefined && root !== USUAL_ROOT) {
    return `${DEFAULT_CONFIG} says in ${root}, where nothing of it is; should another disk have been mounted there?`;
  }
  if (named !== null && !OF_SYSTEM.has(normalAddress(named))) {
    return `${DOCKER_CONFIG} says that Docker used the containerd at ${named}, which has its root where its own config says`;
  }
  if (look.isFolder(`${dir}${USUAL_ROOT}`)) {
    return `${dir}${USUAL_ROOT} is there and has nothing of it; should another disk have been mounted there?`;
  }
  if (!hasDocker) return null;
  if (!look.isFolder(`${dir}/etc`)) {
    return `it is not all of a system, for it has no /etc: ${USUAL_ROOT} may have been left out`;
  }
  return null;
}

// With userns-remap dockerd keeps all of its data, but not its containerd's, in a folder named for the mapped root's uid and gid.
// Of several, which others' mappings have left, the one that was changed last.
function mappedIn(disk: Disk, root: string, look: Look): string | undefined {
  if (!look.isFolder(root)) return undefined;
  try {
    const folders = disk
      .list(root)
      .filter((name) => /^\d+\.\d+$/.test(name))
      .map((name) => `${root}/${name}`)
      .filter((path) => look.isDockers(path))
      .map((path) => ({ path, at: disk.stat(path).modifiedNs }));
    return folders.toSorted((a, b) => Number(b.at - a.at))[0]?.path;
  } catch {
    // What may not be listed is said where it is read.
    return undefined;
  }
}

interface Look {
  readonly unread: readonly Unknown[];
  /** Another place that could not be looked at. */
  note(place: Unknown): void;
  isFolder(path: string): boolean;
  isContainerds(path: string): boolean;
  isDockers(path: string): boolean;
}

function lookAt(disk: Disk): Look {
  const unread: Unknown[] = [];
  const note = (place: Unknown): void => void unread.push(place);
  const isFolder = (path: string): boolean => {
    try {
      return disk.stat(path).kind === 'folder';
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') note(refused(error, path));
      return false;
    }
  };
  return {
    unread,
    note,
    isFolder,
    isContainerds: (path) => isFolder(`${path}/${METADATA_FOLDER}`),
    isDockers: (path) =>
      !isFolder(`${path}/etc`) &&
      isFolder(`${path}/containers`) &&
      DOCKERS_FOLDERS.some((name) => isFolder(`${path}/${name}`)),
  };
}

function refused(error: unknown, path: string): Unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const state = code === 'EACCES' || code === 'EPERM' ? 'denied' : 'failed';
  return unknown(state, path, message, new Date().toISOString(), 0);
}

function ownOf(docker: string): FoundRoot {
  return { path: `${docker}/${DOCKERS_CONTAINERD}`, named: "Docker's own containerd" };
}

function placesIn(
  disk: Disk,
  dir: string,
  docker: string,
  config: Observed<ContainerdConfig>,
  look: Look,
): FoundRoot[] {
  const told = absolute(seenValue(config)?.root);
  const snapshotters = new Map(
    [...(seenValue(config)?.snapshotters ?? [])].map(([name, path]) => [name, `${dir}${path}`] as const),
  );
  const moved = snapshotters.size === 0 ? {} : { snapshotters };
  const [usual, ...others] = WELL_KNOWN_ROOTS.map(({ root, named }) => ({ path: `${dir}${root}`, named }));
  // The config is that of the one at its root, or at the usual place where it names none.
  const places: FoundRoot[] = [
    ...(told === undefined ? [] : [{ path: `${dir}${told}`, named: `root in ${DEFAULT_CONFIG}`, ...moved }]),
    ...(usual === undefined ? [] : [told === undefined ? { ...usual, ...moved } : usual]),
    ownOf(docker),
    ...others,
    ...homesIn(disk, dir, look).flatMap((home) => [
      { path: `${home}/.local/share/containerd`, named: 'rootless containerd' },
      { path: `${home}/.local/share/docker/${DOCKERS_CONTAINERD}`, named: 'rootless Docker' },
    ]),
  ];
  // Of one place that is named twice, what was said first.
  return [...new Map(places.toReversed().map((place) => [place.path, place])).values()].toReversed();
}

function homesIn(disk: Disk, dir: string, look: Look): string[] {
  const homes = look.isFolder(`${dir}/root`) ? [`${dir}/root`] : [];
  const all = `${dir}/home`;
  if (!look.isFolder(all)) return homes;
  try {
    const users = disk.list(all).toSorted();
    if (users.length > MAX_HOMES) {
      const why = `only the first ${MAX_HOMES} homes are looked at`;
      look.note(unknown('truncated', all, why, new Date().toISOString(), 0));
    }
    return [...homes, ...users.slice(0, MAX_HOMES).map((user) => `${all}/${user}`)];
  } catch (error) {
    look.note(refused(error, all));
    return homes;
  }
}

interface DaemonJson {
  /** The data root, with a slash at its start, as it is on that disk. */
  readonly root: string;
  readonly mapsUsers: boolean;
  /** The address of the containerd that Docker is told to use. */
  readonly containerd: string | null;
}

// Without one that can be read, it is what dockerd takes by default.
const NO_DAEMON_JSON: DaemonJson = { root: DOCKER_ROOT, mapsUsers: false, containerd: null };

function toldByDaemonJson(disk: Disk, dir: string, look: Look): DaemonJson {
  const config = readDaemonJson(disk, `${dir}${DOCKER_CONFIG}`);
  if (isUnknown(config)) look.note(config);
  if (config.state !== 'seen') return NO_DAEMON_JSON;
  const { dataRoot, remapsUsers: mapsUsers, containerd } = config.value;
  return { root: absolute(dataRoot) ?? DOCKER_ROOT, mapsUsers, containerd };
}

function absolute(path: unknown): string | undefined {
  if (typeof path !== 'string' || !path.startsWith('/')) return undefined;
  // What is above the root is the root: no way out, and one name for each place.
  const whole = posix.normalize(path).replace(/\/$/, '');
  return whole === '' ? undefined : whole;
}
