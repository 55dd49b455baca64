import type { Plugin } from '../containerd.ts';
import { compareText, type Kind } from './kind.ts';
import { items } from './listing.ts';

export const plugins: Kind<Plugin> = {
  name: 'plugins',
  singular: 'plugin',
  facet: 'containerd.plugins',
  wants: ['containerd.plugins'],
  rows: (host) =>
    items(host, 'containerd.plugins').toSorted(
      (a, b) => compareText(a.type, b.type) || compareText(a.id, b.id),
    ),
  columns: [
    { id: 'type', title: 'TYPE', priority: 1, cut: 'middle', text: (p) => p.type },
    { id: 'id', title: 'ID', priority: 1, cut: 'middle', text: (p) => p.id },
    { id: 'status', title: 'STATUS', priority: 1, text: (p) => p.status },
    { id: 'platforms', title: 'PLATFORMS', priority: 4, text: (p) => p.platforms.join(',') || '-' },
    { id: 'error', title: 'ERROR', priority: 3, cut: 'end', text: (p) => p.error ?? '' },
  ],
  item: (p) => ({
    type: p.type,
    id: p.id,
    status: p.status,
    error: p.error,
    requires: p.requires,
    platforms: p.platforms,
    capabilities: p.capabilities,
    exports: p.exports,
  }),
  id: (p) => `${p.type}.${p.id}`,
  names: (p) => [p.id, p.type],
  key: (p) => `${p.type}.${p.id}`,
  tone: (p) => (p.status === 'ok' ? 'ok' : p.status === 'skip' ? 'ended' : 'bad'),
  whenEmpty: 'no plugins',
};
