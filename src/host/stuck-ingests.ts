/** Uploads into the content store that nobody goes on with. */
import type { Ingest } from './containerd.ts';
import { items } from './kinds/listing.ts';
import { readAt } from './listing-gaps.ts';
import type { Timestamp } from './observed.ts';
import type { HostSnapshot } from './snapshot.ts';
import type { IngestFolder, IngestRecord } from './storage.ts';

/**
 * How long an upload may go without a byte. Every write touches its file, however slow the line is, so this is not about
 * speed: it is what clients wait for between two tries (kubelet backs off for 5 minutes at most, CRI gives up a pull after 5
 * minutes without progress), with much to spare. containerd itself lets it lie for a day.
 */
export const STUCK_AFTER_MS = 3_600_000;

export interface StuckIngest {
  readonly ingest: Ingest;
  /** Since its last byte. */
  readonly idleMs: number;
  readonly lastWriteAt: Timestamp;
  /** Null where its folder was not read, or is not there. */
  readonly folder: IngestFolder | null;
  /** Null where it is not known or was not read. */
  readonly record: IngestRecord | null;
}

/** Those without a byte for {@link STUCK_AFTER_MS} when they were read. One whose last write is not known is not among them. */
export const stuckIngests = (host: HostSnapshot): StuckIngest[] => {
  const records = new Map(items(host, 'metadata.ingests').map((r) => [`${r.namespace}/${r.ref}`, r]));
  const folders = new Map(items(host, 'content.ingests').map((f) => [f.folder, f]));
  const at = Date.parse(readAt(host, 'containerd.ingests'));
  return items(host, 'containerd.ingests').flatMap((ingest) => {
    const record = records.get(`${ingest.namespace}/${ingest.ref}`) ?? null;
    const folder = (record && folders.get(record.folder)) ?? null;
    const lastWriteAt = newest(ingest.updatedAt, folder?.updatedAt ?? null);
    if (lastWriteAt === null) return [];
    const idleMs = at - Date.parse(lastWriteAt);
    return idleMs >= STUCK_AFTER_MS ? [{ ingest, idleMs, lastWriteAt, folder, record }] : [];
  });
};

function newest(one: Timestamp | null, other: Timestamp | null): Timestamp | null {
  if (one === null || other === null) return one ?? other;
  return Date.parse(one) >= Date.parse(other) ? one : other;
}
