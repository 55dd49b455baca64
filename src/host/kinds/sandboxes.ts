import { age } from '../../text/units.ts';
import type { Sandbox } from '../containerd.ts';
import { compareText, type Kind } from './kind.ts';
import { items } from './listing.ts';

export const sandboxes: Kind<Sandbox> = {
  name: 'sandboxes',
  singular: 'sandbox',
  facet: 'containerd.sandboxes',
  wants: ['containerd.sandboxes'],
  rows: (host) =>
    items(host, 'containerd.sandboxes').toSorted(
      (a, b) => compareText(a.namespace, b.namespace) || compareText(a.id, b.id),
    ),
  columns: [
    { id: 'namespace', title: 'NAMESPACE', priority: 2, cut: 'middle', text: (s) => s.namespace },
    { id: 'id', title: 'ID', priority: 1, cut: 'middle', text: (s) => s.id },
    { id: 'sandboxer', title: 'SANDBOXER', priority: 2, text: (s) => s.sandboxer || '-' },
    { id: 'runtime', title: 'RUNTIME', priority: 3, cut: 'middle', text: (s) => s.runtime },
    {
      id: 'age',
      title: 'AGE',
      align: 'right',
      priority: 2,
      text: (s, at) => age(s.createdAt, at),
      sortKey: (s) => s.createdAt ?? '',
    },
  ],
  item: (s) => ({
    namespace: s.namespace,
    id: s.id,
    runtime: s.runtime,
    sandboxer: s.sandboxer === '' ? null : s.sandboxer,
    labels: s.labels,
    createdAt: s.createdAt,
    updatedAt: s.updatedAt,
  }),
  id: (s) => s.id,
  key: (s) => `${s.namespace}/${s.id}`,
  whenEmpty: 'no sandboxes: normal without Kubernetes',
};
