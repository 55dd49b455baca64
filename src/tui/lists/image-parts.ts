/** What an image is made of: each part with where it is named, and whether its blob is here. */
import type { ContentInfo, Manifest, ManifestChild, Platform } from '../../host/containerd.ts';
import { byDigest } from '../../host/image-content.ts';
import { type ImageRow, manifestGaps } from '../../host/kinds/images.ts';
import { items } from '../../host/kinds/listing.ts';
import { type Gap, isUnknown, type Listing, type Observed, type Unknown } from '../../host/observed.ts';
import { facet, type HostSnapshot } from '../../host/snapshot.ts';

/**
 * `elsewhere`: it is absent, as it is right for what only another platform needs.
 * `unknown`: what is in the content store could not be read.
 */
export type BlobState = 'present' | 'absent' | 'elsewhere' | 'unknown';

/** One blob at one place of an image; the same blob may be at many. */
export interface ImagePart {
  readonly above: ImageRow | ImagePart;
  /** Its place below the image, unique in it: `0/2/1`. */
  readonly place: string;
  readonly namespace: string;
  readonly role: ManifestChild['role'] | 'index' | 'target';
  /** What it is, as people say it: `manifest linux/arm64`, `layer 2 of 5`. */
  readonly words: string;
  readonly mediaType: string;
  readonly digest: string;
  readonly size: bigint;
  readonly platform: Platform | null;
  readonly blob: BlobState;
  /** What it consists of in turn, as far as that was read. */
  readonly manifest: Manifest | undefined;
  /** Whether it is needed to run the image here. */
  readonly isForHere: boolean;
  /** What is to be said of it. */
  readonly note: string | null;
  readonly gaps: readonly Gap[];
}

export interface PartsReader {
  /** The one blob that an image's record names. */
  target(row: ImageRow): ImagePart;
  /** The blobs that a part names. */
  below(part: ImagePart): readonly ImagePart[];
}

// As deep as manifests are read; an index of indexes is foreign data and may go on for ever.
const MOST_LEVELS = 6;

/** Reads the parts of a picture's images; nothing is looked up before the first is asked for. */
export const partsReader = (host: HostSnapshot): PartsReader => {
  let source: Source | undefined;
  const sourceOf = (): Source => {
    source ??= openSource(host);
    return source;
  };
  return {
    target: (row) => {
      const { namespace, target } = row.image;
      const manifest = sourceOf().manifest(namespace, target.digest);
      const role = manifest?.kind === 'index' || manifest?.kind === 'manifest' ? manifest.kind : 'target';
      const platform = manifest?.platform ?? null;
      const at = { above: row, place: '0', namespace, isForHere: true } as const;
      const words = role === 'manifest' ? named(role, platform) : role;
      return partOf(sourceOf(), at, { ...target, role, platform }, words, false);
    },
    below: (part) => {
      const { manifest } = part;
      if (manifest === undefined) return [];
      const layers = manifest.children.filter(({ role }) => role === 'layer').length;
      let layer = 0;
      return manifest.children.map((child, i) => {
        if (child.role === 'layer') layer += 1;
        const isForHere = part.isForHere && (manifest.kind !== 'index' || child.digest === manifest.here);
        const at = {
          above: part,
          place: `${part.place}/${i}`,
          namespace: part.namespace,
          isForHere,
        };
        const words =
          child.role === 'layer' ? `layer ${layer} of ${layers}` : named(child.role, child.platform);
        return partOf(sourceOf(), at, child, words, manifest.kind === 'index' && !isForHere);
      });
    },
  };
};

type Place = Pick<ImagePart, 'above' | 'place' | 'namespace' | 'isForHere'>;
type Named = Pick<ImagePart, 'role' | 'mediaType' | 'digest' | 'size' | 'platform'>;

