/**
 * What was read anew, laid over a snapshot: a new snapshot that shares everything else with the old one. Pure, so that a
 * picture kept up with by events can be held against one that was taken as a whole.
 */
import type { Image, Manifest } from './containerd.ts';
import { itemKeys, type Tracked, type TrackedFacet } from './event-objects.ts';
import { items } from './kinds/listing.ts';
import type { Gap, Listing, Observed, Timestamp } from './observed.ts';
import { type FacetName, type Facets, facet, type HostSnapshot } from './snapshot.ts';

/** One object, as it is now. */
export type ObjectChange = {
  readonly [K in TrackedFacet]: {
    readonly facet: K;
    readonly key: string;
    /** Null: it is not there (any more). */
    readonly item: Tracked[K] | null;
    /** Why it could not be read, where it is part of a larger reading that could. */
    readonly gap?: Gap;
  };
}[TrackedFacet];

/** A facet that was listed anew. */
export type FacetChange = {
  readonly [K in FacetName]: { readonly facet: K; readonly observed: Observed<Facets[K]> };
}[FacetName];

export type Change = ObjectChange | FacetChange;

/** All facets of a snapshot as changes. */
export const changesOf = (host: HostSnapshot): readonly FacetChange[] =>
  Object.entries(host.facets).map(([name, observed]) => ({ facet: name, observed }) as FacetChange);

/**
 * The snapshot with the changes in their order. Objects of a facet that could not be listed change nothing: they are no
 * listing. Where nothing changes, it is the same snapshot.
 * @param at when the last of them was read
 */
export const withChanges = (host: HostSnapshot, changes: readonly Change[], at: Timestamp): HostSnapshot => {
  const facets = new Map<FacetName, Observed<unknown>>();
  const objects = new Map<TrackedFacet, Map<string, ObjectChange>>();
  for (const change of changes) {
    if ('observed' in change) {
      facets.set(change.facet, change.observed);
      objects.delete(change.facet as TrackedFacet);
    } else {
      const ofFacet = objects.get(change.facet) ?? new Map<string, ObjectChange>();
      objects.set(change.facet, ofFacet.set(change.key, change));
    }
  }
  for (const [name, ofFacet] of objects) {
    const before = facets.get(name) ?? facet(host, name);
    if (before.state !== 'seen') continue;
    const listing = before.value as Listing<Tracked[TrackedFacet]>;
    facets.set(name, { ...before, value: withObjects(listing, name, ofFacet), at });
  }
  if (facets.size === 0) return host;
  const changed = { ...host, at, facets: { ...host.facets, ...Object.fromEntries(facets) } };
  const tidy = facets.has('containerd.namespaces') ? withoutLostNamespaces(changed, host) : changed;
  return facets.has('containerd.images') || facets.has('containerd.manifests') ? withoutLoose(tidy) : tidy;
};

/** Whether an image's manifests have to be read: they are not known, or say otherwise than the content that is here. */
export const needsManifests = (host: HostSnapshot, image: Image): boolean => {
  if (facet(host, 'containerd.manifests').state !== 'seen') return false;
  const known = manifestIndex(items(host, 'containerd.manifests'));
  const blobs = blobsOf(host);
  return [...reach(known, [image])].some((key) => {
    const kind = known.get(key)?.kind;
    return kind === undefined || (blobs === undefined ? kind === 'absent' : disagree(kind, blobs.has(key)));
  });
};

/**
 * Images whose manifests say otherwise than the content that is here: a blob may come after its image and go before it, and
 * nothing tells of either but the list of the content.
 */
export const outdatedImages = (host: HostSnapshot): readonly Image[] => {
  const blobs = blobsOf(host);
  if (blobs === undefined) return [];
  const known = manifestIndex(items(host, 'containerd.manifests'));
  const wrong = new Set(
    [...known].flatMap(([key, { kind }]) => (disagree(kind, blobs.has(key)) ? [key] : [])),
  );
  if (wrong.size === 0) return [];
  return items(host, 'containerd.images').filter((image) =>
    [...reach(known, [image])].some((key) => wrong.has(key)),
  );
};

function blobsOf(host: HostSnapshot): ReadonlySet<string> | undefined {
  const content = facet(host, 'containerd.content');
  return content.state === 'seen'
    ? new Set(content.value.items.map(itemKeys['containerd.content']))
    : undefined;
}

function disagree(kind: Manifest['kind'], isThere: boolean): boolean {
  return kind !== 'other' && isThere === (kind === 'absent');
}

