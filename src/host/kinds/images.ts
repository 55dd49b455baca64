import { age, bytes } from '../../text/units.ts';
import type { Image, Manifest, Platform } from '../containerd.ts';
import { type Gap, isUnknown } from '../observed.ts';
import { facet, type HostSnapshot } from '../snapshot.ts';
import { compareText, type Kind } from './kind.ts';
import { items } from './listing.ts';

/** An image record with what its target's manifests say. */
export interface ImageRow {
  readonly image: Image;
  /** Platforms that the target names, null when its blob is not there, undefined when it could not be read. */
  readonly platforms: readonly Platform[] | null | undefined;
  /** Bytes of the target with the manifest, config and layers for this host's platform, as `ctr images ls` counts. */
  readonly size: bigint | null | undefined;
  /** Why the platforms or the size are not known. */
  readonly gap: Gap | undefined;
}

export const imageRows = (host: HostSnapshot): readonly ImageRow[] => {
  const manifests = new Map(
    items(host, 'containerd.manifests').map((m) => [`${m.namespace}/${m.digest}`, m]),
  );
  const gaps = manifestGaps(host);
  return items(host, 'containerd.images')
    .map((image): ImageRow => {
      const key = (digest: string): string => `${image.namespace}/${digest}`;
      const target = manifests.get(key(image.target.digest));
      if (target === undefined) {
        const gap = gaps.get(key(image.target.digest)) ?? gaps.get('');
        return { image, platforms: undefined, size: undefined, gap };
      }
      // What an index leaves to its manifests is not known where one of them could not be read.
      const unread = target.children.filter(
        ({ role, digest }) => role === 'manifest' && !manifests.has(key(digest)),
      );
      const silent = unread.find(({ platform }) => platform === null);
      const here = unread.find(({ digest }) => digest === target.here);
      const cause = here ?? silent;
      return {
        image,
        platforms: silent === undefined ? platformsOf(target, manifests) : undefined,
        size: here === undefined ? sizeOf(image, target, manifests) : undefined,
        gap: cause && (gaps.get(key(cause.digest)) ?? gaps.get('')),
      };
    })
    .toSorted(
      (a, b) => compareText(a.image.namespace, b.image.namespace) || compareText(a.image.name, b.image.name),
    );
};

/** Why a manifest is missing from those that were read: by `namespace/digest`, or '' for the facet as a whole. */
export const manifestGaps = (host: HostSnapshot): ReadonlyMap<string, Gap> => {
  const manifests = facet(host, 'containerd.manifests');
  if (isUnknown(manifests)) {
    return manifests.state === 'notCollected' ? new Map() : new Map([['', manifests]]);
  }
  if (manifests.state === 'absent') return new Map();
  return new Map(
    manifests.value.gaps.map((gap) => [
      gap.object?.id === undefined ? '' : `${gap.object.namespace ?? ''}/${gap.object.id}`,
      gap,
    ]),
  );
};

export const images: Kind<ImageRow> = {
  name: 'images',
  singular: 'image',
  facet: 'containerd.images',
  wants: ['containerd.images', 'containerd.manifests'],
  reportedByRows: ['containerd.manifests'],
  rows: imageRows,
  columns: [
    { id: 'namespace', title: 'NAMESPACE', priority: 3, cut: 'middle', text: (r) => r.image.namespace },
    { id: 'name', title: 'NAME', priority: 1, cut: 'middle', text: (r) => r.image.name },
    { id: 'digest', title: 'DIGEST', priority: 2, cut: 'middle', text: (r) => r.image.target.digest },
    {
      id: 'platforms',
      title: 'PLATFORMS',
      priority: 3,
      cut: 'end',
      text: (r) => (r.platforms === undefined ? '?' : r.platforms?.join(',') || '-'),
    },
    { id: 'type', title: 'MEDIA TYPE', priority: 6, cut: 'middle', text: (r) => r.image.target.mediaType },
    {
      id: 'size',
      title: 'SIZE',
      align: 'right',
      priority: 2,
      text: (r) => (r.size === undefined ? '?' : r.size === null ? '-' : bytes(r.size)),
      sortKey: (r) => r.size ?? 0n,
    },
    {
      id: 'age',
      title: 'AGE',
      align: 'right',
      priority: 4,
      text: (r, at) => age(r.image.createdAt, at),
      sortKey: (r) => r.image.createdAt ?? '',
    },
  ],
  item: ({ image, platforms, size }) => ({
    namespace: image.namespace,
    name: image.name,
    digest: image.target.digest,
    mediaType: image.target.mediaType,
    targetSize: image.target.size,
    ...(size === undefined ? {} : { size }),
    ...(platforms === undefined ? {} : { platforms }),
    labels: image.labels,
    annotations: image.target.annotations,
    createdAt: image.createdAt,
    updatedAt: image.updatedAt,
  }),
  gaps: (row) =>
    row.gap === undefined
      ? []
      : [
          {
            ...row.gap,
            object: { kind: 'image', namespace: row.image.namespace, id: row.image.name },
            fields: (['platforms', 'size'] as const).filter((field) => row[field] === undefined),
          },
        ],
  id: (r) => r.image.name,
  names: (r) => [r.image.target.digest],
  key: (r) => `${r.image.namespace}/${r.image.name}`,
  tone: (r) => (r.platforms === undefined || r.size === undefined ? 'unknown' : 'plain'),
  whenEmpty: 'no images in this containerd; Docker keeps its own where it uses a graphdriver',
};

// As `ctr images ls` lists them: what the index says of its manifests, whether their blobs are here or not.
function platformsOf(target: Manifest, manifests: ReadonlyMap<string, Manifest>): Platform[] | null {
  if (target.kind === 'absent') return null;
  const found = new Set<Platform>();
  const visit = (manifest: Manifest, depth: number): void => {
    if (manifest.platform !== null) found.add(manifest.platform);
    if (depth === 0) return;
    for (const child of manifest.children) {
      // The index is the authority on its manifests' platforms; the config speaks where it is silent.
      if (child.platform !== null) {
        // Attestations call theirs unknown/unknown; containerd leaves them out since 1.7.
        if (!child.platform.split('/').includes('unknown')) found.add(child.platform);
        continue;
      }
      const below = manifests.get(`${manifest.namespace}/${child.digest}`);
      if (below !== undefined) visit(below, depth - 1);
    }
  };
  visit(target, 4);
  return [...found].toSorted();
}

// What it takes to run the image here: of an index, the one manifest of this host's platform.
function sizeOf(image: Image, target: Manifest, manifests: ReadonlyMap<string, Manifest>): bigint | null {
  if (target.kind === 'absent') return null;
  const parts = (manifest: Manifest): bigint =>
    manifest.children.reduce((sum, child) => (child.role === 'manifest' ? sum : sum + child.size), 0n);
  if (target.kind !== 'index') return image.target.size + parts(target);
  const child = target.children.find(({ digest }) => digest === target.here);
  const manifest = child && manifests.get(`${target.namespace}/${child.digest}`);
  return image.target.size + (child?.size ?? 0n) + (manifest === undefined ? 0n : parts(manifest));
}
