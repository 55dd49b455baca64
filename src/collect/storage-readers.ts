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

export const storageReaders = (context: ReaderContext): LiveStorageReaders => {
  let opened: Promise<StorageReaders | Unknown> | undefined;
  const of =
    <K extends FileFacet>(name: K) =>
    async (): Promise<Observed<Facets[K]>> => {
      opened ??= openStorage(context, true, context.wants);
      const readers = await opened;
      return 'state' in readers ? readers : (readers[name]() as Promise<Observed<Facets[K]>>);
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
): Promise<StorageReaders | Unknown> => {
  const { options, scope } = context;
  const at = new Date().toISOString();
  try {
    const files = await filesOfDaemon(context, mayAsk);
    if ('why' in files) return unknown(files.state, 'the files of containerd', files.why, at, 0);
    const { showSecrets = false, timeoutMs: deadlineMs = DEFAULT_DEADLINE_MS } = options;
    return storageReadersOf({ disk: HERE, files, scope, wants, showSecrets, deadlineMs });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string') throw error;
    const state = code === 'EACCES' || code === 'EPERM' ? 'denied' : 'failed';
    return unknown(state, 'the files of containerd', message, at, 0);
  }
};
