import { age, bytes } from '../../text/units.ts';
import type { Ingest } from '../containerd.ts';
import { compareText, type Kind } from './kind.ts';
import { items } from './listing.ts';

export const ingests: Kind<Ingest> = {
  name: 'ingests',
  singular: 'ingest',
  facet: 'containerd.ingests',
  wants: ['containerd.ingests'],
  rows: (host) =>
    items(host, 'containerd.ingests').toSorted(
      (a, b) => compareText(a.namespace, b.namespace) || compareText(a.ref, b.ref),
    ),
  columns: [
    { id: 'namespace', title: 'NAMESPACE', priority: 3, cut: 'middle', text: (i) => i.namespace },
    { id: 'ref', title: 'REF', priority: 1, cut: 'middle', text: (i) => i.ref },
    {
      id: 'offset',
      title: 'WRITTEN',
      align: 'right',
      priority: 1,
      text: (i) => bytes(i.offset),
      sortKey: (i) => i.offset,
    },
    {
      id: 'total',
      title: 'TOTAL',
      align: 'right',
      priority: 2,
      text: (i) => (i.total === 0n ? '-' : bytes(i.total)),
      sortKey: (i) => i.total,
    },
    {
      id: 'age',
      title: 'AGE',
      align: 'right',
      priority: 2,
      text: (i, at) => age(i.startedAt, at),
      sortKey: (i) => i.startedAt ?? '',
    },
    {
      id: 'updated',
      title: 'LAST WRITE',
      align: 'right',
      priority: 3,
      text: (i, at) => age(i.updatedAt, at),
    },
  ],
  item: (i) => ({
    namespace: i.namespace,
    ref: i.ref,
    offset: i.offset,
    total: i.total === 0n ? null : i.total,
    expected: i.expected === '' ? null : i.expected,
    startedAt: i.startedAt,
    updatedAt: i.updatedAt,
  }),
  id: (i) => i.ref,
  key: (i) => `${i.namespace}/${i.ref}`,
  whenEmpty: 'no ingests: normal when nothing is being pulled',
};
