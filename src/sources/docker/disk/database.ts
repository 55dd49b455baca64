/** One of Docker's own bbolt files, read without the lock that dockerd holds on it. */
import { readConsistently } from '../../../bolt/consistent.ts';
import type { Cursor } from '../../../bolt/cursor.ts';
import { BoltError } from '../../../bolt/damage.ts';
import type { Database } from '../../../bolt/database.ts';
import { absent, type Observed, seen, unknown } from '../../../host/observed.ts';
import type { DatabaseFile } from '../../../host/storage.ts';
import type { Disk } from './files.ts';

/** What a file holds, and how reading it went. */
export type DatabaseRead<T> =
  | {
      readonly file: Observed<DatabaseFile> & { readonly state: 'seen' };
      readonly value: T;
      /** What holds for the file as a whole: damage, in words, and whether it changed meanwhile. */
      readonly faults: readonly string[];
    }
  | { readonly file: Exclude<Observed<DatabaseFile>, { readonly state: 'seen' }> };

/** How a file is read. */
export interface DatabaseReader<T> {
  readonly read: (database: Database) => Generator<void, T>;
  /** A bucket that it has for sure: the way in where both meta pages are broken, or the root bucket is lost. */
  readonly bucket?: string;
}

/** Reads a file; its faults become facts. @throws the signal's reason */
export const readDatabase = async <T>(
  disk: Disk,
  path: string,
  { read, bucket }: DatabaseReader<T>,
  signal?: AbortSignal,
): Promise<DatabaseRead<T>> => {
  const at = new Date().toISOString();
  const started = performance.now();
  const geometry = { bytes: 0, pageSize: 0, usedBytes: 0 };
  const reader = function* (database: Database): Generator<void, T> {
    const { pageSize, highWater } = database.meta;
    Object.assign(geometry, { bytes: database.fileSize, pageSize, usedBytes: highWater * pageSize });
    return yield* read(database);
  };
  try {
    const source = { path, open: (): number => disk.open(path) };
    const found = await readConsistently(source, reader, {
      ...(bucket === undefined ? {} : { salvage: Buffer.from(bucket) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const { txid, torn, salvaged, unlisted } = found;
    const damage = found.damage.map(({ message }) => message);
    const file: DatabaseFile = { path, ...geometry, txid, version: null, torn, salvaged, damage };
    const faults = [
      ...(salvaged
        ? [
            `${path}: both meta pages are broken, or the root bucket is lost; this is what one of the last transactions has left`,
          ]
        : []),
      ...damage.map((words) => `${path}: ${words}`),
      ...(unlisted > 0 ? [`${path}: ${unlisted} more places are damaged`] : []),
      ...(torn
        ? [
            `dockerd finished other transactions during each reading of ${path}: entries may be missing or twice`,
          ]
        : []),
    ];
    return { file: seen(file, path, at), value: found.value, faults };
  } catch (error) {
    if (!(error instanceof BoltError)) throw error;
    const { errno } = error.fields;
    if (errno === 'ENOENT') return { file: absent(path, at) };
    const denied = errno === 'EACCES' || errno === 'EPERM';
    const why = denied ? `reading ${path} needs root` : `${path}: ${error.message}`;
    return { file: unknown(denied ? 'denied' : 'failed', path, why, at, performance.now() - started) };
  }
};

/** A value as text; undefined where it is larger than what Docker writes there. */
export const textOfValue = (entry: Cursor): string | undefined =>
  entry.valueLength > MAX_VALUE ? undefined : entry.valueText();

/** The bytes of a value, with the same bound. */
export const bytesOfValue = (entry: Cursor): Buffer | undefined =>
  entry.valueLength > MAX_VALUE ? undefined : entry.value();

const MAX_VALUE = 1 << 20;
