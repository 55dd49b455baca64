/** What a Docker that keeps its layers itself takes: the sizes that it wrote down when it unpacked them. */
import { chainIds } from '../chain-id.ts';
import { items } from '../kinds/listing.ts';
import type { HostSnapshot } from '../snapshot.ts';
import type { UsageRow } from './usage-row.ts';

/** One row for each graphdriver; writable layers have no recorded size, and are counted as unmeasured. */
export const dockerUsage = (host: HostSnapshot): UsageRow[] => {
  const layers = items(host, 'docker.layers');
  const mounts = items(host, 'docker.layerMounts');
  const drivers = new Set([...layers, ...mounts].map(({ driver }) => driver));
  return [...drivers].toSorted().map((driver) => {
    const users = new Map<string, number>();
    for (const image of items(host, 'docker.imageConfigs')) {
      if (image.driver !== driver) continue;
      for (const chainId of chainIds(image.diffIds)) users.set(chainId, (users.get(chainId) ?? 0) + 1);
    }
    const bytes = { shared: 0n, unique: 0n, undecided: 0n };
    const own = layers.filter((layer) => layer.driver === driver);
    const writable = mounts.filter((mount) => mount.driver === driver).length;
    for (const { chainId, size } of own) {
      const images = users.get(chainId) ?? 0;
      // A layer without an image may be the build cache's: what holds it is not in these records.
      bytes[images > 1 ? 'shared' : images === 1 ? 'unique' : 'undecided'] += size ?? 0n;
    }
    return {
      kind: 'dockerLayers',
      namespace: null,
      snapshotter: driver,
      objects: own.length + writable,
      size: bytes.shared + bytes.unique + bytes.undecided,
      ...bytes,
      reclaimable: 0n,
      orphaned: null,
      unmeasured: own.filter(({ size }) => size === null).length + writable,
      how: `recorded when unpacked: layerdb; ${writable} writable layers not measured`,
    };
  });
};
