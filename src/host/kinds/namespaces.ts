import type { Namespace } from '../containerd.ts';
import { compareText, type Kind } from './kind.ts';
import { labelsText } from './labels.ts';
import { items } from './listing.ts';

export const namespaces: Kind<Namespace> = {
  name: 'namespaces',
  singular: 'namespace',
  facet: 'containerd.namespaces',
  wants: ['containerd.namespaces'],
  rows: (host) => items(host, 'containerd.namespaces').toSorted((a, b) => compareText(a.name, b.name)),
  columns: [
    { id: 'name', title: 'NAME', priority: 1, cut: 'middle', text: (n) => n.name },
    { id: 'labels', title: 'LABELS', priority: 2, cut: 'end', text: (n) => labelsText(n.labels) },
  ],
  item: (n) => ({ name: n.name, labels: n.labels }),
  id: (n) => n.name,
  key: (n) => n.name,
  whenEmpty: 'no namespaces: nothing was ever stored in this containerd',
};
