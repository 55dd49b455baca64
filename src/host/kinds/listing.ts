/** Reading listings out of a snapshot. */

import type { Listing } from '../observed.ts';
import { seenValue } from '../observed.ts';
import { facet, type HostSnapshot, type ItemOf, type ListingFacet } from '../snapshot.ts';

/** The items of a listing facet; none when it was not read, which {@link unknownEntries} then reports. */
export const items = <K extends ListingFacet>(host: HostSnapshot, name: K): readonly ItemOf<K>[] => {
  const listing = seenValue(facet(host, name)) as Listing<ItemOf<K>> | undefined;
  return listing?.items ?? [];
};
