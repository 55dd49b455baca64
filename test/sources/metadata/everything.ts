import type { FactName } from '../../../src/sources/metadata/facts.ts';

/** All that can be asked of a containerd's files. */
export const EVERYTHING: readonly FactName[] = [
  'containerd.namespaces',
  'containerd.containers',
  'containerd.bodies',
  'containerd.images',
  'containerd.content',
  'containerd.ingests',
  'containerd.snapshots',
  'containerd.leases',
  'containerd.sandboxes',
  'containerd.leaseResources',
  'metadata.snapshots',
  'metadata.backends',
  'metadata.ingests',
  'metadata.sandboxBodies',
];
