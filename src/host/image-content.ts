/**
 * Whether what an image is made of is here: for each platform its manifest, config and layers.
 *
 * Not everything that is absent is lost. A pull takes one platform of many; `--all-metadata` takes the manifests and configs
 * of the others; `discard_unpacked_layers` and `ctr content prune references` give layers up once they are unpacked; remote
 * snapshotters never fetch them.
 */
import type { ContentInfo, Image, Manifest, ManifestChild, Platform } from './containerd.ts';
import { contentReferences, snapshotReferences } from './content-labels.ts';
import type { Digest } from './ids.ts';
import { items } from './kinds/listing.ts';
import { openQuestion } from './listing-gaps.ts';
import { isUnknown, seenValue } from './observed.ts';
import { facet, type HostSnapshot } from './snapshot.ts';
import { stuckIngests } from './stuck-ingests.ts';

export interface MissingBlob {
  readonly role: 'target' | 'manifest' | 'config' | 'layer';
  readonly digest: Digest;
  /** Whether the namespace has no record of it, or has one and the store has no file. */
  readonly how: 'unrecorded' | 'noFile';
}

/**
 * `discarded`: it runs, and some of its layers were given up on purpose. `notHere`: it was not asked for. `arriving`: one of
 * its blobs is being uploaded.
 */
export type ContentState = 'complete' | 'discarded' | 'incomplete' | 'arriving' | 'notHere' | 'unknown';

export interface PlatformContent {
  /** Null where neither index nor config tells. */
  readonly platform: Platform | null;
  readonly manifest: Digest;
  readonly state: ContentState;
  /** Whether a snapshot has all its layers, so that containers can be made without them; undefined when not known. */
  readonly unpacked: boolean | undefined;
  /** Whether any of its layers is recorded here. */
  readonly hasLayers: boolean;
  /** What is not here, on purpose or not. */
  readonly missing: readonly MissingBlob[];
}

export interface ImageContent {
  readonly image: Image;
  readonly state: ContentState;
  readonly platforms: readonly PlatformContent[];
  /** For an incomplete one, what is missing of it as a whole: its target, or every manifest of it. */
  readonly missing: readonly MissingBlob[];
  /** Why it is unknown. */
  readonly why: string | null;
}

/** Snapshotters that unpack layers from the content store; others may mount them from elsewhere. */
const UNPACKING = new Set(['overlayfs', 'native', 'btrfs', 'zfs', 'devmapper', 'blockfile', 'erofs', 'aufs']);
/** Layers that a registry may not give away: a client may leave them out. */
const NOT_DISTRIBUTED = /nondistributable|foreign/;
const MAX_DEPTH = 4;

/** All images, in the order of their records. */
export const imageContents = (host: HostSnapshot): ImageContent[] => {
  const scene = sceneOf(host);
  return items(host, 'containerd.images').map((image) => imageContent(scene, image));
};

/** One image of the snapshot. */
export const imageContentOf = (host: HostSnapshot, image: Image): ImageContent =>
  imageContent(sceneOf(host), image);

interface Scene {
  readonly host: HostSnapshot;
  readonly manifests: ReadonlyMap<string, Manifest>;
  readonly records: ReadonlyMap<string, ContentInfo>;
  /** Undefined where it is not known which files there are. */
  readonly files: ReadonlySet<string> | undefined;
  /** Undefined where it is not known which snapshots there are. */
  readonly snapshots: ReadonlySet<string> | undefined;
  /** What is being uploaded, by `NAMESPACE/DIGEST`. */
  readonly uploads: ReadonlySet<string>;
}

function sceneOf(host: HostSnapshot): Scene {
  const whole = (name: 'content.blobs' | 'containerd.snapshots'): boolean =>
    seenValue(facet(host, name)) !== undefined && openQuestion(host, name) === undefined;
  const stuck = new Set(stuckIngests(host).map(({ ingest }) => ingest));
  const uploads = new Set<string>();
  for (const ingest of items(host, 'containerd.ingests')) {
    if (stuck.has(ingest)) continue;
    // Clients name an upload by what it will be: `layer-sha256:…`, `manifest-sha256:…`.
    for (const [digest] of ingest.ref.matchAll(/sha\d+:[0-9a-f]+/g))
      uploads.add(`${ingest.namespace}/${digest}`);
  }
  return {
    host,
    manifests: byDigest(items(host, 'containerd.manifests')),
    records: byDigest(items(host, 'containerd.content')),
    files: whole('content.blobs') ? setOf(items(host, 'content.blobs'), ({ digest }) => digest) : undefined,
    snapshots: whole('containerd.snapshots')
      ? setOf(items(host, 'containerd.snapshots'), (s) => `${s.namespace}/${s.snapshotter}/${s.key}`)
      : undefined,
    uploads,
  };
}

