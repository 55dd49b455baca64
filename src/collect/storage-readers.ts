/** How the facets of containerd's own files are read on a live host. */
import { type Observed, type Unknown, unknown } from '../host/observed.ts';
import type { FacetName, Facets } from '../host/snapshot.ts';
import { HERE } from '../sources/disk/disk.ts';
import { filesOfDaemon } from './daemon-files.ts';
import { readLeased, readSnapshotUsage } from './holding-readers.ts';
import type { ReaderContext, Readers } from './reader-context.ts';
import { DEFAULT_DEADLINE_MS, type StorageReaders, storageReadersOf } from './storage.ts';

/** Those that only the files tell, whether the daemon runs or not. */
type FileFacet = FacetName & (`metadata.${string}` | `content.${string}` | `snapshot.${string}`);

export type LiveStorageReaders = Pick<Readers, 'containerd.leaseResources' | 'containerd.usage' | FileFacet>;

export interface OpenedStorage {
  readonly readers: StorageReaders;
  /** By what the files were found, where the daemon does not run any more. */
  readonly by: string | null;
}

export const storageReaders = (context: ReaderContext): LiveStorageReaders => {
  let opened: Promise<OpenedStorage | Unknown> | undefined;
  const of =
    <K extends FileFacet>(name: K) =>
    async (): Promise<Observed<Facets[K]>> => {
      opened ??= openStorage(context, true, context.wants);
      const storage = await opened;
      return 'state' in storage ? storage : (storage.readers[name]() as Promise<Observed<Facets[K]>>);
    };
  return {
    'containerd.leaseResources': () => readLeased(context),
    'containerd.usage': () => readSnapshotUsage(context),
    'metadata.databases': of('metadata.databases'),
    'metadata.snapshots': of('metadata.snapshots'),
    'metadata.backends': of('metadata.backends'),
    'metadata.ingests': of('metadata.ingests'),
    'content.blobs': of('content.blobs'),
    'content.ingests': of('content.ingests'),
    'snapshot.directories': of('snapshot.directories'),
  };
};

/**
 * The readers of the chosen containerd's files, or why there are none.
 * @param wants what will be asked of them
 * @throws NoContainerd
 */
export const openStorage = async (
  context: ReaderContext,
  mayAsk: boolean,
  wants: readonly FacetName[],
): Promise<OpenedStorage | Unknown> => {
  const { options, scope } = context;
  const at = new Date().toISOString();
  try {
    const found = await filesOfDaemon(context, mayAsk);
    if ('why' in found) return unknown(found.state, 'the files of containerd', found.why, at, 0);
    const { files, by } = found;
    const { showSecrets = false, timeoutMs: deadlineMs = DEFAULT_DEADLINE_MS } = options;
    const readers = storageReadersOf({ disk: HERE, files, scope, wants, showSecrets, deadlineMs });
    return { readers, by };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string') throw error;
    const state = code === 'EACCES' || code === 'EPERM' ? 'denied' : 'failed';
    return unknown(state, 'the files of containerd', message, at, 0);
  }
};
