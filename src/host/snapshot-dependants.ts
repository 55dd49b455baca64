/** What stands on a snapshot. */
import { blobUsers } from './blob-users.ts';
import { snapshotReferences } from './content-labels.ts';
import { items } from './kinds/listing.ts';
import type { HostSnapshot } from './snapshot.ts';

export interface Dependants {
  /** Snapshots above it, however far. */
  readonly children: number;
  /** Ids of containers whose root file system it is, or stands on it. */
  readonly containers: readonly string[];
  /** Names of images that are unpacked into it or above it. */
  readonly images: readonly string[];
}

/** Everything in the namespace that needs this snapshot, as far as it was read. */
export const dependantsOf = (
  host: HostSnapshot,
  of: { readonly namespace: string; readonly snapshotter: string; readonly key: string },
): Dependants => {
  const siblings = items(host, 'containerd.snapshots').filter(
    ({ namespace, snapshotter }) => namespace === of.namespace && snapshotter === of.snapshotter,
  );
  const byParent = new Map<string, string[]>();
  for (const { key, parent } of siblings) {
    if (parent === null) continue;
    const known = byParent.get(parent);
    if (known === undefined) byParent.set(parent, [key]);
    else known.push(key);
  }
  const tree = new Set<string>([of.key]);
  for (const key of tree) for (const child of byParent.get(key) ?? []) tree.add(child);

  const users = blobUsers(host);
  const images = new Set<string>();
  for (const { namespace, digest, labels } of items(host, 'containerd.content')) {
    if (namespace !== of.namespace) continue;
    const isUnpacked = snapshotReferences(labels).some(
      ({ snapshotter, key }) => snapshotter === of.snapshotter && tree.has(key),
    );
    if (isUnpacked) for (const { image } of users.of(namespace, digest)) images.add(image.name);
  }
  return {
    children: tree.size - 1,
    containers: items(host, 'containerd.containers')
      .filter(
        ({ namespace, snapshotter, snapshotKey }) =>
          namespace === of.namespace && snapshotter === of.snapshotter && tree.has(snapshotKey),
      )
      .map(({ id }) => id),
    images: [...images],
  };
};
