/**
 * A HostSnapshot of a disk whose daemons do not run: what they have left in their files. What only they could tell, and what
 * belongs to the machine that they ran on, is unknown.
 */
import type { Disk } from '../host/disk.ts';
import { absent, type Observed, unknown } from '../host/observed.ts';
import {
  type FacetName,
  type Facets,
  type HostSnapshot,
  SCHEMA_VERSION,
  type Scope,
  type Timing,
} from '../host/snapshot.ts';
import { diskWithin } from '../sources/disk/disk.ts';
import { type DiskLayout, diskLayout, type FoundRoot } from './disk-layout.ts';
import { DOCKER_DISK_FACETS, type DockerDiskFacet, deadDockerDisk } from './docker-disk-readers.ts';
import { outcomeOf, type Readers } from './reader-context.ts';
import {
  DEFAULT_DEADLINE_MS,
  STORAGE_FACETS,
  type StorageFacet,
  type StorageReaders,
  storageReadersOf,
  withDatabases,
} from './storage.ts';
import { type StorageFiles, storageBelow } from './storage-files.ts';

export interface DiskOptions {
  /** `--namespace`; without it, all. */
  readonly namespace?: string;
  /** `--timeout`. */
  readonly timeoutMs?: number;
  readonly showSecrets?: boolean;
}

export interface DiskHost {
  /** As it was named. */
  readonly folder: string;
  readonly layout: DiskLayout;
  /** The containerd whose files are read. */
  readonly chosen: FoundRoot | undefined;
  collect(wants: readonly FacetName[], scope?: Scope): Promise<HostSnapshot>;
  /** A descriptor of one of its files, by the path that a facet gives it. @throws DiskError */
  openFile(path: string): number;
}

/** Opens a folder, which nothing that is read of it leads out of. @throws Error when it is none */
export const openDiskHost = async (folder: string, options: DiskOptions): Promise<DiskHost> => {
  const disk = diskWithin(folder);
  const { kind } = disk.stat(folder);
  if (kind !== 'folder') throw new Error(`${folder} is no folder`);
  const layout = await diskLayout(disk, folder);
  const [chosen] = layout.containerds;
  const everything: Scope = options.namespace === undefined ? {} : { namespaces: [options.namespace] };
  return {
    folder,
    layout,
    chosen,
    openFile: disk.open,
    collect: async (wanted, scope = everything) => {
      const at = new Date().toISOString();
      const wants = withStandIns(wanted);
      const readers = await readersOf({ disk, folder, layout, chosen, scope, wants, options });
      const facets: Record<string, Observed<unknown>> = {};
      const timings: Timing[] = [];
      await Promise.all(
        wants.map(async (name) => {
          const startedAt = new Date().toISOString();
          const started = performance.now();
          const fact = await readers[name]().catch((error: unknown): Observed<never> => {
            const why = error instanceof Error ? error.message : String(error);
            return unknown('failed', folder, why, startedAt, performance.now() - started);
          });
          facets[name] = fact;
          const ms = Math.round((performance.now() - started) * 10) / 10;
          timings.push({ facet: name, startedAt, ms, outcome: outcomeOf(fact) });
        }),
      );
      return {
        schemaVersion: SCHEMA_VERSION,
        at,
        from: 'disk',
        scope,
        facets: facets as HostSnapshot['facets'],
        timings,
      };
    },
  };
};

// What Docker calls its containers and images is in its files, too.
function withStandIns(wants: readonly FacetName[]): readonly FacetName[] {
  const files: FacetName[] = [];
  if (wants.includes('docker.containers')) files.push('docker.containerRecords');
  if (wants.includes('containerd.images')) files.push('docker.references');
  return [...new Set<FacetName>([...wants, ...files])];
}

interface Reading {
  readonly disk: Disk;
  readonly folder: string;
  readonly layout: DiskLayout;
  readonly chosen: FoundRoot | undefined;
  readonly scope: Scope;
  readonly wants: readonly FacetName[];
  readonly options: DiskOptions;
}

