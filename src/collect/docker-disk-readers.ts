/** How the facets of Docker's data directory are read: of the Docker that belongs to a live containerd, or of any disk. */
import type { DockerContainerRecord } from '../host/docker-disk.ts';
import { isUnknown, type Listing, type Observed, seen } from '../host/observed.ts';
import { withholdLabels, withholdText } from '../host/secrets.ts';
import type { Database } from '../host/storage.ts';
import type { Disk } from '../sources/docker/disk/files.ts';
import type { DirectoryOptions, DockerDirectory, DockerDiskFacet } from '../sources/docker/disk/open.ts';
import type { DockerContext } from './docker-readers.ts';
import { findDockerRoot } from './docker-root.ts';
import type { Readers } from './reader-context.ts';
import { withoutSecretLabels } from './withhold.ts';

export type { DockerDiskFacet } from '../sources/docker/disk/open.ts';

export const DOCKER_DISK_FACETS: readonly DockerDiskFacet[] = [
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

export type DockerDiskReaders = Pick<Readers, DockerDiskFacet>;

export interface DockerDisk {
  readonly readers: DockerDiskReaders;
  /** Docker's own bbolt files, for `metadata.databases`; empty where there is no Docker. */
  readonly databases: () => Promise<Listing<Database>>;
}

/** The data directory of the Docker that belongs to the snapshot. */
export const liveDockerDisk = (context: DockerContext): DockerDisk =>
  dockerDisk(async () => {
    const found = await findDockerRoot(context);
    if (found.state !== 'seen') return found;
    const { HERE } = await import('../sources/docker/disk/files.ts');
    const { path, config } = found.value;
    const { showSecrets = false, timeoutMs } = context.options;
    const bounds = timeoutMs === undefined ? {} : { deadlineMs: timeoutMs };
    return { ...found, value: await opened({ disk: HERE, root: path, config, ...bounds }, showSecrets) };
  });

export interface DeadDocker {
  readonly disk: Disk;
  /** The data directory. */
  readonly root: string;
  /** The daemon.json that belongs to it, where there may be one. */
  readonly daemonJson?: string;
  readonly showSecrets: boolean;
  /** For all that is read of it. @default 30 s */
  readonly deadlineMs?: number;
}

/** A data directory at any place of any disk, with no dockerd running on it. */
export const deadDockerDisk = ({ disk, root, daemonJson, showSecrets, deadlineMs }: DeadDocker): DockerDisk =>
  dockerDisk(async () => {
    const { readDaemonJson } = await import('../sources/docker/disk/daemon-json.ts');
    const config = daemonJson === undefined ? {} : { config: readDaemonJson(disk, daemonJson) };
    const bounds = deadlineMs === undefined ? {} : { deadlineMs };
    const directory = await opened({ disk, root, ...config, ...bounds }, showSecrets);
    return seen(directory, root, new Date().toISOString());
  });

type Opened = Observed<DockerDirectory>;

function dockerDisk(open: () => Promise<Opened>): DockerDisk {
  let pending: Promise<Opened> | undefined;
  const directory = (): Promise<Opened> => {
    pending ??= open();
    return pending;
  };
  const read = async <T>(part: (own: DockerDirectory) => Promise<Observed<T>>): Promise<Observed<T>> => {
    const found = await directory();
    return found.state === 'seen' ? part(found.value) : found;
  };
  return {
    readers: {
      'docker.root': () => read((own) => own['docker.root']()),
      'docker.references': () => read((own) => own['docker.references']()),
      'docker.referenceFiles': () => read((own) => own['docker.referenceFiles']()),
      'docker.imageConfigs': () => read((own) => own['docker.imageConfigs']()),
      'docker.layers': () => read((own) => own['docker.layers']()),
      'docker.layerMounts': () => read((own) => own['docker.layerMounts']()),
      'docker.graphDirectories': () => read((own) => own['docker.graphDirectories']()),
      'docker.containerRecords': () => read((own) => own['docker.containerRecords']()),
      'docker.volumes': () => read((own) => own['docker.volumes']()),
      'docker.networks': () => read((own) => own['docker.networks']()),
      'docker.buildSnapshots': () => read((own) => own['docker.buildSnapshots']()),
    },
    databases: async () => {
      const found = await directory();
      if (found.state === 'seen') return found.value.databases();
      return { items: [], gaps: isUnknown(found) ? [{ ...found, object: { kind: 'docker' } }] : [] };
    },
  };
}

async function opened(options: DirectoryOptions, showSecrets: boolean): Promise<DockerDirectory> {
  const { openDirectory } = await import('../sources/docker/disk/open.ts');
  const directory = openDirectory(options);
  if (showSecrets) return directory;
  return {
    ...directory,
    'docker.containerRecords': async () => each(await directory['docker.containerRecords'](), withoutSecrets),
    'docker.volumes': async () => each(await directory['docker.volumes'](), withoutSecretLabels),
    'docker.networks': async () => each(await directory['docker.networks'](), withoutSecretLabels),
  };
}

function each<T>(fact: Observed<Listing<T>>, withhold: (item: T) => T): Observed<Listing<T>> {
  if (fact.state !== 'seen') return fact;
  const { items, gaps } = fact.value;
  return { ...fact, value: { items: items.map(withhold), gaps } };
}

const withoutSecrets = (record: DockerContainerRecord): DockerContainerRecord => ({
  ...withoutSecretLabels(record),
  manifest:
    record.manifest === null
      ? null
      : { ...record.manifest, annotations: withholdLabels(record.manifest.annotations) },
  state: { ...record.state, error: withholdText(record.state.error) },
});