// Pictures share a list that has not changed, and then what was made of it; of one list, only ever one thing is made.
const made = new WeakMap<readonly unknown[], unknown>();

/** What a list has by `NAMESPACE/DIGEST`; made once for a list. */
export const byDigest = <T extends { readonly namespace: string; readonly digest: string }>(
  list: readonly T[],
): ReadonlyMap<string, T> => {
  const known = made.get(list);
  if (known !== undefined) return known as ReadonlyMap<string, T>;
  const index = new Map(list.map((item) => [`${item.namespace}/${item.digest}`, item]));
  made.set(list, index);
  return index;
};

function setOf<T>(list: readonly T[], keyOf: (item: T) => string): ReadonlySet<string> {
  const known = made.get(list);
  if (known !== undefined) return known as ReadonlySet<string>;
  const set = new Set(list.map(keyOf));
  made.set(list, set);
  return set;
}

function imageContent(scene: Scene, image: Image): ImageContent {
  const { namespace, target } = image;
  const unknownBecause = (why: string): ImageContent => ({
    image,
    state: 'unknown',
    platforms: [],
    missing: [],
    why,
  });
  const open = openQuestion(scene.host, 'containerd.content', { namespace, id: target.digest });
  if (open !== undefined) return unknownBecause(open);
  const manifest = scene.manifests.get(`${namespace}/${target.digest}`);
  const missing = missingOf(scene, namespace, 'target', target.digest);
  if (missing !== undefined) {
    const state = isArriving(scene, namespace, [missing]) ? 'arriving' : 'incomplete';
    return { image, state, platforms: [], missing: [missing], why: null };
  }
  if (manifest === undefined || manifest.kind === 'absent') {
    const listing = facet(scene.host, 'containerd.manifests');
    const gap = isUnknown(listing)
      ? listing
      : seenValue(listing)?.gaps.find(({ object }) => object?.id === target.digest);
    return unknownBecause(gap?.why ?? `${target.digest} was not read`);
  }
  if (manifest.kind === 'other') return { image, state: 'complete', platforms: [], missing: [], why: null };
  if (manifest.kind === 'manifest') {
    const only = manifestContent(scene, namespace, manifest.digest, manifest.platform);
    return { image, state: only.state, platforms: [only], missing: [], why: null };
  }
  return indexContent(scene, image, manifest);
}

function indexContent(scene: Scene, image: Image, index: Manifest): ImageContent {
  const { namespace } = image;
  const leaves = leavesOf(scene, index);
  const read = leaves.map(({ digest, platform }) => manifestContent(scene, namespace, digest, platform));
  const usable = read.some(({ state }) => state === 'complete' || state === 'discarded');
  // Beside a platform that is whole, one that was never unpacked was not asked for; it may share some layers with it.
  const platforms = read.map((each): PlatformContent => {
    const lost = each.unpacked === true || each.missing.some(({ how }) => how === 'noFile');
    return usable && each.state === 'incomplete' && !lost ? { ...each, state: 'notHere' } : each;
  });
  const has = (state: ContentState): boolean => platforms.some((each) => each.state === state);
  const state = (['incomplete', 'arriving', 'complete', 'discarded', 'unknown'] as const).find(has);
  if (state !== undefined || platforms.length === 0) {
    return { image, state: state ?? 'complete', platforms, missing: [], why: null };
  }
  const missing = platforms.flatMap((each) => each.missing.filter(({ role }) => role === 'manifest'));
  return { image, state: 'incomplete', platforms, missing, why: null };
}

// The manifests of an index, and of indexes within it; attestations tell about them and are no images.
function leavesOf(scene: Scene, index: Manifest): ManifestChild[] {
  const seen = new Set<string>([index.digest]);
  const visit = (manifest: Manifest, depth: number): ManifestChild[] =>
    manifest.children.flatMap((child) => {
      if (child.role !== 'manifest' || seen.has(child.digest)) return [];
      if (child.platform?.split('/').includes('unknown') === true) return [];
      seen.add(child.digest);
      const below = scene.manifests.get(`${manifest.namespace}/${child.digest}`);
      return below?.kind === 'index' && depth > 0 ? visit(below, depth - 1) : [child];
    });
  return visit(index, MAX_DEPTH);
}

