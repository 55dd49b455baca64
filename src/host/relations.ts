/**
 * What belongs to what, as far as the listed facts tell:
 *
 *   container ─▶ image ─▶ target blob ─▶ manifests ─▶ config and layers
 *       │  └───▶ sandbox                     │ gc label of the config
 *       └──────▶ snapshot ─▶ parent ─▶ … ◀───┘
 *
 * An owner is what a thing comes from or is there for, a user is what would miss it. What leases hold is in no list.
 */
import type { Container, Manifest, Snapshot } from './containerd.ts';
import { nameOf } from './docker-join.ts';
import { imageOf, snapshotOf } from './docker-link.ts';
import { type Subject, subjects } from './docker-subjects.ts';
import { items } from './kinds/listing.ts';
import { isUnknown } from './observed.ts';
import { resolveContainers } from './reference.ts';
import { facet, type HostSnapshot, type ListingFacet } from './snapshot.ts';

export type ThingKind =
  | 'containers'
  | 'images'
  | 'content'
  | 'snapshots'
  | 'leases'
  | 'namespaces'
  | 'sandboxes'
  | 'ingests';

/** One object, by what its kind calls it. */
export interface Thing {
  readonly kind: ThingKind;
  readonly namespace: string;
  /** Id, name, digest or key; of a namespace its name again. */
  readonly id: string;
  /** Only of a snapshot. */
  readonly snapshotter?: string;
}

export interface Related {
  readonly things: readonly {
    readonly thing: Thing;
    /** What people call it, where that is not its id. */
    readonly name?: string;
    /** What it is to the other: `its image`. */
    readonly how: string;
  }[];
  /** Why there may be more. */
  readonly unknown: { readonly source: string; readonly why: string } | undefined;
}

/** The key of the thing's row among those of its kind. */
export const thingKey = ({ kind, namespace, id, snapshotter }: Thing): string =>
  kind === 'namespaces'
    ? id
    : snapshotter === undefined
      ? `${namespace}/${id}`
      : `${namespace}/${snapshotter}/${id}`;

/** What a thing comes from or is there for. */
export const ownersOf = (host: HostSnapshot, thing: Thing): Related => {
  const { namespace, id } = thing;
  const home: Found = [{ thing: { kind: 'namespaces', namespace, id: namespace }, how: 'its namespace' }];
  switch (thing.kind) {
    case 'containers':
      return related(
        host,
        thing,
        ['containerd.images', 'containerd.snapshots', 'docker.containers'],
        [...partsOf(host, thing), ...home],
      );
    case 'images':
      return related(
        host,
        thing,
        [],
        [
          ...items(host, 'containerd.images')
            .filter((image) => image.namespace === namespace && image.name === id)
            .map((image) => ({ thing: blob(namespace, image.target.digest), how: 'its target' })),
          ...home,
        ],
      );
    case 'content':
      return related(host, thing, ['containerd.images', 'containerd.manifests'], imagesAbove(host, thing));
    case 'snapshots':
      return related(
        host,
        thing,
        ['containerd.containers', 'containerd.images', 'containerd.manifests', 'containerd.content'],
        snapshotOwners(host, thing),
      );
    case 'sandboxes':
    case 'leases':
      return related(
        host,
        thing,
        ['containerd.containers'],
        [
          ...containersIn(host, namespace, (container) => container.id === id).map((found) => ({
            ...found,
            how: 'the container of this id',
          })),
          ...home,
        ],
      );
    case 'ingests':
      return related(host, thing, [], home);
    case 'namespaces':
      return related(host, thing, [], []);
  }
};

