/** The folders of uploads that were not committed, whether containerd still has a record of them or not. */
import type { Disk } from '../../host/disk.ts';
import { ingestProgress } from '../../host/ingest-files.ts';
import type { Listing, Observed } from '../../host/observed.ts';
import type { IngestFolder } from '../../host/storage.ts';
import { type Draft, folderIfAny, isGone, listBelow, wordsOf } from './listing.ts';

/** A backend's ref holds a client's, which has no limit; this is more than anybody writes. */
const MAX_REF = 64 << 10;

/** Every folder in `ingest`. @param root the content store's folder */
export const listIngestFolders = (
  disk: Disk,
  root: string,
  signal?: AbortSignal,
): Promise<Observed<Listing<IngestFolder>>> =>
  listBelow(
    disk,
    root,
    function* (draft: Draft<IngestFolder>): Generator<void, void> {
      const path = `${root}/ingest`;
      using folder = folderIfAny(disk, path);
      for (const { name, kind } of folder?.entries() ?? []) {
        if (!draft.take()) return;
        const object = { kind: 'ingest', id: name };
        if (kind !== 'folder') draft.note(`${path}/${name} is no folder`, object);
        else if (!/^[0-9a-f]{64}$/.test(name)) draft.note(`${path}/${name} is called by no digest`, object);
        else readFolder(disk, `${path}/${name}`, name, draft);
        yield;
      }
    },
    signal,
  );

function readFolder(disk: Disk, path: string, name: string, draft: Draft<IngestFolder>): void {
  const object = { kind: 'ingest', id: name };
  let ref: string | null = null;
  try {
    const { size, bytes } = disk.read(`${path}/ref`, MAX_REF);
    if (size <= MAX_REF) ref = new TextDecoder().decode(bytes);
    else draft.note(`${path}/ref has ${size} bytes, and no ref is so long`, object, ['name']);
  } catch (error) {
    if (!isGone(error)) draft.note(wordsOf(error), object, ['name']);
  }
  try {
    draft.items.push({ folder: name, path, name: ref, ...ingestProgress(disk, path) });
  } catch (error) {
    // Removed while the folder was read, or never more than a folder: the second is there when looked at again.
    if (isGone(error) && !isThere(disk, path)) return;
    const offset = bytesIn(disk, path);
    const unread = { total: null, startedAt: null, updatedAt: null };
    const fields = Object.keys(unread);
    draft.note(wordsOf(error), object, offset === undefined ? ['offset', ...fields] : fields);
    draft.items.push({ folder: name, path, name: ref, offset: offset ?? 0n, ...unread });
  }
}

// Nothing where there is no file for it; undefined where that is not known.
function bytesIn(disk: Disk, path: string): bigint | undefined {
  try {
    return disk.read(`${path}/data`, 0).size;
  } catch (error) {
    return isGone(error) ? 0n : undefined;
  }
}

function isThere(disk: Disk, path: string): boolean {
  try {
    return disk.stat(path).kind === 'folder';
  } catch {
    return false;
  }
}
