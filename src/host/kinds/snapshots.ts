import { age } from '../../text/units.ts';
import type { Snapshot } from '../containerd.ts';
import { compareText, type Kind } from './kind.ts';
import { labelsText } from './labels.ts';
import { items } from './listing.ts';

export const snapshots: Kind<Snapshot> = {
  name: 'snapshots',
  singular: 'snapshot',
  facet: 'containerd.snapshots',
  wants: ['containerd.snapshots'],
  rows: (host) =>
    items(host, 'containerd.snapshots').toSorted(
      (a, b) =>
        compareText(a.namespace, b.namespace) ||
        compareText(a.snapshotter, b.snapshotter) ||
        compareText(a.key, b.key),
    ),
  columns: [
    { id: 'namespace', title: 'NAMESPACE', priority: 3, cut: 'middle', text: (s) => s.namespace },
    { id: 'snapshotter', title: 'SNAPSHOTTER', priority: 3, cut: 'middle', text: (s) => s.snapshotter },
    { id: 'name', title: 'KEY', priority: 1, cut: 'middle', text: (s) => s.key },
    { id: 'kind', title: 'KIND', priority: 1, text: (s) => s.kind },
    { id: 'parent', title: 'PARENT', priority: 4, cut: 'middle', text: (s) => s.parent ?? '-' },
    {
      id: 'age',
      title: 'AGE',
      align: 'right',
      priority: 2,
      text: (s, at) => age(s.createdAt, at),
      sortKey: (s) => s.createdAt ?? '',
    },
    { id: 'labels', title: 'LABELS', priority: 5, cut: 'end', text: (s) => labelsText(s.labels) },
  ],
  item: (s) => ({
    namespace: s.namespace,
    snapshotter: s.snapshotter,
    name: s.key,
    parent: s.parent,
    kind: s.kind,
    labels: s.labels,
    createdAt: s.createdAt,
    updatedAt: s.updatedAt,
  }),
  id: (s) => s.key,
  key: (s) => `${s.namespace}/${s.snapshotter}/${s.key}`,
  whenEmpty: 'no snapshots: no image is unpacked and no container has a root file system here',
};
