/** A data directory read as far as a test wants it. */
import type { Listing, Observed } from '../../../../src/host/observed.ts';
import type { Facets } from '../../../../src/host/snapshot.ts';
import type { DaemonConfig } from '../../../../src/sources/docker/daemon-config.ts';
import { type Disk, HERE } from '../../../../src/sources/docker/disk/files.ts';
import { type DockerDiskFacet, openDirectory } from '../../../../src/sources/docker/disk/open.ts';

export const FACETS: readonly DockerDiskFacet[] = [
  'docker.root',
  'docker.references',
  'docker.referenceFiles',
  'docker.imageConfigs',
  'docker.layers',
  'docker.layerMounts',
  'docker.graphDirectories',
  'docker.containerRecords',
  'docker.volumes',
  'docker.networks',
  'docker.buildSnapshots',
];

export const observe = async <K extends DockerDiskFacet>(
  root: string,
  name: K,
  { disk = HERE, config }: { disk?: Disk; config?: Observed<DaemonConfig> } = {},
): Promise<Observed<Facets[K]>> => {
  const directory = openDirectory({ disk, root, ...(config === undefined ? {} : { config }) });
  return (await directory[name]()) as Observed<Facets[K]>;
};

/** What a facet is seen to be; a failure shows what it is instead. */
export const read = async <K extends DockerDiskFacet>(
  root: string,
  name: K,
  options?: Parameters<typeof observe>[2],
): Promise<Facets[K]> => {
  const fact = await observe(root, name, options);
  if (fact.state !== 'seen') throw new Error(`${name} is ${JSON.stringify(fact)}`);
  return fact.value;
};

/** The objects that a listing lacks, with the fields of those that it has in part. */
export const missed = ({ gaps }: Listing<unknown>): string[] =>
  gaps.map(
    ({ state, object, fields }) =>
      `${state} ${object?.kind ?? ''} ${object?.id ?? ''}${fields === undefined ? '' : ` ${fields.join(',')}`}`,
  );