/** What would miss a thing. */
export const usersOf = (host: HostSnapshot, thing: Thing): Related => {
  const { namespace, id } = thing;
  switch (thing.kind) {
    case 'images':
      return related(
        host,
        thing,
        ['containerd.containers', 'docker.containers'],
        containersOfImage(host, thing),
      );
    case 'snapshots':
      return related(
        host,
        thing,
        ['containerd.containers', 'containerd.content', 'containerd.images'],
        [
          ...containersOn(host, thing, new Set([id])),
          ...childrenOf(host, thing).map((child) => ({ thing: snapshot(child), how: 'stands on it' })),
          ...imagesUnpackedTo(host, thing, new Set([id])),
        ],
      );
    case 'content':
      return related(
        host,
        thing,
        ['containerd.images', 'containerd.manifests'],
        [
          ...items(host, 'containerd.images')
            .filter((image) => image.namespace === namespace && image.target.digest === id)
            .map((image) => ({ thing: imageThing(namespace, image.name), how: 'its target' })),
          ...manifestsNaming(host, namespace, id).map(({ digest, kind }) => ({
            thing: blob(namespace, digest),
            how: `${kind} that names it`,
          })),
        ],
      );
    case 'sandboxes':
      return related(
        host,
        thing,
        ['containerd.containers'],
        containersIn(host, namespace, ({ sandbox }) => sandbox === id).map((c) => ({
          ...c,
          how: 'runs in it',
        })),
      );
    case 'containers':
      return related(
        host,
        thing,
        ['containerd.leases'],
        [
          ...items(host, 'containerd.leases')
            .filter((lease) => lease.namespace === namespace && lease.id === id)
            .map((lease) => ({
              thing: { kind: 'leases' as const, namespace, id: lease.id },
              how: 'lease of its id',
            })),
        ],
      );
    case 'namespaces':
      return related(
        host,
        thing,
        ['containerd.containers', 'containerd.images'],
        [
          ...containersIn(host, id, () => true).map((found) => ({ ...found, how: 'in it' })),
          ...items(host, 'containerd.images')
            .filter((image) => image.namespace === id)
            .map((image) => ({ thing: imageThing(id, image.name), how: 'in it' })),
        ],
      );
    case 'leases':
      return {
        things: [],
        unknown: { source: 'leases', why: 'which resources a lease holds is in no list' },
      };
    case 'ingests':
      return related(host, thing, [], []);
  }
};

/**
 * The objects of a name: containers by Docker's name or id, images by name, blobs and snapshots by digest or key; exactly, else by
 * the beginning of an id of four characters or more.
 */
export const thingsCalled = (host: HostSnapshot, word: string): readonly Thing[] => {
  const containers = resolveContainers(subjects(host), word).map((s) => containerOf(s).thing);
  const images = items(host, 'containerd.images')
    .filter(({ name }) => name === word)
    .map(({ namespace, name }) => imageThing(namespace, name));
  const named = [
    ...items(host, 'containerd.content').map((c) => blob(c.namespace, c.digest)),
    ...items(host, 'containerd.snapshots').map(snapshot),
  ];
  const exact = [...containers, ...images, ...named.filter(({ id }) => id === word)];
  if (exact.length > 0 || word.length < LEAST_PREFIX) return exact;
  return named.filter(({ id }) => id.startsWith(word) || id.startsWith(`sha256:${word}`));
};

/** Fewer characters than this match by accident. */
const LEAST_PREFIX = 4;

type Found = Related['things'];

// In no list twice, and with what could not be read of the facets that were asked.
function related(host: HostSnapshot, self: Thing, asked: readonly ListingFacet[], found: Found): Related {
  const byKey = new Map(found.map((entry) => [`${entry.thing.kind} ${thingKey(entry.thing)}`, entry]));
  byKey.delete(`${self.kind} ${thingKey(self)}`);
  return { things: [...byKey.values()], unknown: unread(host, asked, self.namespace) };
}

function unread(host: HostSnapshot, asked: readonly ListingFacet[], namespace: string): Related['unknown'] {
  for (const name of asked) {
    const fact = facet(host, name);
    if (isUnknown(fact)) return { source: fact.from, why: fact.why };
    const gaps = fact.state === 'seen' ? fact.value.gaps : [];
    const gap = gaps.find(({ object }) => object?.namespace === undefined || object.namespace === namespace);
    if (gap !== undefined) return { source: gap.from, why: gap.why };
  }
  return undefined;
}

// Image, snapshot and sandbox, those of them that are there.
function partsOf(host: HostSnapshot, { namespace, id }: Thing): Found {
  const subject = subjects(host).find((s) => s.namespace === namespace && s.id === id);
  if (subject === undefined) return [];
  const image = imageOf(host, subject);
  const layers = snapshotOf(host, subject, undefined);
  const sandbox = subject.row?.container.sandbox ?? '';
  return [
    ...items(host, 'containerd.images')
      .filter((i) => 'name' in image && i.namespace === namespace && i.name === image.name)
      .map((i) => ({ thing: imageThing(namespace, i.name), how: 'its image' })),
    ...items(host, 'containerd.snapshots')
      .filter((s) => 'key' in layers && s.namespace === namespace && isAt(s, layers.snapshotter, layers.key))
      .map((s) => ({ thing: snapshot(s), how: 'its snapshot' })),
    ...(sandbox === ''
      ? []
      : [{ thing: { kind: 'sandboxes' as const, namespace, id: sandbox }, how: 'its sandbox' }]),
  ];
}

function isAt(found: Snapshot, snapshotter: string, key: string): boolean {
  return found.key === key && found.snapshotter === snapshotter;
}

