/** One bbolt file, read consistently, as an observed fact. */
import { readConsistently } from '../../bolt/consistent.ts';
import { BoltError } from '../../bolt/damage.ts';
import type { Database } from '../../bolt/database.ts';
import type { Disk } from '../../host/disk.ts';
import {
  type Absent,
  absent,
  type Observed,
  seen,
  type Unknown,
  type UnknownState,
  unknown,
} from '../../host/observed.ts';
import type { DatabaseFile } from '../../host/storage.ts';
import { boltSource } from './disk.ts';
import { KEY } from './schema.ts';

/** What was read of a file, or why nothing was. */
export type FileRead<T> =
  | {
      readonly file: Observed<DatabaseFile> & { readonly state: 'seen' };
      readonly value: T;
      readonly damage: readonly BoltError[];
      /** Damage that is not listed. */
      readonly unlisted: number;
    }
  | { readonly file: Absent | Unknown };

/** Reads a file; its faults become facts. @throws the signal's reason */
export const readDatabase = async <T>(
  disk: Disk,
  path: string,
  read: (database: Database) => Generator<unknown, T>,
  versionOf: (value: T) => number | null,
  signal?: AbortSignal,
): Promise<FileRead<T>> => {
  const at = new Date().toISOString();
  const started = performance.now();
  const geometry = { bytes: 0, pageSize: 0, usedBytes: 0 };
  const reader = function* (database: Database): Generator<unknown, T> {
    const { pageSize, highWater } = database.meta;
    Object.assign(geometry, { bytes: database.fileSize, pageSize, usedBytes: highWater * pageSize });
    return yield* read(database);
  };
  try {
    const options = { salvage: KEY.v1, ...(signal === undefined ? {} : { signal }) };
    const { value, txid, torn, salvaged, damage, unlisted } = await readConsistently(
      boltSource(disk, path),
      reader,
      options,
    );
    const words = damage.map(({ message }) => message);
    const file: DatabaseFile = {
      path,
      ...geometry,
      txid,
      version: versionOf(value),
      torn,
      salvaged,
      damage: words,
    };
    return { file: seen(file, path, at), value, damage, unlisted };
  } catch (error) {
    if (!(error instanceof BoltError)) throw error;
    const { errno } = error.fields;
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return { file: absent(path, at) };
    return { file: unknown(stateOf(errno), path, error.message, at, performance.now() - started) };
  }
};

function stateOf(errno: string | undefined): UnknownState {
  return errno === 'EACCES' || errno === 'EPERM' ? 'denied' : 'failed';
}
