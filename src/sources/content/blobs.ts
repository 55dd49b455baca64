/** The committed files of the content store: `blobs/<algorithm>/<hex>` (content/local/store.go). All namespaces share them. */
import type { Disk, FolderEntry } from '../../host/disk.ts';
import { digest } from '../../host/ids.ts';
import type { Listing, Observed } from '../../host/observed.ts';
import type { BlobFile } from '../../host/storage.ts';
import { fileTime } from '../../host/timestamp.ts';
import { type Draft, folderIfAny, isGone, listBelow, wordsOf } from './listing.ts';

/** Hexadecimal digits of each algorithm that go-digest knows. */
const ALGORITHMS: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
]);

/** Every blob with its size; what its bytes are is not asked. @param root the content store's folder */
export const listBlobs = (
  disk: Disk,
  root: string,
  signal?: AbortSignal,
): Promise<Observed<Listing<BlobFile>>> =>
  listBelow(
    disk,
    root,
    function* (draft: Draft<BlobFile>): Generator<void, void> {
      const blobs = `${root}/blobs`;
      using algorithms = folderIfAny(disk, blobs);
      for (const { name } of algorithms?.entries() ?? []) {
        if (!draft.take()) return;
        const length = ALGORITHMS.get(name);
        if (length === undefined) draft.note(`${blobs}/${name} is of no algorithm for digests`, object(name));
        else yield* readAlgorithm(disk, `${blobs}/${name}`, name, length, draft);
      }
    },
    signal,
  );

/** Where a blob's file is; undefined for what is no digest, such as a manifest may name. */
export const blobPath = (root: string, blob: string): string | undefined => {
  const [algorithm = '', hex = '', more] = blob.split(':');
  const isDigest = more === undefined && isHex(hex, ALGORITHMS.get(algorithm));
  return isDigest ? `${root}/blobs/${algorithm}/${hex}` : undefined;
};

function* readAlgorithm(
  disk: Disk,
  path: string,
  algorithm: string,
  length: number,
  draft: Draft<BlobFile>,
): Generator<void, void> {
  try {
    using folder = disk.folder(path);
    for (const entry of folder.entries()) {
      if (!draft.take()) return;
      const fault = faultOf(entry, length);
      const id = `${algorithm}:${entry.name}`;
      if (fault !== undefined) draft.note(`${path}/${entry.name} ${fault}`, object(id));
      else {
        try {
          const { size, modifiedNs } = folder.stat(entry.name);
          const modifiedAt = fileTime(modifiedNs);
          draft.items.push({ digest: digest(id), path: `${path}/${entry.name}`, size, modifiedAt });
        } catch (error) {
          // Collected while the folder was read.
          if (!isGone(error)) draft.note(wordsOf(error), object(id));
        }
      }
      yield;
    }
  } catch (error) {
    if (!isGone(error)) draft.note(wordsOf(error), object(algorithm));
  }
}

function faultOf({ name, kind }: FolderEntry, length: number): string | undefined {
  if (!isHex(name, length)) return 'is called by no digest';
  return kind === 'file' ? undefined : 'is no regular file';
}

function isHex(text: string, length: number | undefined): boolean {
  return text.length === length && /^[0-9a-f]+$/.test(text);
}

function object(id: string): { readonly kind: string; readonly id: string } {
  return { kind: 'content', id };
}
