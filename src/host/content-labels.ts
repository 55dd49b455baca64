/** What labels of a blob's record refer to: containerd's own words for what keeps what from being collected. */
import type { Labels } from './containerd.ts';

const CONTENT = 'containerd.io/gc.ref.content';
const SNAPSHOT = 'containerd.io/gc.ref.snapshot.';

export interface ContentReference {
  readonly role: 'manifest' | 'config' | 'layer' | 'other';
  readonly digest: string;
}

/** A manifest's config and layers, an index's manifests. Layers that are to be discarded have no label. */
export const contentReferences = (labels: Labels): ContentReference[] =>
  Object.entries(labels).flatMap(([key, digest]) => {
    if (!key.startsWith(CONTENT)) return [];
    const rest = key.slice(CONTENT.length);
    if (rest !== '' && !/^[./]/.test(rest)) return [];
    return [{ role: roleOf(rest.slice(1)), digest }];
  });

/** The snapshots that an image's config is unpacked into: by snapshotter the topmost layer's. */
export const snapshotReferences = (
  labels: Labels,
): { readonly snapshotter: string; readonly key: string }[] =>
  Object.entries(labels).flatMap(([label, key]) =>
    label.startsWith(SNAPSHOT)
      ? [{ snapshotter: label.slice(SNAPSHOT.length).split('/', 1)[0] ?? '', key }]
      : [],
  );

function roleOf(rest: string): ContentReference['role'] {
  if (rest === 'config') return 'config';
  if (/^l\.\d+$/.test(rest)) return 'layer';
  return /^m\.\d+$/.test(rest) ? 'manifest' : 'other';
}
