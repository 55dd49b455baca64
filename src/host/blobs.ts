/** Blobs as records and files tell: each namespace has a record of its own, and the file is one for all. */
import type { ContentInfo } from './containerd.ts';
import type { Digest } from './ids.ts';
import { items } from './kinds/listing.ts';
import type { HostSnapshot } from './snapshot.ts';
import type { BlobFile } from './storage.ts';

export interface Blob {
  readonly digest: Digest;
  /** Null where the content store has no such file. */
  readonly file: BlobFile | null;
  /** None for a file that no namespace knows. */
  readonly records: readonly ContentInfo[];
}

/** Every blob that is recorded or has a file, by digest. Whether both lists are whole is another question. */
export const blobsOf = (host: HostSnapshot): ReadonlyMap<Digest, Blob> => {
  const blobs = new Map<Digest, { digest: Digest; file: BlobFile | null; records: ContentInfo[] }>();
  for (const file of items(host, 'content.blobs')) {
    blobs.set(file.digest, { digest: file.digest, file, records: [] });
  }
  for (const record of items(host, 'containerd.content')) {
    const blob = blobs.get(record.digest);
    if (blob === undefined)
      blobs.set(record.digest, { digest: record.digest, file: null, records: [record] });
    else blob.records.push(record);
  }
  return blobs;
};

/** The content store's folder, where the file of any blob tells it. */
export const storeFolder = (host: HostSnapshot): string | null => {
  const [first] = items(host, 'content.blobs');
  if (first === undefined) return null;
  const tail = `/${first.digest.replace(':', '/')}`;
  return first.path.endsWith(tail) ? first.path.slice(0, -tail.length) : null;
};
