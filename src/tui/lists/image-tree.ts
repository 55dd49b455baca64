/** Images, each of which can be opened to what it is made of: index, manifests, configs and layers. */

import { imageContentOf } from '../../host/image-content.ts';
import { type ImageRow, images } from '../../host/kinds/images.ts';
import type { Column, RowTone } from '../../host/kinds/kind.ts';
import type { FacetName } from '../../host/snapshot.ts';
import { bytes } from '../../text/units.ts';
import type { Captured } from '../captured.ts';
import type { Sheet } from '../table.ts';
import { contentFacts } from './content-facts.ts';
import { type BlobState, type ImagePart, partsReader } from './image-parts.ts';

export const IMAGE_WANTS: readonly FacetName[] = [...images.wants, 'containerd.content'];

type Node = ImageRow | ImagePart;

export const imageSheet = ({ host }: Captured): Sheet<Node> => {
  const parts = partsReader(host);
  return {
    rows: images.rows(host),
    columns: COLUMNS,
    item: (node) =>
      isPart(node)
        ? {
            namespace: node.namespace,
            role: node.role,
            digest: node.digest,
            mediaType: node.mediaType,
            size: node.size,
            platform: node.platform,
            ...(node.blob === 'unknown' ? {} : { blob: WORDS[node.blob] }),
            ...(node.note === null ? {} : { note: node.note }),
          }
        : images.item(node),
    gaps: (node) => (isPart(node) ? node.gaps : (images.gaps?.(node) ?? [])),
    id: (node) => (isPart(node) ? node.digest : images.id(node)),
    key: keyOf,
    tone: (node) => (isPart(node) ? partTone(node) : (images.tone?.(node) ?? 'plain')),
    facts: (node) => (isPart(node) ? [] : contentFacts(imageContentOf(host, node.image))),
    isOwn: (node) => !isPart(node),
    branches: {
      parent: (node) => (isPart(node) ? node.above : undefined),
      isBranch: (node) => !isPart(node) || (node.manifest?.children.length ?? 0) > 0,
      children: (node) => (isPart(node) ? parts.below(node) : [parts.target(node)]),
      // Who opens an image wants to see what runs here, and only then what else there is.
      isOpenAtFirst: (node) => isPart(node) && node.isForHere,
    },
  };
};

function isPart(node: Node): node is ImagePart {
  return 'place' in node;
}

function keyOf(node: Node): string {
  let image = node;
  while (isPart(image)) image = image.above;
  // No place in an image has a line break in it.
  return isPart(node) ? `${images.key(image)}\n${node.place}` : images.key(image);
}

const WORDS: Readonly<Record<BlobState, string>> = {
  present: 'present',
  absent: 'absent',
  elsewhere: 'not on this host',
  unknown: 'unknown',
};

const TONES: Readonly<Record<BlobState, RowTone>> = {
  present: 'ok',
  absent: 'absent',
  elsewhere: 'absent',
  unknown: 'unknown',
};

function partTone({ blob, gaps }: ImagePart): RowTone {
  return gaps.length > 0 ? 'unknown' : TONES[blob];
}

// What an image's column says of its parts.
const OF_PART: Readonly<Record<string, Pick<Column<ImagePart>, 'text' | 'sortKey'>>> = {
  namespace: { text: (p) => p.namespace },
  // In the order in which they are named: layers lie on one another so.
  name: { text: (p) => p.words, sortKey: (p) => p.place.replace(/\d+/g, (n) => n.padStart(9, '0')) },
  digest: { text: (p) => p.digest },
  platforms: { text: (p) => p.platform ?? '-' },
  type: { text: (p) => p.mediaType },
  size: { text: (p) => bytes(p.size), sortKey: (p) => p.size },
  age: { text: () => '', sortKey: () => '' },
};

const COLUMNS: readonly Column<Node>[] = [
  ...images.columns.map((column): Column<Node> => {
    const other = OF_PART[column.id];
    return {
      ...column,
      // An open image names them itself, and its parts need the room.
      ...(column.id === 'platforms' ? { priority: 4 } : {}),
      text: (node, at) => (isPart(node) ? (other?.text(node, at) ?? '') : column.text(node, at)),
      sortKey: (node) =>
        isPart(node)
          ? (other?.sortKey?.(node) ?? other?.text(node, '') ?? '')
          : (column.sortKey?.(node) ?? column.text(node, '')),
    };
  }),
  {
    id: 'status',
    title: 'BLOB',
    priority: 1,
    text: (node) => (isPart(node) ? WORDS[node.blob] : node.platforms === null ? WORDS.absent : ''),
  },
];
