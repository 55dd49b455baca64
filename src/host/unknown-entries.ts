/** The `unknown` array of the JSON contract: everything that a view wanted and does not know. */

import { dockersList } from './docker-join.ts';
import type { AnyKind } from './kinds/index.ts';
import { type Gap, isUnknown, type Observed } from './observed.ts';
import { type FacetName, facet, type HostSnapshot } from './snapshot.ts';

export interface UnknownEntry {
  /** The RPC, file or command that did not answer. */
  readonly source: string;
  readonly state: string;
  readonly reason: string;
  readonly object: { readonly kind?: string; readonly namespace?: string; readonly id?: string } | null;
  /** The keys that are missing because of it; null when it is the whole object or listing. */
  readonly fields: readonly string[] | null;
}

/** Entries of the facets themselves and of the gaps in their listings. */
export const unknownFacets = (host: HostSnapshot, names: readonly FacetName[]): UnknownEntry[] =>
  names.flatMap((name) => {
    const observed: Observed<unknown> = name === 'docker.containers' ? dockersList(host) : facet(host, name);
    if (isUnknown(observed)) return observed.state === 'notCollected' ? [] : [entry(observed)];
    return observed.state === 'seen' ? gapsOf(observed.value).map(entry) : [];
  });

/** Entries for one kind: its facets, and what its rows do not know. One cause may be that of several facets. */
export const unknownOfKind = (host: HostSnapshot, kind: AnyKind): UnknownEntry[] =>
  distinct([
    ...unknownFacets(
      host,
      kind.wants.filter((name) => !kind.reportedByRows?.includes(name)),
    ),
    // A disk is asked for its images as a whole: what a graphdriver of Docker's has lost of theirs belongs to the answer.
    ...(host.from === 'disk' && kind.facet === 'containerd.images'
      ? unknownFacets(host, ['docker.references'])
      : []),
    ...kind.use((k) => k.rows(host).flatMap((row) => (k.gaps?.(row) ?? []).map(entry))),
  ]);

/** Gaps as entries. */
export const entriesOf = (gaps: readonly Gap[]): UnknownEntry[] => gaps.map(entry);

/** Entries without repetition: several kinds may want the same facet. */
export const distinct = (entries: readonly UnknownEntry[]): UnknownEntry[] => [
  ...new Map(entries.map((e) => [JSON.stringify(e), e])).values(),
];

function entry(gap: Gap): UnknownEntry {
  return {
    source: gap.from,
    state: gap.state,
    reason: gap.why,
    object: gap.object ?? null,
    fields: gap.fields ?? null,
  };
}

function gapsOf(value: unknown): readonly Gap[] {
  return typeof value === 'object' && value !== null && 'gaps' in value && Array.isArray(value.gaps)
    ? (value.gaps as readonly Gap[])
    : [];
}
