/** How the facets of Docker's data directory are read on a live host. */
import { type Observed, unknown } from '../host/observed.ts';
import type { FacetName } from '../host/snapshot.ts';
import type { Readers } from './reader-context.ts';

export type DockerDiskFacet =
  | 'docker.root'
  | 'docker.references'
  | 'docker.imageConfigs'
  | 'docker.layers'
  | 'docker.layerMounts'
  | 'docker.graphDirectories'
  | 'docker.containerRecords'
  | 'docker.volumes'
  | 'docker.networks'
  | 'docker.buildSnapshots';

export type DockerDiskReaders = Pick<Readers, DockerDiskFacet>;

export const dockerDiskReaders = (): DockerDiskReaders => ({
  'docker.root': async () => notYet('docker.root'),
  'docker.references': async () => notYet('docker.references'),
  'docker.imageConfigs': async () => notYet('docker.imageConfigs'),
  'docker.layers': async () => notYet('docker.layers'),
  'docker.layerMounts': async () => notYet('docker.layerMounts'),
  'docker.graphDirectories': async () => notYet('docker.graphDirectories'),
  'docker.containerRecords': async () => notYet('docker.containerRecords'),
  'docker.volumes': async () => notYet('docker.volumes'),
  'docker.networks': async () => notYet('docker.networks'),
  'docker.buildSnapshots': async () => notYet('docker.buildSnapshots'),
});

const notYet = (name: FacetName): Observed<never> =>
  unknown('unsupported', name, 'nothing reads it yet', new Date().toISOString(), 0);