function manifestContent(
  scene: Scene,
  namespace: string,
  digest: Digest,
  platform: Platform | null,
): PlatformContent {
  let hasLayers = false;
  const content = (
    state: ContentState,
    missing: readonly MissingBlob[],
    unpacked?: boolean,
  ): PlatformContent => ({ platform, manifest: digest, state, unpacked, hasLayers, missing });
  if (isHidden(scene, namespace, digest)) return content('unknown', []);
  const own = missingOf(scene, namespace, 'manifest', digest);
  if (own !== undefined) {
    const arriving = isArriving(scene, namespace, [own]);
    return content(own.how === 'noFile' ? 'incomplete' : arriving ? 'arriving' : 'notHere', [own]);
  }
  const record = scene.records.get(`${namespace}/${digest}`);
  const labelled = contentReferences(record?.labels ?? {});
  const parts = partsOf(scene, namespace, digest, labelled);
  if (parts === undefined || parts.some((part) => isHidden(scene, namespace, part.digest))) {
    return content('unknown', []);
  }
  const missing = parts.flatMap(({ role, digest: part }) => {
    const blob = missingOf(scene, namespace, role, part);
    return blob === undefined ? [] : [blob];
  });
  hasLayers = parts.some(
    ({ role, digest: part }) => role === 'layer' && scene.records.has(`${namespace}/${part}`),
  );
  const chain = chainOf(scene, namespace, parts);
  if (missing.length === 0) return content('complete', [], chain.unpacked);
  if (missing.some(({ how }) => how === 'noFile')) return content('incomplete', missing, chain.unpacked);
  if (isArriving(scene, namespace, missing)) return content('arriving', missing, chain.unpacked);
  if (missing.some(({ role }) => role === 'config')) return content('incomplete', missing, chain.unpacked);
  if (chain.unpacked === undefined) return content('unknown', missing);
  // A label still asks for a layer that was lost; one that was given up has none.
  const wanted = new Set(labelled.map((reference) => reference.digest));
  const discarded = chain.unpacked && (chain.elsewhere || !missing.some((blob) => wanted.has(blob.digest)));
  return content(discarded ? 'discarded' : 'incomplete', missing, chain.unpacked);
}

interface Part {
  readonly role: 'config' | 'layer';
  readonly digest: Digest;
}

// A manifest that was not read is known by the labels of its record, but for layers that were given up.
function partsOf(
  scene: Scene,
  namespace: string,
  digest: Digest,
  labelled: ReturnType<typeof contentReferences>,
): Part[] | undefined {
  const manifest = scene.manifests.get(`${namespace}/${digest}`);
  if (manifest?.kind === 'manifest') {
    return manifest.children.flatMap(({ role, digest: part, mediaType }) =>
      role === 'config' || (role === 'layer' && !NOT_DISTRIBUTED.test(mediaType))
        ? [{ role, digest: part }]
        : [],
    );
  }
  const parts = labelled.flatMap(({ role, digest: part }) =>
    role === 'config' || role === 'layer' ? [{ role, digest: part as Digest }] : [],
  );
  return parts.some(({ role }) => role === 'layer') ? parts : undefined;
}

function chainOf(
  { snapshots, records }: Scene,
  namespace: string,
  parts: readonly Part[],
): { readonly unpacked: boolean | undefined; readonly elsewhere: boolean } {
  const config = parts.find(({ role }) => role === 'config');
  const record = config && records.get(`${namespace}/${config.digest}`);
  const references = record === undefined ? [] : snapshotReferences(record.labels);
  if (references.length === 0) return { unpacked: false, elsewhere: false };
  if (snapshots === undefined) return { unpacked: undefined, elsewhere: false };
  const there = references.filter(({ snapshotter, key }) =>
    snapshots.has(`${namespace}/${snapshotter}/${key}`),
  );
  return {
    unpacked: there.length > 0,
    elsewhere: there.some(({ snapshotter }) => !UNPACKING.has(snapshotter)),
  };
}

function missingOf(
  { records, files }: Scene,
  namespace: string,
  role: MissingBlob['role'],
  digest: Digest,
): MissingBlob | undefined {
  if (!records.has(`${namespace}/${digest}`)) return { role, digest, how: 'unrecorded' };
  return files !== undefined && !files.has(digest) ? { role, digest, how: 'noFile' } : undefined;
}

// Whether its record is one that could not be read.
function isHidden({ host, records }: Scene, namespace: string, digest: Digest): boolean {
  if (records.has(`${namespace}/${digest}`)) return false;
  return openQuestion(host, 'containerd.content', { namespace, id: digest }) !== undefined;
}

function isArriving({ uploads }: Scene, namespace: string, missing: readonly MissingBlob[]): boolean {
  return missing.some(({ digest }) => uploads.has(`${namespace}/${digest}`));
}
