/** Listings to look things up in, where what is not found is told from what could not be read. */
import {
  type Absent,
  absent,
  type Gap,
  isUnknown,
  type Observed,
  seen,
  type Unknown,
  unknown,
} from '../observed.ts';
import { facet, type HostSnapshot, type ItemOf, type ListingFacet } from '../snapshot.ts';

export interface Book<T> {
  /** All that was read. */
  readonly items: readonly T[];
  /** Absent: everything was read, and nothing has this key. */
  look(key: string): Observed<T>;
  /** Everything with the key; to be believed empty only where {@link look} says absent. */
  all(key: string): readonly T[];
  /** Why a field of the item with this key is not what it was read as; undefined for one that was read. */
  unreadField(key: string, field: string): Unknown | undefined;
  /** Why something may be missing; undefined when it was read whole. */
  readonly lacks: Unknown | undefined;
}

export interface BookOptions<T> {
  /** Several where an item is found under several. */
  readonly keys: (item: T) => readonly string[];
  /** What gaps call an item of this listing; a gap about another object may hide any item. */
  readonly kinds: readonly string[];
  /** Whether the keys themselves are fields that may not have been read. */
  readonly keysMayBeUnread?: true;
  /** Only items for which this holds. */
  readonly only?: (item: T) => boolean;
  /** The one namespace of containerd that is looked at; outside the scope of the snapshot nothing of it is known. */
  readonly namespace?: string;
  /** Why the listing is not to be believed, whatever it says. */
  readonly silent?: Unknown | undefined;
}

/** The book of a listing facet. */
export const bookOf = <K extends ListingFacet>(
  host: HostSnapshot,
  name: K,
  { keys, kinds, only = () => true, namespace, silent, keysMayBeUnread }: BookOptions<ItemOf<K>>,
): Book<ItemOf<K>> => {
  const listed: Observed<{ readonly items: readonly unknown[]; readonly gaps: readonly Gap[] }> = facet(
    host,
    name,
  );
  const outside = silent ?? outsideScope(host, name, namespace);
  if (outside !== undefined) return emptyBook(outside);
  if (isUnknown(listed)) return emptyBook(listed);
  if (listed.state === 'absent') return emptyBook(listed);
  const { from, at, value } = listed;
  const items = (value.items as readonly ItemOf<K>[]).filter(only);
  const byKey = new Map<string, ItemOf<K>[]>();
  for (const item of items) {
    for (const key of keys(item)) {
      const same = byKey.get(key);
      if (same === undefined) byKey.set(key, [item]);
      else same.push(item);
    }
  }
  const gaps = value.gaps.filter((gap) => hidesItems(gap, namespace, keysMayBeUnread === true));
  const partial = value.gaps.filter(({ fields }) => fields !== undefined);
  const general = gaps.find(({ object }) => object?.id === undefined || !isOf(kinds, object.kind));
  const single = new Map(gaps.map((gap) => [gap.object?.id ?? '', gap]));
  return {
    items,
    lacks: gaps[0],
    all: (key) => byKey.get(key) ?? [],
    unreadField: (key, field) =>
      partial.find(({ object, fields }) => fields?.includes(field) && idsOf(key).includes(object?.id ?? '')),
    look: (key) => {
      const found = byKey.get(key)?.[0];
      if (found !== undefined) return seen(found, from, at);
      const hidden = general ?? idsOf(key).flatMap((id) => single.get(id) ?? [])[0];
      return hidden === undefined ? absent(from, at) : { ...hidden };
    },
  };
};

function outsideScope(host: HostSnapshot, name: string, namespace: string | undefined): Unknown | undefined {
  const { namespaces } = host.scope;
  if (namespace === undefined || namespaces === undefined || namespaces.includes(namespace)) return undefined;
  return unknown('notCollected', name, `namespace ${namespace} was not asked for`, host.at, 0);
}

function emptyBook<T>(fact: Unknown | Absent): Book<T> {
  return {
    items: [],
    lacks: fact.state === 'absent' ? undefined : fact,
    all: () => [],
    look: () => fact,
    unreadField: () => undefined,
  };
}

// Keys of what is kept by a driver begin with it; a gap names the object alone.
const idsOf = (key: string): readonly string[] => [key, key.slice(key.indexOf('/') + 1)];

// Fields that are missing of an object do not hide the object.
function hidesItems({ object, fields }: Gap, namespace: string | undefined, fieldsToo: boolean): boolean {
  if (fields !== undefined && !fieldsToo) return false;
  return namespace === undefined || object?.namespace === undefined || object.namespace === namespace;
}

function isOf(kinds: readonly string[], kind: string | undefined): boolean {
  return kind !== undefined && kinds.includes(kind);
}