function containersIn(
  host: HostSnapshot,
  namespace: string,
  holds: (container: Container) => boolean,
): Found {
  return rowsOf(host, namespace).flatMap((subject) =>
    subject.row && holds(subject.row.container) ? [{ ...containerOf(subject), how: '' }] : [],
  );
}

function containersOfImage(host: HostSnapshot, { namespace, id }: Thing): Found {
  return rowsOf(host, namespace).flatMap((subject) => {
    const image = imageOf(host, subject);
    return 'name' in image && image.name === id ? [{ ...containerOf(subject), how: 'made from it' }] : [];
  });
}

// Containers whose root file system is one of these, all of one snapshotter.
function containersOn(
  host: HostSnapshot,
  { namespace, snapshotter }: Thing,
  keys: ReadonlySet<string>,
): Found {
  return rowsOf(host, namespace).flatMap((subject) => {
    const layers = snapshotOf(host, subject, undefined);
    const isHere = 'key' in layers && keys.has(layers.key) && layers.snapshotter === snapshotter;
    return isHere ? [{ ...containerOf(subject), how: 'its root file system' }] : [];
  });
}

function rowsOf(host: HostSnapshot, namespace: string): readonly Subject[] {
  return subjects(host).filter((subject) => subject.namespace === namespace);
}

function containerOf({ namespace, id, docker }: Subject): { readonly thing: Thing; readonly name?: string } {
  const thing: Thing = { kind: 'containers', namespace, id };
  const name = nameOf(docker) ?? undefined;
  return name === undefined ? { thing } : { thing, name };
}

function childrenOf(host: HostSnapshot, { namespace, id, snapshotter }: Thing): readonly Snapshot[] {
  return items(host, 'containerd.snapshots').filter(
    (s) => s.namespace === namespace && s.snapshotter === snapshotter && s.parent === id,
  );
}

// Of a container's own snapshot the container; of a layer the images unpacked to it or above it, else the containers above it.
function snapshotOwners(host: HostSnapshot, thing: Thing): Found {
  const direct = containersOn(host, thing, new Set([thing.id]));
  if (direct.length > 0) return direct;
  const above = keysAbove(host, thing);
  const images = imagesUnpackedTo(host, thing, above);
  return images.length > 0 ? images : containersOn(host, thing, above);
}

// Of the snapshot itself and of all that stand on it; a set, so that a cycle in a damaged store does not hold us.
function keysAbove(host: HostSnapshot, { namespace, id, snapshotter }: Thing): ReadonlySet<string> {
  const byParent = new Map<string, string[]>();
  for (const s of items(host, 'containerd.snapshots')) {
    if (s.parent === null || s.namespace !== namespace || s.snapshotter !== snapshotter) continue;
    const siblings = byParent.get(s.parent) ?? [];
    siblings.push(s.key);
    byParent.set(s.parent, siblings);
  }
  const keys = new Set([id]);
  for (const key of keys) for (const child of byParent.get(key) ?? []) keys.add(child);
  return keys;
}

/** On the config of an unpacked image: the chain id of its topmost layer, by snapshotter. */
const UNPACKED = 'containerd.io/gc.ref.snapshot.';

function imagesUnpackedTo(
  host: HostSnapshot,
  { namespace, snapshotter = '' }: Thing,
  keys: ReadonlySet<string>,
): Found {
  return items(host, 'containerd.content')
    .filter((c) => c.namespace === namespace && keys.has(c.labels[UNPACKED + snapshotter] ?? ''))
    .flatMap((config) => imagesAbove(host, blob(namespace, config.digest)))
    .map((found) => ({ ...found, how: 'unpacked from it' }));
}

// The images from whose target the blob is reached.
function imagesAbove(host: HostSnapshot, { namespace, id }: Thing): Found {
  const reached = new Set([id]);
  for (const digest of reached) {
    for (const manifest of manifestsNaming(host, namespace, digest)) reached.add(manifest.digest);
  }
  return items(host, 'containerd.images')
    .filter((image) => image.namespace === namespace && reached.has(image.target.digest))
    .map((image) => ({ thing: imageThing(namespace, image.name), how: 'its image' }));
}

function manifestsNaming(host: HostSnapshot, namespace: string, digest: string): readonly Manifest[] {
  return items(host, 'containerd.manifests').filter(
    (m) => m.namespace === namespace && m.children.some((child) => child.digest === digest),
  );
}

function imageThing(namespace: string, id: string): Thing {
  return { kind: 'images', namespace, id };
}

function blob(namespace: string, id: string): Thing {
  return { kind: 'content', namespace, id };
}

function snapshot({ namespace, snapshotter, key }: Snapshot): Thing {
  return { kind: 'snapshots', namespace, id: key, snapshotter };
}
