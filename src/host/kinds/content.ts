import { age, bytes } from '../../text/units.ts';
import type { ContentInfo } from '../containerd.ts';
import { compareText, type Kind } from './kind.ts';
import { labelsText } from './labels.ts';
import { items } from './listing.ts';

export const content: Kind<ContentInfo> = {
  name: 'content',
  singular: 'blob',
  facet: 'containerd.content',
  wants: ['containerd.content'],
  rows: (host) =>
    items(host, 'containerd.content').toSorted(
      (a, b) => compareText(a.namespace, b.namespace) || compareText(a.digest, b.digest),
    ),
  columns: [
    { id: 'namespace', title: 'NAMESPACE', priority: 3, cut: 'middle', text: (c) => c.namespace },
    { id: 'digest', title: 'DIGEST', priority: 1, cut: 'middle', text: (c) => c.digest },
    {
      id: 'size',
      title: 'SIZE',
      align: 'right',
      priority: 1,
      text: (c) => bytes(c.size),
      sortKey: (c) => c.size,
    },
    {
      id: 'age',
      title: 'AGE',
      align: 'right',
      priority: 2,
      text: (c, at) => age(c.createdAt, at),
      sortKey: (c) => c.createdAt ?? '',
    },
    { id: 'labels', title: 'LABELS', priority: 4, cut: 'end', text: (c) => labelsText(c.labels) },
  ],
  item: (c) => ({
    namespace: c.namespace,
    digest: c.digest,
    size: c.size,
    labels: c.labels,
    createdAt: c.createdAt,
  }),
  id: (c) => c.digest,
  key: (c) => `${c.namespace}/${c.digest}`,
  whenEmpty: 'no content: nothing has been pulled or imported',
};