function withObjects<K extends TrackedFacet>(
  listing: Listing<Tracked[K]>,
  name: K,
  changes: ReadonlyMap<string, ObjectChange>,
): Listing<Tracked[K]> {
  const left = new Map(changes);
  const keyOf = itemKeys[name] as (item: Tracked[K]) => string;
  const kept: Tracked[K][] = [];
  for (const item of listing.items) {
    const key = keyOf(item);
    const change = left.get(key);
    left.delete(key);
    if (change === undefined) kept.push(item);
    else if (change.item !== null) kept.push(change.item as Tracked[K]);
  }
  for (const { item } of left.values()) if (item !== null) kept.push(item as Tracked[K]);
  const gaps = [...changes.values()].flatMap(({ gap }) => (gap === undefined ? [] : [gap]));
  const isStale = ({ object }: Gap): boolean =>
    object?.id !== undefined && changes.has(`${object.namespace}/${object.id}`);
  const before = listing.gaps.some(isStale) ? listing.gaps.filter((gap) => !isStale(gap)) : listing.gaps;
  return { items: kept, gaps: gaps.length === 0 ? before : [...before, ...gaps] };
}

// A namespace can be deleted only when nothing is in it: what is left of it here is gone, too.
function withoutLostNamespaces(host: HostSnapshot, before: HostSnapshot): HostSnapshot {
  const listing = facet(host, 'containerd.namespaces');
  if (listing.state !== 'seen') return host;
  const there = new Set(listing.value.items.map(({ name }) => name));
  const lost = new Set<string>(
    items(before, 'containerd.namespaces').flatMap(({ name }) => (there.has(name) ? [] : [name])),
  );
  return lost.size === 0 ? host : withoutItems(host, ({ namespace }) => !lost.has(namespace));
}

function withoutItems(
  host: HostSnapshot,
  stays: (item: { readonly namespace: string }) => boolean,
): HostSnapshot {
  const facets = Object.entries(host.facets).flatMap(([name, observed]): [string, Observed<unknown>][] => {
    if (!name.startsWith('containerd.') || observed.state !== 'seen' || !isListing(observed.value)) return [];
    const { items: all } = observed.value;
    const left = all.filter((item) => !isNamespaced(item) || stays(item));
    if (left.length === all.length) return [];
    return [[name, { ...observed, value: { ...observed.value, items: left } }]];
  });
  return facets.length === 0 ? host : { ...host, facets: { ...host.facets, ...Object.fromEntries(facets) } };
}

function isListing(value: unknown): value is Listing<unknown> {
  return typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items);
}

function isNamespaced(item: unknown): item is { readonly namespace: string } {
  return (
    typeof item === 'object' && item !== null && 'namespace' in item && typeof item.namespace === 'string'
  );
}

// Manifests that no image leads to any more; a listing as a whole would not have read them.
function withoutLoose(host: HostSnapshot): HostSnapshot {
  const manifests = facet(host, 'containerd.manifests');
  const images = facet(host, 'containerd.images');
  if (manifests.state !== 'seen' || images.state !== 'seen') return host;
  const { items: all, gaps } = manifests.value;
  const held = reach(manifestIndex(all), images.value.items);
  const keyOf = itemKeys['containerd.manifests'];
  const left = all.filter((manifest) => held.has(keyOf(manifest)));
  const leftGaps = gaps.filter(
    ({ object }) => object?.id === undefined || held.has(`${object.namespace}/${object.id}`),
  );
  if (left.length === all.length && leftGaps.length === gaps.length) return host;
  const value = { items: left, gaps: leftGaps };
  return { ...host, facets: { ...host.facets, 'containerd.manifests': { ...manifests, value } } };
}

function manifestIndex(manifests: readonly Manifest[]): ReadonlyMap<string, Manifest> {
  return new Map(manifests.map((manifest) => [itemKeys['containerd.manifests'](manifest), manifest]));
}

// Keys of the manifests that are read for images: of an index, those whose platform it does not name and the one for here.
function reach(known: ReadonlyMap<string, Manifest>, images: readonly Image[]): Set<string> {
  const reached = new Set<string>();
  const queue = images.map(({ namespace, target }) => `${namespace}/${target.digest}`);
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    if (reached.has(key)) continue;
    reached.add(key);
    const manifest = known.get(key);
    for (const child of manifest?.children ?? []) {
      if (child.role !== 'manifest') continue;
      if (child.platform !== null && child.digest !== manifest?.here) continue;
      queue.push(`${manifest?.namespace}/${child.digest}`);
    }
  }
  return reached;
}
