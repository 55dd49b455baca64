/** How the facets of Docker's data directory are read on a disk whose daemons do not run. */
import type { Disk } from '../host/disk.ts';
import { type Listing, type Observed, unknown } from '../host/observed.ts';
import type { FacetName } from '../host/snapshot.ts';
import type { Database } from '../host/storage.ts';
import type { DockerDiskFacet, DockerDiskReaders } from './docker-disk-readers.ts';

export interface DeadDocker {
  readonly disk: Disk;
  /** Docker's data directory. */
  readonly root: string;
  readonly showSecrets: boolean;
}

export const DOCKER_DISK_FACETS: readonly DockerDiskFacet[] = [
  'docker.root',
  'docker.references',
  'docker.imageConfigs',
  'docker.layers',
  'docker.layerMounts',
  'docker.graphDirectories',
  'docker.containerRecords',
  'docker.volumes',
  'docker.networks',
  'docker.buildSnapshots',
];

export interface DeadDockerReaders extends DockerDiskReaders {
  /** Docker's own bbolt files, for `metadata.databases`. */
  readonly databases: () => Promise<Listing<Database>>;
}

/** The reader of each facet. */
export const openDeadDocker = async ({ root }: DeadDocker): Promise<DeadDockerReaders> => {
  const notRead = (name: FacetName): Observed<never> =>
    unknown('notCollected', root, `${name} is not read from the disk`, new Date().toISOString(), 0);
  return {
    'docker.root': async () => notRead('docker.root'),
    'docker.references': async () => notRead('docker.references'),
    'docker.imageConfigs': async () => notRead('docker.imageConfigs'),
    'docker.layers': async () => notRead('docker.layers'),
    'docker.layerMounts': async () => notRead('docker.layerMounts'),
    'docker.graphDirectories': async () => notRead('docker.graphDirectories'),
    'docker.containerRecords': async () => notRead('docker.containerRecords'),
    'docker.volumes': async () => notRead('docker.volumes'),
    'docker.networks': async () => notRead('docker.networks'),
    'docker.buildSnapshots': async () => notRead('docker.buildSnapshots'),
    databases: async () => ({ items: [], gaps: [] }),
  };
};
