/** What is in folders, as a listing: bounded, a few entries at a time, and with a gap for each that is not what it should be. */
import { inSlices } from '../../bolt/consistent.ts';
import type { Disk, Folder } from '../../host/disk.ts';
import { absent, type Gap, type Listing, type Observed, seen, unknown } from '../../host/observed.ts';

/** Entries that are looked at; what is above is said to be cut. */
const MAX_ENTRIES = 1_000_000;
/** Gaps that are listed; the others are counted. */
const MAX_GAPS = 100;

/** A listing that is being made. */
export interface Draft<T> {
  readonly items: T[];
  /** What is not known of an entry, or all of it. */
  note(why: string, object: NonNullable<Gap['object']>, fields?: readonly string[]): void;
  /** Another entry. @returns false when it is one too many */
  take(): boolean;
}

/**
 * Lists what is below a folder.
 * @param read yields after each entry
 * @returns absent where there is no such folder
 * @throws the signal's reason
 */
export const listBelow = async <T>(
  disk: Disk,
  root: string,
  read: (draft: Draft<T>) => Generator<void, void>,
  signal?: AbortSignal,
): Promise<Observed<Listing<T>>> => {
  const at = new Date().toISOString();
  const started = performance.now();
  const items: T[] = [];
  const gaps: Gap[] = [];
  let unlisted = 0;
  let entries = 0;
  const draft: Draft<T> = {
    items,
    note: (why, object, fields) => {
      const gap = { ...unknown('failed', root, why, at, 0), object };
      if (gaps.length >= MAX_GAPS) unlisted += 1;
      else gaps.push(fields === undefined ? gap : { ...gap, fields });
    },
    take: () => {
      entries += 1;
      return entries <= MAX_ENTRIES;
    },
  };
  let isThere = false;
  try {
    if (disk.stat(root).kind !== 'folder') return unknown('failed', root, 'it is no folder', at, 0);
    isThere = true;
    await inSlices(read(draft), signal);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string') throw error;
    // Of something in it, the same words are a fault: a file in a folder's place.
    if (!isThere && (code === 'ENOENT' || code === 'ENOTDIR')) return absent(root, at);
    const state = code === 'EACCES' || code === 'EPERM' ? 'denied' : 'failed';
    return unknown(state, root, message, at, performance.now() - started);
  }
  if (unlisted > 0) gaps.push(unknown('failed', root, `${unlisted} more are not what they should be`, at, 0));
  if (entries > MAX_ENTRIES) {
    gaps.push(unknown('truncated', root, `only the first ${MAX_ENTRIES} entries are read`, at, 0));
  }
  return seen({ items, gaps }, root, at);
};

/** A folder that is only there when it has been needed. @throws as the disk does */
export const folderIfAny = (disk: Disk, path: string): Folder | undefined => {
  try {
    return disk.folder(path);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
};

/** Whether something is not there, or is no more. */
export const isGone = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** An error in words. */
export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
