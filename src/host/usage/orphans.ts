/** What lies on the disk and nobody has a record of. */
import { items } from '../kinds/listing.ts';
import { isUnknown } from '../observed.ts';
import { type FacetName, facet, type HostSnapshot } from '../snapshot.ts';
import type { Loose } from './usage-row.ts';

/** Files of the content store whose digest no namespace has; undefined where either side is not wholly known. */
export const orphanedBlobs = (host: HostSnapshot): Loose[] | undefined => {
  if (!areWhole(host, ['content.blobs', 'containerd.content'])) return undefined;
  const recorded = new Set<string>(items(host, 'containerd.content').map(({ digest }) => digest));
  return items(host, 'content.blobs')
    .filter(({ digest }) => !recorded.has(digest))
    .map(({ digest, size, modifiedAt }) => ({
      state: 'orphaned',
      kind: 'content',
      namespace: null,
      snapshotter: null,
      id: digest,
      size,
      createdAt: modifiedAt,
    }));
};

/** Snapshots that containerd has forgotten, and folders that the snapshotter has; undefined where a side is not wholly known. */
export const orphanedSnapshots = (host: HostSnapshot): Loose[] | undefined => {
  if (!areWhole(host, ['metadata.backends', 'metadata.snapshots'])) return undefined;
  const recorded = new Set(items(host, 'metadata.snapshots').map((s) => `${s.snapshotter}\0${s.name}`));
  const backends = items(host, 'metadata.backends');
  const forgotten = backends
    .filter(({ snapshotter, name }) => !recorded.has(`${snapshotter}\0${name}`))
    .map(
      ({ snapshotter, name, size, createdAt }): Loose => ({
        state: 'orphaned',
        kind: 'snapshot',
        namespace: name.split('/', 1)[0] ?? null,
        snapshotter,
        id: name,
        size: size ?? undefined,
        createdAt,
      }),
    );
  if (!areWhole(host, ['snapshot.directories'])) return undefined;
  const numbers = new Set(backends.map(({ snapshotter, id }) => `${snapshotter}\0${id}`));
  const folders = items(host, 'snapshot.directories')
    .filter(({ snapshotter, name }) => !numbers.has(`${snapshotter}\0${name}`))
    .map(
      ({ snapshotter, path, modifiedAt }): Loose => ({
        state: 'orphaned',
        kind: 'directory',
        namespace: null,
        snapshotter,
        id: path,
        size: undefined,
        createdAt: modifiedAt,
      }),
    );
  return [...forgotten, ...folders];
};

function areWhole(host: HostSnapshot, names: readonly FacetName[]): boolean {
  return names.every((name) => {
    const fact = facet(host, name);
    if (isUnknown(fact)) return false;
    return fact.state === 'absent' || !('gaps' in fact.value) || fact.value.gaps.length === 0;
  });
}
