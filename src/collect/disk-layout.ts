/** Which containerds, and which Docker, have left their files in a folder: a root file system, or a root of their own. */
import type { Disk } from '../host/disk.ts';
import { seenValue, type Unknown, unknown } from '../host/observed.ts';
import { WELL_KNOWN_ROOTS } from '../sources/containerd/address.ts';
import { parseDaemonConfig } from '../sources/docker/daemon-config.ts';
import { readContainerdConfig } from '../sources/system/containerd-config.ts';
import { DEFAULT_CONFIG } from './discover.ts';
import { METADATA_FOLDER } from './storage-files.ts';

/** A containerd's root. */
export interface FoundRoot {
  readonly path: string;
  /** What says that it is one. */
  readonly named: string;
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
}

const DOCKER_CONFIG = '/etc/docker/daemon.json';
const DOCKER_ROOT = '/var/lib/docker';
/** dockerd's own containerd, below its data directory. */
const DOCKERS_CONTAINERD = 'containerd/daemon';
// What dockerd makes when it first starts, whichever image store it uses.
const DOCKERS_FOLDERS = ['image', 'containerd', 'network', 'volumes', 'buildkit'];
const MAX_CONFIG = 1 << 20;
/** Users whose containerds are looked for. */
const MAX_HOMES = 1000;

/** Looks at a folder: itself a root of containerd's, or of Docker's, else a root file system. */
export const diskLayout = async (disk: Disk, folder: string): Promise<DiskLayout> => {
  const look = lookAt(disk);
  const dir = folder.replace(/\/+$/, '');
  if (look.isContainerds(dir)) {
    const found = [{ path: dir, named: 'the folder itself' }];
    return { containerds: found, docker: null, daemonJson: null, looked: found, unread: look.unread };
  }
  const itself =
    look.isDockers(dir) || (!look.isFolder(`${dir}/etc`) && mappedIn(disk, dir, look) !== undefined);
  const told = itself ? { root: '', mapsUsers: false } : await dataRoot(disk, dir);
  const root = `${dir}${told.root}`;
  const looked = itself ? [ownOf(root)] : await placesIn(disk, dir, root, look);
  const containerds = looked.filter(({ path }) => look.isContainerds(path));
  const docker = told.mapsUsers || !look.isDockers(root) ? (mappedIn(disk, root, look) ?? root) : root;
  const isThere = itself || look.isFolder(docker);
  return {
    containerds,
    docker: isThere ? docker : null,
    daemonJson: itself ? null : `${dir}${DOCKER_CONFIG}`,
    looked,
    unread: look.unread,
  };
};

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
  isFolder(path: string): boolean;
  isContainerds(path: string): boolean;
  isDockers(path: string): boolean;
}

function lookAt(disk: Disk): Look {
  const unread: Unknown[] = [];
  const isFolder = (path: string): boolean => {
    try {
      return disk.stat(path).kind === 'folder';
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return false;
      const state = code === 'EACCES' || code === 'EPERM' ? 'denied' : 'failed';
      unread.push(unknown(state, path, message, new Date().toISOString(), 0));
      return false;
    }
  };
  return {
    unread,
    isFolder,
    isContainerds: (path) => isFolder(`${path}/${METADATA_FOLDER}`),
    isDockers: (path) =>
      !isFolder(`${path}/etc`) &&
      isFolder(`${path}/containers`) &&
      DOCKERS_FOLDERS.some((name) => isFolder(`${path}/${name}`)),
  };
}

function ownOf(docker: string): FoundRoot {
  return { path: `${docker}/${DOCKERS_CONTAINERD}`, named: "Docker's own containerd" };
}

async function placesIn(disk: Disk, dir: string, docker: string, look: Look): Promise<FoundRoot[]> {
  const config = seenValue(await readContainerdConfig(disk, `${dir}${DEFAULT_CONFIG}`));
  const told = absolute(config?.root);
  const [usual, ...others] = WELL_KNOWN_ROOTS.map(({ root, named }) => ({ path: `${dir}${root}`, named }));
  const places = [
    ...(told === undefined ? [] : [{ path: `${dir}${told}`, named: `root in ${DEFAULT_CONFIG}` }]),
    ...(usual === undefined ? [] : [usual]),
    ownOf(docker),
    ...others,
    ...homesIn(disk, dir, look).flatMap((home) => [
      { path: `${home}/.local/share/containerd`, named: 'rootless containerd' },
      { path: `${home}/.local/share/docker/${DOCKERS_CONTAINERD}`, named: 'rootless Docker' },
    ]),
  ];
  return [...new Map(places.toReversed().map((place) => [place.path, place])).values()].toReversed();
}

function homesIn(disk: Disk, dir: string, look: Look): string[] {
  const homes = look.isFolder(`${dir}/root`) ? [`${dir}/root`] : [];
  if (!look.isFolder(`${dir}/home`)) return homes;
  try {
    const users = disk.list(`${dir}/home`).toSorted().slice(0, MAX_HOMES);
    return [...homes, ...users.map((user) => `${dir}/home/${user}`)];
  } catch {
    // Whose homes may not be listed, has none that could be read.
    return homes;
  }
}

// Below the folder, with a slash at its start.
async function dataRoot(
  disk: Disk,
  dir: string,
): Promise<{ readonly root: string; readonly mapsUsers: boolean }> {
  try {
    const { bytes } = disk.read(`${dir}${DOCKER_CONFIG}`, MAX_CONFIG);
    const config = parseDaemonConfig(new TextDecoder().decode(bytes), DOCKER_CONFIG);
    return { root: absolute(config.dataRoot) ?? DOCKER_ROOT, mapsUsers: config.remapsUsers };
  } catch {
    // Without a config that can be read, it is what dockerd takes by default.
    return { root: DOCKER_ROOT, mapsUsers: false };
  }
}

function absolute(path: unknown): string | undefined {
  return typeof path === 'string' && /^\/+[^/]/.test(path) ? path.replace(/\/+$/, '') : undefined;
}
