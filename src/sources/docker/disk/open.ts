/** A data directory with everything that is read from it, each part once and only when it is asked for. */
import { join } from 'node:path';
import { inSlices } from '../../../bolt/consistent.ts';
import { isUnknown, type Listing, type Observed, seenValue, unknown } from '../../../host/observed.ts';
import type { Facets } from '../../../host/snapshot.ts';
import type { Database } from '../../../host/storage.ts';
import { duration } from '../../../text/units.ts';
import type { DaemonConfig } from '../daemon-config.ts';
import { BUILD_SNAPSHOTS_DB, readBuildSnapshots } from './build-snapshots.ts';
import { readContainerRecords } from './container-records.ts';
import { type DatabaseRead, type DatabaseReader, readDatabase } from './database.ts';
import { type Disk, FileFault } from './files.ts';
import { readGraphDirectories } from './graph-directories.ts';
import { readImageConfigs } from './image-configs.ts';
import { readLayerMounts, readLayers } from './layers.ts';
import { observed } from './listing.ts';
import { NETWORKS_DB, readNetworks } from './networks.ts';
import { type References, readReferences } from './references.ts';
import { readRoot } from './root.ts';
import { readVolumeRecords, readVolumes, VOLUMES_DB } from './volumes.ts';

/** The facets of a data directory. */
export type DockerDiskFacet =
  | 'docker.root'
  | 'docker.references'
  | 'docker.referenceFiles'
  | 'docker.imageConfigs'
  | 'docker.layers'
  | 'docker.layerMounts'
  | 'docker.graphDirectories'
  | 'docker.containerRecords'
  | 'docker.volumes'
  | 'docker.networks'
  | 'docker.buildSnapshots';

export type DockerDirectory = {
  readonly [K in DockerDiskFacet]: () => Promise<Observed<Facets[K]>>;
} & {
  /** Docker's bbolt files whose place is known, each with what reading it came to. */
  readonly databases: () => Promise<Listing<Database>>;
};

export interface DirectoryOptions {
  readonly disk: Disk;
  /** The data directory. */
  readonly root: string;
  /** daemon.json, where it is known which one belongs. */
  readonly config?: Observed<DaemonConfig>;
  /** For all that is read of it, from the first on: many small files, and the disk may be slow. @default 30 s */
  readonly deadlineMs?: number;
}

const DEFAULT_DEADLINE_MS = 30_000;
const NO_GRAPHDRIVER = 'no graphdriver was used in this data directory';

/** Nothing is read before it is asked for, and no reader rejects. */
export const openDirectory = ({
  disk,
  root,
  config,
  deadlineMs = DEFAULT_DEADLINE_MS,
}: DirectoryOptions): DockerDirectory => {
  let deadline: AbortSignal | undefined;
  const signal = (): AbortSignal => {
    deadline ??= AbortSignal.timeout(deadlineMs);
    return deadline;
  };
  const late = (path: string): FileFault => {
    const why = `${path}: not all of it was read within ${duration(deadlineMs)}, the time for ${root}`;
    return new FileFault(path, why, 'timeout');
  };
  const walk = async <T>(steps: Generator<void, T>, path: string): Promise<T> => {
    try {
      return await inSlices(steps, signal());
    } catch (error) {
      throw error === signal().reason ? late(path) : error;
    }
  };
  const database = <T>(place: string, reader: DatabaseReader<T>): (() => Promise<DatabaseRead<T>>) =>
    once(async () => {
      const path = join(root, place);
      const at = new Date().toISOString();
      try {
        return await readDatabase(disk, path, reader, signal());
      } catch (error) {
        if (error !== signal().reason) throw error;
        return { file: unknown('timeout', path, late(path).message, at, deadlineMs) };
      }
    });
  const volumes = database(VOLUMES_DB, { read: readVolumeRecords, bucket: 'volumes' });
  const networks = database(NETWORKS_DB, { read: readNetworks, bucket: 'libnetwork' });
  const builds = database(BUILD_SNAPSHOTS_DB, { read: readBuildSnapshots });
  const records = once(() =>
    observed(
      join(root, 'containers'),
      (path) => walk(readContainerRecords(disk, root), path),
      'this data directory has no containers',
    ),
  );
  const ofReferences = <K extends keyof References>(part: K) =>
    once(async (): Promise<Observed<References[K]>> => {
      const found = await references();
      return found.state === 'seen' ? { ...found, value: found.value[part] } : found;
    });
  const ofDrivers = <T>(place: string, read: (disk: Disk, root: string) => Generator<void, T>) =>
    once(() => observed(join(root, place), (path) => walk(read(disk, root), path), NO_GRAPHDRIVER));
  const references = ofDrivers('image/*/repositories.json', readReferences);
  return {
    'docker.root': once(async () => {
      const containers = seenValue(await records())?.items ?? [];
      return observed(
        root,
        async () => readRoot(disk, root, config, containers),
        'there is no such directory',
      );
    }),
    'docker.references': ofReferences('names'),
    'docker.referenceFiles': ofReferences('files'),
    'docker.imageConfigs': ofDrivers('image/*/imagedb', readImageConfigs),
    'docker.layers': ofDrivers('image/*/layerdb', readLayers),
    'docker.layerMounts': ofDrivers('image/*/layerdb/mounts', readLayerMounts),
    'docker.graphDirectories': once(() =>
      observed(root, (path) => walk(readGraphDirectories(disk, root), path), NO_GRAPHDRIVER),
    ),
    'docker.containerRecords': records,
    'docker.volumes': once(async () => {
      const known = await volumes();
      return observed(
        join(root, 'volumes'),
        (path) => walk(readVolumes(disk, root, known), path),
        'this data directory has no volumes',
      );
    }),
    'docker.networks': once(async () => listingOf(await networks(), 'network')),
    'docker.buildSnapshots': once(async () => listingOf(await builds(), 'build snapshot')),
    databases: once(async () => {
      const record = async (
        owner: string,
        read: () => Promise<DatabaseRead<unknown>>,
      ): Promise<Database> => ({ owner, path: join(root, owner), file: (await read()).file });
      const items = await Promise.all([
        record(VOLUMES_DB, volumes),
        record(NETWORKS_DB, networks),
        record(BUILD_SNAPSHOTS_DB, builds),
      ]);
      return { items, gaps: [] };
    }),
  };
};

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let pending: Promise<T> | undefined;
  return () => {
    pending ??= read();
    return pending;
  };
}

// What the file holds, with what is wrong with all of it; a file that is not there is nothing to list.
function listingOf<T>(found: DatabaseRead<Listing<T>>, kind: string): Observed<Listing<T>> {
  if (!('value' in found)) {
    if (isUnknown(found.file)) return found.file;
    return { ...found.file, why: `${found.file.from} is not there: Docker has kept no ${kind} in it` };
  }
  const { at, from } = found.file;
  const damage = found.faults.map((why) => ({ ...unknown('failed', from, why, at, 0), object: { kind } }));
  const { items, gaps } = found.value;
  return { ...found.file, value: { items, gaps: [...gaps, ...damage] } };
}
