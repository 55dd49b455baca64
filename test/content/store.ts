/** Content stores in folders, with the records that a containerd would have of them. */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ContentInfo } from '../../src/host/containerd.ts';
import { digest, namespaceName } from '../../src/host/ids.ts';
import { seen } from '../../src/host/observed.ts';
import { type HostSnapshot, SCHEMA_VERSION } from '../../src/host/snapshot.ts';
import type { BlobFile } from '../../src/host/storage.ts';

/** One record of a made-up containerd. */
export interface StoreRecord {
  readonly namespace: string;
  readonly digest: string;
  readonly size: number;
}

/** The digest of some bytes. */
export const digestOf = (bytes: string | Uint8Array, algorithm = 'sha256'): string =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;

/** Where a content store keeps a blob. */
export const blobPath = (root: string, blob: string): string => join(root, 'blobs', blob.replace(':', '/'));

/** Puts bytes where their digest, or another one, says; as containerd leaves them. */
export const putBlob = (
  root: string,
  bytes: string | Uint8Array,
  { algorithm = 'sha256', as = digestOf(bytes, algorithm) } = {},
): string => {
  const path = blobPath(root, as);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  chmodSync(path, 0o444);
  return as;
};

/** What is in the folders, as a reader of the content store lists it: anything there, whatever it is. */
export const blobFiles = (root: string): BlobFile[] =>
  readdirSync(join(root, 'blobs')).flatMap((algorithm) =>
    readdirSync(join(root, 'blobs', algorithm)).map((hex) => {
      const path = join(root, 'blobs', algorithm, hex);
      const { size, mtime } = statSync(path);
      return {
        digest: digest(`${algorithm}:${hex}`),
        path,
        size: BigInt(size),
        modifiedAt: mtime.toISOString(),
      };
    }),
  );

/** A host with this store and these records. */
export const storeHost = (
  root: string,
  records: readonly StoreRecord[],
  files: readonly BlobFile[] = blobFiles(root),
): HostSnapshot => {
  const at = new Date().toISOString();
  const infos = records.map(
    (record): ContentInfo => ({
      namespace: namespaceName(record.namespace),
      digest: digest(record.digest),
      size: BigInt(record.size),
      labels: {},
      createdAt: null,
      updatedAt: null,
    }),
  );
  return {
    schemaVersion: SCHEMA_VERSION,
    at,
    from: 'live',
    scope: {},
    facets: {
      'containerd.content': seen({ items: infos, gaps: [] }, 'Content.List', at),
      'content.blobs': seen({ items: files, gaps: [] }, root, at),
    },
    timings: [],
  };
};