function partOf(source: Source, at: Place, child: Named, words: string, isOptional: boolean): ImagePart {
  const { namespace, above } = at;
  const { role, mediaType, digest, size } = child;
  const isManifest = role === 'manifest' || role === 'index' || role === 'target';
  const read = isManifest ? source.manifest(namespace, digest) : undefined;
  const isRepeated = isManifest && isBelowItself(digest, above);
  const isTooDeep = at.place.split('/').length > MOST_LEVELS;
  const here = source.blob(namespace, digest) ?? ofManifest(read);
  const blob = here === 'absent' && isOptional ? 'elsewhere' : here;
  const unread = isManifest && read === undefined && at.isForHere ? source.gap(namespace, digest) : undefined;
  const isSilent = isManifest && blob === 'present' && read === undefined && unread === undefined;
  return {
    ...at,
    role,
    words,
    mediaType,
    digest,
    size,
    // Attestations call theirs unknown/unknown: they are for none.
    platform: role === 'attestation' ? null : child.platform,
    blob,
    manifest: isRepeated || isTooDeep ? undefined : read,
    note: isRepeated
      ? 'it is named below itself'
      : isTooDeep
        ? 'what is below it is not shown: it is too deep'
        : isSilent
          ? 'what is below it was not read: it is not what runs here'
          : NOTES[blob],
    gaps: [
      ...(unread === undefined ? [] : [{ ...unread, fields: ['parts'] }]),
      ...(blob === 'unknown' ? source.contentGaps(namespace) : []),
    ],
  };
}

const NOTES: Readonly<Record<BlobState, string | null>> = {
  present: null,
  absent: null,
  elsewhere: 'normal: nothing here needs it, so it was not pulled',
  unknown: null,
};

function named(role: ImagePart['role'], platform: Platform | null): string {
  if (role === 'attestation') return 'attestation manifest';
  return role === 'manifest' && platform !== null ? `manifest ${platform}` : role;
}

// A digest cannot name itself; foreign data can say that it does.
function isBelowItself(digest: string, above: ImagePart['above']): boolean {
  for (let at = above; 'place' in at; at = at.above) if (at.digest === digest) return true;
  return false;
}

// What was read is there, and what was looked for and not found is not.
function ofManifest(manifest: Manifest | undefined): BlobState {
  if (manifest === undefined || manifest.kind === 'other') return 'unknown';
  return manifest.kind === 'absent' ? 'absent' : 'present';
}

interface Source {
  manifest(namespace: string, digest: string): Manifest | undefined;
  gap(namespace: string, digest: string): Gap | undefined;
  /** Undefined where the content of the namespace could not be listed. */
  blob(namespace: string, digest: string): 'present' | 'absent' | undefined;
  contentGaps(namespace: string): readonly Gap[];
}

function openSource(host: HostSnapshot): Source {
  const content = facet(host, 'containerd.content');
  const gaps = manifestGaps(host);
  const manifests = byDigest(items(host, 'containerd.manifests'));
  const blobs = byDigest(items(host, 'containerd.content'));
  return {
    manifest: (namespace, digest) => manifests.get(`${namespace}/${digest}`),
    gap: (namespace, digest) => gaps.get(`${namespace}/${digest}`) ?? gaps.get(''),
    blob: (namespace, digest) => {
      if (blobs.has(`${namespace}/${digest}`)) return 'present';
      return whyUnread(content, namespace) === undefined ? 'absent' : undefined;
    },
    contentGaps: (namespace) => {
      const why = whyUnread(content, namespace);
      return why === undefined ? [] : [{ ...why, fields: ['blob'] }];
    },
  };
}

// Why it cannot be said of a blob that it is absent; undefined where it can.
function whyUnread(content: Observed<Listing<ContentInfo>>, namespace: string): Unknown | undefined {
  if (isUnknown(content)) return content;
  if (content.state === 'absent') return undefined;
  return content.value.gaps.find(
    ({ object }) => object?.namespace === undefined || object.namespace === namespace,
  );
}
