/** Which Docker belongs to the chosen containerd, and why none does. Pure: the asking is done before. */
import type { DockerCandidate, DockerDiscovery, DockerMode } from './docker.ts';
import type { DockerContainerRecord } from './docker-disk.ts';
import { type Absent, absent, isUnknown, type Observed, seen, type Unknown, unknown } from './observed.ts';

/** The first that belongs and answers, else the first that belongs. */
export const chooseDocker = (candidates: readonly DockerCandidate[]): DockerCandidate | null =>
  candidates.find(({ belongs, api }) => belongs === true && api.state === 'seen') ??
  candidates.find(({ belongs }) => belongs === true) ??
  null;

/** Why there is no Docker to ask: known to be none, or one that may be ours and cannot be read. */
export const whyNoDocker = (
  { containerd, candidates, chosen }: DockerDiscovery,
  at: string,
): Absent | Unknown => {
  const doubtful = chosen ?? candidates.find(mayBelong);
  if (doubtful !== undefined) return reasonOf(doubtful, at);
  const other = candidates.find(({ belongs }) => belongs === false);
  return absent(
    '/proc, well-known paths',
    at,
    other === undefined
      ? 'no Docker runs here, and none of its sockets exists'
      : `no Docker uses the containerd at ${containerd}; the one at ${other.address} uses ${other.containerd.state === 'seen' ? other.containerd.value : 'another'}`,
  );
};

/** Others that use the chosen containerd too: only one is read. */
export const otherDockers = ({ candidates, chosen }: DockerDiscovery): readonly DockerCandidate[] =>
  candidates.filter((candidate) => candidate.belongs === true && candidate !== chosen);

/** What a user named is there to be read; of the other places an empty one says that nothing is there. */
function mayBelong({ belongs, api, origin }: DockerCandidate): boolean {
  return belongs === null && (api.state !== 'absent' || origin === 'flag' || origin === 'environment');
}

function reasonOf({ address, named, api, containerd }: DockerCandidate, at: string): Unknown {
  const from = `Docker at ${address}`;
  if (isUnknown(api)) return { ...api, at };
  if (api.state === 'absent') {
    return unknown('unreachable', api.from, `${from} (${named}): there is no such socket`, at, 0);
  }
  const why = (containerd.state === 'seen' ? undefined : containerd.why) ?? 'nothing says so';
  return unknown(
    'failed',
    from,
    `${from} answers, but which containerd it uses is not known (${why}); --docker-host ${address} takes it for this one's`,
    at,
    0,
  );
}

/** Every graphdriver that a Docker has had, by name. */
export const GRAPHDRIVERS: ReadonlySet<string> = new Set(
  'overlay2 fuse-overlayfs btrfs zfs vfs aufs devicemapper overlay windowsfilter'.split(' '),
);
const SNAPSHOTTER = 'io.containerd.snapshotter.v1';

/**
 * The image store that a container is of, by its file. btrfs and zfs are names of both kinds; the descriptor is written only
 * where containerd is the store.
 */
export const storeOfRecord = ({
  driver,
  manifest,
}: Pick<DockerContainerRecord, 'driver' | 'manifest'>): DockerMode | undefined => {
  if (manifest !== null) return 'containerd';
  if (driver === '' || driver === 'btrfs' || driver === 'zfs') return undefined;
  return GRAPHDRIVERS.has(driver) ? 'graphdriver' : 'containerd';
};

/**
 * Where images and layers are. Docker says so since it can choose (24.0): the driver status of the containerd store is this
 * pair alone. The driver's name does not tell: btrfs and zfs are names of both.
 */
export const imageStoreOf = (
  driver: string,
  status: readonly (readonly [key: string, value: string])[],
  from: string,
  at: string,
): Observed<DockerMode> => {
  if (status.some(([key, value]) => key === 'driver-type' && value === SNAPSHOTTER)) {
    return seen('containerd', `${from}: DriverStatus driver-type ${SNAPSHOTTER}`, at);
  }
  if (GRAPHDRIVERS.has(driver)) return seen('graphdriver', `${from}: Driver ${driver}`, at);
  return unknown(
    'failed',
    from,
    `driver "${driver}" is no graphdriver, and no snapshotter by its status`,
    at,
    0,
  );
};
