/** Snapshots whole: containerd's record and its snapshotter's, put together by the name that both know. */
import type { Snapshot } from '../../host/containerd.ts';
import { namespaceName, snapshotKey } from '../../host/ids.ts';
import { absent, type Observed, seen, type Timestamp, type Unknown } from '../../host/observed.ts';
import type { SnapshotBackend, SnapshotRecord } from '../../host/storage.ts';
import type { Note } from './notes.ts';
import type { SnapshotEntry } from './snapshots.ts';

/** A snapshotter's database, by name: or why it could not be read. */
export type BackendIndex =
  | { readonly path: string; readonly at: Timestamp; readonly byName: ReadonlyMap<string, SnapshotBackend> }
  | Unknown;

export interface Joined {
  readonly snapshots: readonly Snapshot[];
  readonly records: readonly SnapshotRecord[];
  readonly notes: readonly Note[];
}

const FACTS = ['containerd.snapshots', 'metadata.snapshots'] as const;

/**
 * Joins them as containerd does (metadata/snapshot.go, overlayInfo): times and parent are its own, labels are both, its own
 * first; the kind is the snapshotter's. A snapshot that its snapshotter does not have, containerd leaves out of its lists:
 * here it stays, as `Unknown`, for it is just what somebody looks for.
 */
export const joinSnapshots = (
  entries: readonly SnapshotEntry[],
  backends: ReadonlyMap<string, BackendIndex>,
  noDatabase: (snapshotter: string) => Unknown,
): Joined => {
  const notes: Note[] = [];
  const unread = new Map<string, Unknown>();
  const snapshots: Snapshot[] = [];
  const records: SnapshotRecord[] = [];
  for (const entry of entries) {
    const { snapshotter, key, name, labels, createdAt, updatedAt } = entry;
    const namespace = namespaceName(entry.namespace);
    const backend = backendOf(name, backends.get(snapshotter) ?? noDatabase(snapshotter));
    if (backend.state === 'absent') {
      const object = { kind: 'snapshot', namespace, id: key };
      const why = `meta.db calls it ${JSON.stringify(name)}, and ${backend.from} has no such snapshot`;
      notes.push({ facts: FACTS, object, fields: ['kind'], why });
    } else if (backend.state !== 'seen') unread.set(`${namespace}/${snapshotter}`, backend);
    const own = backend.state === 'seen' ? backend.value : undefined;
    snapshots.push({
      namespace,
      snapshotter,
      key: snapshotKey(key),
      parent: entry.parent === '' ? null : snapshotKey(entry.parent),
      kind: own?.kind ?? 'Unknown',
      labels: { ...own?.labels, ...labels },
      createdAt,
      updatedAt,
    });
    records.push({
      namespace,
      snapshotter,
      key: snapshotKey(key),
      name,
      children: entry.children.map(snapshotKey),
      backend,
    });
  }
  for (const [place, { why }] of unread) {
    const slash = place.indexOf('/');
    const object = { kind: 'snapshotter', namespace: place.slice(0, slash), id: place.slice(slash + 1) };
    notes.push({ facts: FACTS, object, fields: ['kind'], why });
  }
  return { snapshots, records, notes };
};

function backendOf(name: string, index: BackendIndex): Observed<SnapshotBackend> {
  if ('state' in index) return index;
  const backend = index.byName.get(name);
  return backend === undefined ? absent(index.path, index.at) : seen(backend, index.path, index.at);
}
