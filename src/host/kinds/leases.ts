import { age } from '../../text/units.ts';
import type { Lease } from '../containerd.ts';
import { compareText, type Kind } from './kind.ts';
import { labelsText } from './labels.ts';
import { items } from './listing.ts';

/** The label whose time ends a lease; without it, a lease holds until it is deleted. */
export const LEASE_EXPIRY = 'containerd.io/gc.expire';

export const leases: Kind<Lease> = {
  name: 'leases',
  singular: 'lease',
  facet: 'containerd.leases',
  wants: ['containerd.leases'],
  rows: (host) =>
    items(host, 'containerd.leases').toSorted(
      (a, b) => compareText(a.namespace, b.namespace) || compareText(a.id, b.id),
    ),
  columns: [
    { id: 'namespace', title: 'NAMESPACE', priority: 3, cut: 'middle', text: (l) => l.namespace },
    { id: 'id', title: 'ID', priority: 1, cut: 'middle', text: (l) => l.id },
    {
      id: 'age',
      title: 'AGE',
      align: 'right',
      priority: 1,
      text: (l, at) => age(l.createdAt, at),
      sortKey: (l) => l.createdAt ?? '',
    },
    { id: 'expires', title: 'EXPIRES', priority: 2, text: (l) => l.labels[LEASE_EXPIRY] ?? 'never' },
    { id: 'labels', title: 'LABELS', priority: 4, cut: 'end', text: (l) => labelsText(l.labels) },
  ],
  item: (l) => ({
    namespace: l.namespace,
    id: l.id,
    labels: l.labels,
    createdAt: l.createdAt,
    expiresAt: l.labels[LEASE_EXPIRY] ?? null,
  }),
  id: (l) => l.id,
  key: (l) => `${l.namespace}/${l.id}`,
  whenEmpty: 'no leases: normal when nothing is pulling',
};
