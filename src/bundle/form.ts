/** How one facet stands in a bundle: the shape of its value or items, what narrows it, whether it is always taken. */
import type { Listing } from '../host/observed.ts';
import type { FacetName, Facets } from '../host/snapshot.ts';
import type { Shape } from './shape.ts';

/** A facet of one value. */
export interface ValueForm<T> {
  readonly value: Shape<T>;
  /** Too costly for the host to be read without being asked for: a bundle does without it. */
  readonly onDemand?: true;
}

/** A facet of many items. */
export interface ListingForm<T> {
  readonly item: Shape<T>;
  /** Whether the item is in a containerd namespace, where `--namespace` narrows the facet. */
  readonly isIn?: (item: T, namespace: string) => boolean;
  /** Its items are read for the containers of the scope only, never for all at once. */
  readonly perContainer?: true;
}

/** The form that goes with a facet's type. */
export type FormOf<K extends FacetName> =
  Facets[K] extends Listing<infer T> ? ListingForm<T> : ValueForm<Facets[K]>;

/** Forms of some of the facets. */
export type FormsOf<K extends FacetName> = { readonly [Name in K]: FormOf<Name> };
