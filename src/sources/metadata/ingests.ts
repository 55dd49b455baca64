/**
 * How far an upload is: its folder in the content store (content/local/store.go, status).
 *
 *     ingest/<SHA-256 of the backend's ref>/
 *     ├── data         what was written so far
 *     ├── ref          the backend's ref
 *     ├── total        how much it will be, decimal; not there where the writer did not say
 *     ├── startedat    RFC 3339 with nanoseconds
 *     └── updatedat    the same
 */
import { join } from 'node:path';
import type { Ingest } from '../../host/containerd.ts';
import type { Timestamp } from '../../host/observed.ts';
import type { IngestRecord } from '../../host/storage.ts';
import { type Disk, readSmall } from './disk.ts';
import { timestamp } from './values.ts';

/** An upload as the API lists it, null for one whose folder has no data (containerd leaves it out), or why not. */
export const readIngest = (
  disk: Disk,
  folder: string,
  record: IngestRecord,
): { readonly ingest: Ingest | null } | { readonly why: string } => {
  const at = (name: string): string => join(folder, record.folder, name);
  try {
    const data = readSmall(disk, at('data'), 0);
    const started = parseTime(readSmall(disk, at('startedat'), MAX_TEXT).text, at('startedat'));
    const updated = parseTime(readSmall(disk, at('updatedat'), MAX_TEXT).text, at('updatedat'));
    // Written when a writer closes: until then, the data itself is newer.
    let changed = updated;
    if (data.modifiedNs > changed) changed = data.modifiedNs;
    return {
      ingest: {
        namespace: record.namespace,
        ref: record.ref,
        offset: data.size,
        total: readTotal(disk, at('total')),
        // The store itself keeps no expected digest, and the API gives none for what it lists.
        expected: '',
        startedAt: fromNanoseconds(started),
        updatedAt: fromNanoseconds(changed),
      },
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ingest: null };
    return { why: error instanceof Error ? error.message : String(error) };
  }
};

const MAX_TEXT = 64;

// As containerd does: a number that is not there or is none counts as 0, "not said".
function readTotal(disk: Disk, path: string): bigint {
  try {
    const { text } = readSmall(disk, path, MAX_TEXT);
    return /^[+-]?\d{1,19}$/.test(text) ? BigInt.asIntN(64, BigInt(text)) : 0n;
  } catch {
    return 0n;
  }
}

const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

function parseTime(text: string, path: string): bigint {
  const [, whole, fraction = '', zone] = RFC_3339.exec(text) ?? [];
  const ms = Date.parse(`${whole}${zone}`);
  if (Number.isNaN(ms)) throw new Error(`${path}: ${JSON.stringify(text)} is no RFC 3339 time`);
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

function fromNanoseconds(time: bigint): Timestamp | null {
  const nanos = ((time % BILLION) + BILLION) % BILLION;
  return timestamp(Number((time - nanos) / BILLION), Number(nanos));
}

const BILLION = 1_000_000_000n;
