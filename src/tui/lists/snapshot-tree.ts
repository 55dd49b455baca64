/** Snapshots by parent, as their layers lie on one another. */
import type { Snapshot } from '../../host/containerd.ts';
import type { Column } from '../../host/kinds/kind.ts';
import { snapshots } from '../../host/kinds/snapshots.ts';
import { isKnown } from '../../host/observed.ts';
import { facet, type HostSnapshot } from '../../host/snapshot.ts';
import type { Captured } from '../captured.ts';
import type { Sheet } from '../table.ts';

/** Why a snapshot that has a parent stands below none. */
type Stray = 'orphan' | 'unread' | 'circle';

interface Forest {
  readonly rows: readonly Snapshot[];
  readonly roots: readonly Snapshot[];
  readonly parents: ReadonlyMap<Snapshot, Snapshot>;
  readonly children: ReadonlyMap<Snapshot, readonly Snapshot[]>;
  readonly strays: ReadonlyMap<Snapshot, Stray>;
  /** How many there are above each: those that would lose their ground with it. */
  readonly above: ReadonlyMap<Snapshot, number>;
  /** Those that an active snapshot or a view stands on. */
  readonly inUse: ReadonlySet<Snapshot>;
}

export const snapshotSheet = ({ host }: Captured): Sheet<Snapshot> => {
  const { rows, roots, parents, children, strays, above, inUse } = forestOf(host);
  const load = (s: Snapshot): number => above.get(s) ?? 0;
  const note = (s: Snapshot): string => NOTES[strays.get(s) ?? 'none'];
  const own: readonly Column<Snapshot>[] = [
    {
      id: 'above',
      title: 'ABOVE',
      align: 'right',
      priority: 3,
      text: (s) => (load(s) === 0 ? '-' : String(load(s))),
      sortKey: load,
    },
    { id: 'note', title: 'NOTE', priority: 1, text: note },
  ];
  return {
    ...snapshots,
    rows,
    // The guides say which parent it has, and what stands at the top says why.
    columns: [...snapshots.columns.filter(({ id }) => id !== 'parent'), ...own],
    item: (s) => ({ ...snapshots.item(s), above: load(s), ...(note(s) === '' ? {} : { note: note(s) }) }),
    tone: (s) => TONES[strays.get(s) ?? 'none'],
    branches: {
      roots,
      parent: (s) => parents.get(s),
      isBranch: (s) => children.has(s),
      children: (s) => children.get(s) ?? [],
      // Layers that nothing stands on are one line for each image; what is in use is seen down to what uses it.
      isOpenAtFirst: (s) => inUse.has(s),
    },
  };
};

const NOTES: Readonly<Record<Stray | 'none', string>> = {
  orphan: 'its parent is not here',
  unread: 'its parent was not read',
  circle: 'its parents lead back to it',
  none: '',
};

const TONES = { orphan: 'warn', unread: 'unknown', circle: 'warn', none: 'plain' } as const;

// A feed's pictures share the listing while it does not change, and then this, too.
const forests = new WeakMap<object, Forest>();

function forestOf(host: HostSnapshot): Forest {
  const listing = facet(host, 'containerd.snapshots');
  const known = forests.get(listing);
  if (known !== undefined) return known;
  const made = grown(snapshots.rows(host), unreadTest(host));
  forests.set(listing, made);
  return made;
}

function grown(rows: readonly Snapshot[], isUnread: (namespace: string) => boolean): Forest {
  const byKey = new Map<string, Snapshot>();
  // Names that are given twice are the first one's.
  for (const s of rows.toReversed()) byKey.set(snapshots.key(s), s);
  const parents = new Map<Snapshot, Snapshot>();
  const strays = new Map<Snapshot, Stray>();
  for (const s of rows) {
    if (s.parent === null) continue;
    const parent = byKey.get(snapshots.key({ ...s, key: s.parent }));
    if (parent === undefined) strays.set(s, isUnread(s.namespace) ? 'unread' : 'orphan');
    else parents.set(s, parent);
  }
  for (const s of circles(rows, parents)) {
    parents.delete(s);
    strays.set(s, 'circle');
  }
  const children = new Map<Snapshot, Snapshot[]>();
  for (const s of rows) {
    const parent = parents.get(s);
    if (parent === undefined) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [s]);
    else siblings.push(s);
  }
  const roots = rows.filter((s) => !parents.has(s));
  return {
    rows,
    roots,
    parents,
    children,
    strays,
    above: countAbove(roots, children),
    inUse: groundOf(rows, parents),
  };
}

// Of each circle the member that is met first: cut there, it hangs together and ends.
function circles(rows: readonly Snapshot[], parents: ReadonlyMap<Snapshot, Snapshot>): readonly Snapshot[] {
  const cuts: Snapshot[] = [];
  const walkOf = new Map<Snapshot, Snapshot>();
  for (const start of rows) {
    let at: Snapshot | undefined = start;
    while (at !== undefined && !walkOf.has(at)) {
      walkOf.set(at, start);
      at = parents.get(at);
    }
    // Met again on the way that leads through it, and not where an earlier way had been.
    if (at !== undefined && walkOf.get(at) === start) cuts.push(at);
  }
  return cuts;
}

// From the top of each chain down, so that every count is complete when it is added to the one below.
function countAbove(
  roots: readonly Snapshot[],
  children: ReadonlyMap<Snapshot, readonly Snapshot[]>,
): ReadonlyMap<Snapshot, number> {
  const downwards: Snapshot[] = [...roots];
  for (let i = 0; i < downwards.length; i += 1) {
    const s = downwards[i];
    if (s !== undefined) for (const child of children.get(s) ?? []) downwards.push(child);
  }
  const above = new Map<Snapshot, number>();
  for (const s of downwards.toReversed()) {
    const below = children.get(s);
    if (below !== undefined)
      above.set(
        s,
        below.reduce((sum, child) => sum + 1 + (above.get(child) ?? 0), 0),
      );
  }
  return above;
}

function groundOf(
  rows: readonly Snapshot[],
  parents: ReadonlyMap<Snapshot, Snapshot>,
): ReadonlySet<Snapshot> {
  const ground = new Set<Snapshot>();
  for (const s of rows) {
    if (s.kind !== 'Active' && s.kind !== 'View') continue;
    for (let at = parents.get(s); at !== undefined && !ground.has(at); at = parents.get(at)) ground.add(at);
  }
  return ground;
}

// Whether a namespace's snapshots are all there; of one that is, a parent that is missing is missing.
function unreadTest(host: HostSnapshot): (namespace: string) => boolean {
  const listing = facet(host, 'containerd.snapshots');
  if (listing.state !== 'seen') return () => !isKnown(listing);
  const unread = new Set(listing.value.gaps.map(({ object }) => object?.namespace));
  return (namespace) => unread.has(namespace) || unread.has(undefined);
}
