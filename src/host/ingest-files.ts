/**
 * How far an upload is, by its folder in the content store (content/local/store.go, status).
 *
 *     ingest/<SHA-256 of the backend's ref>/
 *     ├── data         what was written so far
 *     ├── ref          the backend's ref: NAMESPACE/NUMBER/REF
 *     ├── total        how much it will be, decimal; not there where the writer did not say
 *     ├── startedat    RFC 3339 with nanoseconds
 *     └── updatedat    the same
 */
import type { Disk, SmallFile } from './disk.ts';
import type { Timestamp } from './observed.ts';
import { fromNanoseconds, toNanoseconds } from './timestamp.ts';

export interface IngestProgress {
  /** Bytes. */
  readonly offset: bigint;
  /** Null where the writer did not say, or not in digits. */
  readonly total: bigint | null;
  readonly startedAt: Timestamp | null;
  readonly updatedAt: Timestamp | null;
}

/** Decimal digits of 64 bits, or a time. */
const MAX_TEXT = 64;

/** Reads it. @throws as the disk does, with ENOENT where there is no data; Error where a time is none */
export const ingestProgress = (disk: Disk, folder: string): IngestProgress => {
  const data = disk.read(`${folder}/data`, 0);
  const started = timeIn(disk, `${folder}/startedat`);
  const updated = timeIn(disk, `${folder}/updatedat`);
  // Written when a writer closes: until then, the data itself is newer.
  let changed = updated;
  if (data.modifiedNs > changed) changed = data.modifiedNs;
  return {
    offset: data.size,
    total: totalIn(disk, `${folder}/total`),
    startedAt: fromNanoseconds(started),
    updatedAt: fromNanoseconds(changed),
  };
};

function totalIn(disk: Disk, path: string): bigint | null {
  try {
    const text = textOf(disk.read(path, MAX_TEXT));
    return /^[+-]?\d{1,19}$/.test(text) ? BigInt.asIntN(64, BigInt(text)) : null;
  } catch {
    return null;
  }
}

function timeIn(disk: Disk, path: string): bigint {
  const text = textOf(disk.read(path, MAX_TEXT));
  const time = toNanoseconds(text);
  if (time === undefined) throw new Error(`${path}: ${JSON.stringify(text)} is no RFC 3339 time`);
  return time;
}

function textOf({ bytes }: SmallFile): string {
  return new TextDecoder().decode(bytes);
}
