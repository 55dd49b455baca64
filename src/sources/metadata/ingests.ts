/** Uploads with how far they are, which their folders in the content store tell. */
import { join } from 'node:path';
import type { Ingest } from '../../host/containerd.ts';
import type { Disk } from '../../host/disk.ts';
import { ingestProgress } from '../../host/ingest-files.ts';
import type { IngestRecord } from '../../host/storage.ts';

/** An upload as the API lists it, null for one whose folder has no data (containerd leaves it out), or why not. */
export const readIngest = (
  disk: Disk,
  folder: string,
  record: IngestRecord,
): { readonly ingest: Ingest | null } | { readonly why: string } => {
  try {
    const { total, ...progress } = ingestProgress(disk, join(folder, record.folder));
    const { namespace, ref } = record;
    // The store itself keeps no expected digest, and the API gives none for what it lists. A total that is not said is 0.
    return { ingest: { namespace, ref, ...progress, total: total ?? 0n, expected: '' } };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ingest: null };
    return { why: error instanceof Error ? error.message : String(error) };
  }
};
