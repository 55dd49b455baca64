/**
 * Every facet as it stands in a bundle. The compiler keeps this table whole: a facet that joins the model needs its line
 * here, and so does each new field of an item.
 */
import type { FacetName } from '../host/snapshot.ts';
import { CONTAINERD_FORMS } from './containerd-forms.ts';
import { DOCKER_DISK_FORMS } from './docker-disk-forms.ts';
import { DOCKER_FORMS } from './docker-forms.ts';
import type { FormsOf, ListingForm, ValueForm } from './form.ts';
import { HOST_FORMS } from './host-forms.ts';
import { STORAGE_FORMS } from './storage-forms.ts';

const FORMS: FormsOf<FacetName> = {
  ...HOST_FORMS,
  ...CONTAINERD_FORMS,
  ...STORAGE_FORMS,
  ...DOCKER_FORMS,
  ...DOCKER_DISK_FORMS,
};

/** Any facet's item, known by its shape alone. */
export type AnyItem = Readonly<Record<string, unknown>>;

/** What a facet's form is, whatever its type. */
export const formOf = (name: FacetName): ValueForm<unknown> | ListingForm<AnyItem> =>
  FORMS[name] as ValueForm<unknown> | ListingForm<AnyItem>;

/** Whether its items are read for single containers only. */
export const isPerContainer = (name: FacetName): boolean => {
  const form = formOf(name);
  return 'item' in form && form.perContainer === true;
};

/** Every facet of the model, those of single containers last. */
export const ALL_FACETS: readonly FacetName[] = (Object.keys(FORMS) as FacetName[]).toSorted(
  (a, b) => Number(isPerContainer(a)) - Number(isPerContainer(b)),
);
