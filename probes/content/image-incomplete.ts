/** Is everything here that an image is made of? */
import { containersOf } from '../../src/host/blob-users.ts';
import type { Claim, Evidence, Probe } from '../../src/host/finding.ts';
import { type ImageContent, imageContents, type MissingBlob } from '../../src/host/image-content.ts';
import { readAt } from '../../src/host/listing-gaps.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { count } from '../../src/text/units.ts';
import { ctr, damagedRecords, firstOpen, named, oneOrEach } from '../storage-claims.ts';
import { pullAgain } from './blob-words.ts';

interface Incomplete {
  readonly content: ImageContent;
  /** The blobs that no record names any more; where it is a whole platform's, which one. */
  readonly missing: readonly MissingBlob[];
  readonly platform: string | null;
  /** Containers can be made of it all the same. */
  readonly runs: boolean;
  /** Nothing but manifests and configs is here. */
  readonly metadataOnly: boolean;
}

export const imageIncomplete: Probe = {
  id: 'image-incomplete',
  title: 'every image has the content that it needs here',
  explain: `Follows each image from its target to manifest, config and layers, and asks the namespace for a record of each.

Much that is absent was never asked for: other platforms of the same image; layers that discard_unpacked_layers or "ctr content prune references" gave up once they were unpacked (the manifest's record then has no label for them, and the config's names the snapshot); layers of remote snapshotters. None of that is reported, nor an image that is being pulled.

What is reported was here and is not, or never came: an interrupted pull, a collection that ran beside a client without a lease, a record that was removed by hand. Records whose files are gone are content-blob-missing.`,
  wants: [
    'containerd.images',
    'containerd.manifests',
    'containerd.content',
    'containerd.ingests',
    'containerd.snapshots',
    'containerd.containers',
    'metadata.databases',
    'containerd.endpoint',
  ],
  needs: [
    'containerd.images',
    'containerd.manifests',
    'containerd.content',
    'containerd.ingests',
    'containerd.snapshots',
  ],
  run: (host) => {
    if (facet(host, 'containerd.images').state === 'absent') {
      return { outcome: 'skip', reason: 'there is no containerd whose images could be followed' };
    }
    const doubt = damagedRecords(host);
    if (doubt !== undefined) return { outcome: 'skip', reason: doubt };
    const contents = imageContents(host);
    const found = contents.flatMap((content) => incomplete(content) ?? []);
    if (found.length > 0) {
      return {
        outcome: 'claims',
        claims: oneOrEach(
          found,
          (each) => one(host, each),
          (all) => many(host, all),
        ),
      };
    }
    const unread = contents.find(({ state }) => state === 'unknown');
    const open =
      firstOpen(host, ['containerd.images', 'containerd.content']) ??
      (unread &&
        `what ${unread.image.name} is made of is not known: ${unread.why ?? 'a manifest was not read'}`);
    return open === undefined
      ? { outcome: 'pass', reason: `every image has the content that it needs${givenUp(contents)}` }
      : { outcome: 'skip', reason: open };
  },
};

// What runs and cannot be exported is no fault, and still worth to be known by who wants to push it.
function givenUp(contents: readonly ImageContent[]): string {
  const without = contents.filter(({ state }) => state === 'discarded').map(({ image }) => image.name);
  return without.length === 0
    ? ''
    : `; ${count(without.length, 'image')} (${named(without)}) ${without.length === 1 ? 'is' : 'are'} without layers on purpose, and cannot be exported or pushed`;
}

// A record without a file is the other probe's, and so is an image that only lacks those.
function incomplete(content: ImageContent): Incomplete | undefined {
  if (content.state !== 'incomplete') return undefined;
  const unrecorded = (all: readonly MissingBlob[]): MissingBlob[] =>
    all.filter(({ how }) => how === 'unrecorded');
  const whole = unrecorded(content.missing);
  if (whole.length > 0) return { content, missing: whole, platform: null, runs: false, metadataOnly: false };
  for (const platform of content.platforms) {
    const missing = unrecorded(platform.missing);
    if (platform.state !== 'incomplete' || missing.length === 0) continue;
    const layersOnly = missing.every(({ role }) => role === 'layer');
    return {
      content,
      missing,
      platform: platform.platform,
      runs: layersOnly && platform.unpacked === true,
      metadataOnly: layersOnly && platform.unpacked !== true && !platform.hasLayers,
    };
  }
  return undefined;
}

