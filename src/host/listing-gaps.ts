/** What a listing leaves open: a gap about one object says nothing of the others, one about more does. */
import { type Gap, isUnknown } from './observed.ts';
import { type FacetName, facet, type HostSnapshot, type ListingFacet } from './snapshot.ts';

/**
 * Why it cannot be said that something is *not* in a listing, undefined where it can: the listing was not read, or a part of
 * it that may hold the object.
 * @param where the namespace or the object; without them, anything anywhere
 */
export const openQuestion = (
  host: HostSnapshot,
  name: ListingFacet,
  where: { readonly namespace?: string; readonly id?: string } = {},
): string | undefined => {
  const fact = facet(host, name);
  if (isUnknown(fact)) return `${name} is not known: ${fact.why}`;
  if (fact.state === 'absent') return undefined;
  const gap = (fact.value.gaps as readonly Gap[]).find((each) => mayHide(each, where));
  return gap && `a part of ${name} is not known: ${gap.why}`;
};

/** The time at which a facet was read. */
export const readAt = (host: HostSnapshot, name: FacetName): string => facet(host, name).at;

// A gap in some fields hides no object; one about an object hides that one.
function mayHide({ object, fields }: Gap, { namespace, id }: { namespace?: string; id?: string }): boolean {
  const apart = (one: string | undefined, other: string | undefined): boolean =>
    one !== undefined && other !== undefined && one !== other;
  return fields === undefined && !apart(object?.namespace, namespace) && !apart(object?.id, id);
}
