/** The facets of containerd's own files in a bundle. */
import type { FacetName } from '../host/snapshot.ts';
import type {
  BlobFile,
  Database,
  DatabaseFile,
  IngestFolder,
  IngestRecord,
  LeaseResources,
  SnapshotBackend,
  SnapshotDirectory,
  SnapshotRecord,
  SnapshotUsage,
} from '../host/storage.ts';
import { labels, time } from './containerd-forms.ts';
import type { FormsOf } from './form.ts';
import { flag, integer, list, moment, nullable, number, object, observed, text, word } from './shape.ts';

const isIn = (item: { readonly namespace: string }, namespace: string): boolean =>
  item.namespace === namespace;

const backend = object<SnapshotBackend>({
  snapshotter: text(),
  name: text(),
  id: integer,
  kind: word('Active', 'Committed', 'View', 'Unknown'),
  parent: nullable(text()),
  size: nullable(integer),
  inodes: nullable(integer),
  labels,
  createdAt: time,
  updatedAt: time,
});

const file = object<DatabaseFile>({
  path: text(),
  bytes: number(),
  pageSize: number(),
  usedBytes: number(),
  txid: integer,
  version: nullable(number()),
  torn: flag,
  salvaged: flag,
  damage: list(text()),
});

type Own =
  | 'containerd.leaseResources'
  | 'containerd.usage'
  | (FacetName & (`metadata.${string}` | `content.${string}` | `snapshot.${string}`));

export const STORAGE_FORMS: FormsOf<Own> = {
  'containerd.leaseResources': {
    item: object<LeaseResources>({
      namespace: text(),
      id: text(),
      content: list(text()),
      images: list(text()),
      ingests: list(text()),
      snapshots: list(object({ snapshotter: text(), key: text() })),
    }),
    isIn,
  },
  'containerd.usage': {
    item: object<SnapshotUsage>({
      namespace: text(),
      snapshotter: text(),
      key: text(),
      size: integer,
      inodes: integer,
      how: word('recorded', 'measured'),
    }),
    isIn,
  },
  'metadata.databases': {
    item: object<Database>({ owner: text(), path: text(), file: observed(file) }),
  },
  'metadata.snapshots': {
    item: object<SnapshotRecord>({
      namespace: text(),
      snapshotter: text(),
      key: text(),
      name: text(),
      children: list(text()),
      backend: observed(backend),
    }),
    isIn,
  },
  'metadata.backends': { item: backend },
  'metadata.ingests': {
    item: object<IngestRecord>({
      namespace: text(),
      ref: text(),
      name: text(),
      folder: text(),
      expiresAt: time,
      expected: nullable(text()),
    }),
    isIn,
  },
  'content.blobs': {
    item: object<BlobFile>({ digest: text(), path: text(), size: integer, modifiedAt: moment }),
  },
  'content.ingests': {
    item: object<IngestFolder>({
      folder: text(),
      path: text(),
      name: nullable(text()),
      offset: integer,
      total: nullable(integer),
      startedAt: time,
      updatedAt: time,
    }),
  },
  'snapshot.directories': {
    item: object<SnapshotDirectory>({ snapshotter: text(), name: text(), path: text(), modifiedAt: moment }),
  },
};