// A descriptor of a crafted or damaged index may have no digest at all.
const blobName = ({ role, digest }: MissingBlob): string =>
  `${role} ${digest === '' ? 'without a digest' : digest}`;

function one(host: HostSnapshot, found: Incomplete): Claim {
  const { image } = found.content;
  const { missing, platform, runs, metadataOnly } = found;
  const what = metadataOnly
    ? 'all its layers'
    : `${count(missing.length, 'blob')} (${named(missing.map(blobName))})`;
  const containers = containersOf(host, image);
  return {
    title: `image ${image.name} in ${image.namespace} is without ${what}${platform === null ? '' : `, for ${platform}`}`,
    outcome: runs || metadataOnly ? 'warn' : 'fail',
    confidence: metadataOnly ? 'likely' : 'certain',
    object: { layer: 'content', namespace: image.namespace, kind: 'image', id: image.name, name: null },
    recordedAt: [image.createdAt],
    evidence: [
      {
        layer: 'containerd',
        source: facet(host, 'containerd.images').from,
        field: `${image.namespace}/${image.name}`,
        value: `target ${image.target.digest}`,
        at: readAt(host, 'containerd.images'),
      },
      ...missing.slice(0, 3).map(
        (blob): Evidence => ({
          layer: 'content',
          source: facet(host, 'containerd.content').from,
          field: blobName(blob),
          value: 'no record in this namespace',
          at: readAt(host, 'containerd.content'),
        }),
      ),
    ],
    why: metadataOnly
      ? 'Only manifest and config were fetched, or all layers were collected before they were unpacked.'
      : runs
        ? 'A label of the manifest still asks for the layers, so they were not given up on purpose: their records were removed.'
        : 'Its pull or import did not come to its end, or what it had brought was removed: by hand, or by a collection that knew no lease for it.',
    impact: runs
      ? `Containers can be made of it, since it is unpacked; exporting, pushing and unpacking for another snapshotter fail. ${count(containers.length, 'container')} made of it ${containers.length === 1 ? 'is' : 'are'} not touched.`
      : `No new container can be made of it. ${count(containers.length, 'container')} made of it ${containers.length === 1 ? 'is' : 'are'} not touched.`,
    next: [
      {
        text: 'see what containerd itself says of it',
        command: ctr(host, image.namespace, 'images', 'check', `name==${image.name}`),
        effect: 'reads',
      },
      pullAgain(host, image),
    ],
    references: [
      'https://github.com/containerd/containerd/issues/9277',
      'https://github.com/moby/moby/issues/52411',
    ],
  };
}

function many(host: HostSnapshot, found: readonly Incomplete[]): Claim {
  const names = found.map(({ content }) => `${content.image.namespace}/${content.image.name}`);
  const fails = found.some(({ runs, metadataOnly }) => !runs && !metadataOnly);
  const [first] = found;
  return {
    title: `${count(found.length, 'image')} are without content that they need`,
    outcome: fails ? 'fail' : 'warn',
    confidence: fails ? 'certain' : 'likely',
    object: { layer: 'content', namespace: null, kind: 'images', id: 'incomplete', name: null },
    evidence: [
      {
        layer: 'containerd',
        source: facet(host, 'containerd.images').from,
        field: 'images',
        value: named(names),
        at: readAt(host, 'containerd.images'),
      },
      {
        layer: 'content',
        source: facet(host, 'containerd.content').from,
        field: 'without a record',
        value: named(found.flatMap(({ missing }) => missing.map(({ digest }) => digest))),
        at: readAt(host, 'containerd.content'),
      },
    ],
    why: 'So many at once were hit by one thing: a collection that ran beside clients without leases, or a database that is of another time than the images.',
    impact: 'No new container can be made of those that are not unpacked; containers that run go on.',
    next: [
      {
        text: 'see what containerd itself says of them',
        command: ctr(host, first?.content.image.namespace ?? 'default', 'images', 'check'),
        effect: 'reads',
      },
      {
        text: 'pull those that are needed again; removing images first loses what still runs from them',
        command: null,
        effect: 'writes',
      },
    ],
    references: ['https://github.com/containerd/containerd/issues/9277'],
  };
}