type LiveFacet = Exclude<FacetName, StorageFacet | DockerDiskFacet>;

async function readersOf(reading: Reading): Promise<Readers> {
  const { disk, folder, layout, options } = reading;
  const { showSecrets = false } = options;
  const offline = (why: string) => async (): Promise<Observed<never>> =>
    unknown('offline', folder, `read from the disk; ${why}`, new Date().toISOString(), 0);
  const live: Pick<Readers, LiveFacet> = {
    'host.system': offline('the machine that it belongs to is not this one'),
    'proc.daemons': offline('processes run on a live host only'),
    'containerd.discovery': offline('a socket answers on a live host only'),
    'containerd.endpoint': offline('a socket answers on a live host only'),
    'containerd.version': offline('containerd says its version only while it runs'),
    'containerd.identity': offline('containerd says who it is only while it runs'),
    'containerd.plugins': offline('plugins are loaded only while containerd runs'),
    'containerd.tasks': offline('tasks exist only while containerd runs'),
    'docker.discovery': offline('dockerd answers only while it runs'),
    'docker.endpoint': offline('dockerd answers only while it runs'),
    'docker.containers': offline('dockerd answers only while it runs'),
    'docker.bodies': offline('dockerd answers only while it runs'),
    'docker.images': offline('dockerd answers only while it runs'),
    'docker.diskUsage': offline('dockerd answers only while it runs'),
  };
  const storage = containerdReaders(reading);
  if (layout.docker === null) {
    const why = 'no data directory of Docker is in it';
    // What could not be looked at may be it, or say where it is.
    const fact = layout.unread[0] ?? absent(folder, new Date().toISOString(), why);
    const docker = all(DOCKER_DISK_FACETS, async () => fact);
    return { ...live, ...storage, ...docker };
  }
  const { readers: docker, databases } = deadDockerDisk({
    disk,
    root: layout.docker,
    showSecrets,
    ...(layout.daemonJson === null ? {} : { daemonJson: layout.daemonJson }),
    ...(options.timeoutMs === undefined ? {} : { deadlineMs: options.timeoutMs }),
  });
  const every = async (): Promise<Observed<Facets['metadata.databases']>> =>
    withDatabases(await storage['metadata.databases'](), await databases());
  return { ...live, ...storage, ...docker, 'metadata.databases': every };
}

function containerdReaders({ disk, folder, layout, chosen, scope, wants, options }: Reading): StorageReaders {
  if (chosen === undefined) {
    const [unread] = layout.unread;
    const { elsewhere } = layout;
    const at = new Date().toISOString();
    if (unread !== undefined) return all(STORAGE_FACETS, async () => unread);
    if (elsewhere !== null) {
      const why = `where containerd has kept its files is not known: ${elsewhere}`;
      return all(STORAGE_FACETS, async () => unknown('offline', folder, why, at, 0));
    }
    const why = `no containerd has kept its files in ${folder}`;
    return all(STORAGE_FACETS, async () => absent(folder, at, why));
  }
  const { showSecrets = false, timeoutMs: deadlineMs = DEFAULT_DEADLINE_MS } = options;
  let files: StorageFiles;
  try {
    files = storageBelow(chosen.path, disk, chosen.snapshotters);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const state = code === 'EACCES' || code === 'EPERM' ? 'denied' : 'failed';
    const unread = unknown(state, chosen.path, message, new Date().toISOString(), 0);
    return all(STORAGE_FACETS, async () => unread);
  }
  return storageReadersOf({ disk, files, scope, wants, showSecrets, deadlineMs });
}

type Alike<K extends FacetName> = { readonly [N in K]: () => Promise<Observed<never>> };

function all<K extends FacetName>(names: readonly K[], read: () => Promise<Observed<never>>): Alike<K> {
  return Object.fromEntries(names.map((name) => [name, read])) as Alike<K>;
}
