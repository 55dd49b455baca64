/** How the facets of containerd's own files are read on a live host. */
import { type Observed, unknown } from '../host/observed.ts';
import type { FacetName } from '../host/snapshot.ts';
import type { Readers } from './reader-context.ts';

type StorageFacet =
  | 'containerd.leaseResources'
  | 'containerd.usage'
  | (FacetName & (`metadata.${string}` | `content.${string}` | `snapshot.${string}`));

export type StorageReaders = Pick<Readers, StorageFacet>;

export const storageReaders = (): StorageReaders => ({
  'containerd.leaseResources': async () => notYet('containerd.leaseResources'),
  'containerd.usage': async () => notYet('containerd.usage'),
  'metadata.databases': async () => notYet('metadata.databases'),
  'metadata.snapshots': async () => notYet('metadata.snapshots'),
  'metadata.backends': async () => notYet('metadata.backends'),
  'metadata.ingests': async () => notYet('metadata.ingests'),
  'content.blobs': async () => notYet('content.blobs'),
  'content.ingests': async () => notYet('content.ingests'),
  'snapshot.directories': async () => notYet('snapshot.directories'),
});

const notYet = (name: FacetName): Observed<never> =>
  unknown('unsupported', name, 'nothing reads it yet', new Date().toISOString(), 0);
