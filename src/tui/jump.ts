/** From an object to those that it belongs to, or that use it. */
import { snapshotParts } from '../host/graph/graph.ts';
import { canonicalName } from '../host/image-name.ts';
import { items } from '../host/kinds/listing.ts';
import type { ReconcileRow } from '../host/reconcile/row.ts';
import { ownersOf, type Related, type Thing, type ThingKind, thingKey, usersOf } from '../host/relations.ts';
import { facet } from '../host/snapshot.ts';
import { shellWord } from '../text/shell.ts';
import { count } from '../text/units.ts';
import { cellText, screenText } from './foreign.ts';
import { listingOf, selectedRow } from './listing.ts';
import { flashed, listState, type MenuEntry, NEW_LIST, type State } from './model.ts';
import { VIEWS } from './views.ts';

export type Direction = 'owner' | 'users';

/** Goes along a relation of the selected row: there at once, by a menu where there are several, or says why not. */
export const follow = (state: State, direction: Direction): State => {
  const listing = listingOf(state);
  const row = selectedRow(state, listing);
  if (listing.state !== 'listed' || row === undefined) return state;
  const compared = listing.table.compared(row);
  const thing =
    compared === undefined
      ? thingOf(listing.view.kind.name, listing.table.item(row))
      : comparedThing(state, compared);
  if (thing === undefined) return flashed(state, 'what this belongs to is in none of the views', 'warn');
  if (compared !== undefined && isOnlyDockers(state, compared))
    return flashed(state, onlyDockers(compared), 'warn');
  // Of a comparison, the object itself is the nearest.
  return followFrom(state, direction, thing, compared?.name);
};

/** Whether a comparison is of a container that containerd is known to have no record of: the views are of what it has. */
export const isOnlyDockers = ({ shown }: State, { kind, namespace, id, docker }: ReconcileRow): boolean => {
  if (shown === null || kind !== 'container' || docker?.has !== true) return false;
  const listed = facet(shown.host, 'containerd.containers');
  return (
    listed.state === 'seen' &&
    listed.value.gaps.length === 0 &&
    !listed.value.items.some((c) => c.namespace === namespace && c.id === id)
  );
};

/** Why no view leads on from such a container, and what does. */
export const onlyDockers = ({ name }: ReconcileRow): string =>
  `only Docker has ${cellText(name)}, containerd has no record of it: ctrscope inspect ${cellText(shellWord(name))}`;

/** The comparison that the selected row is, where it is one. */
export const selectedComparison = (state: State): ReconcileRow | undefined => {
  const listing = listingOf(state);
  const row = selectedRow(state, listing);
  return listing.state !== 'listed' || row === undefined ? undefined : listing.table.compared(row);
};

/** The container that a comparison is of. */
export const containerOf = (state: State, compared: ReconcileRow): Thing | undefined => {
  const thing = comparedThing(state, compared);
  return thing?.kind === 'containers' ? thing : undefined;
};

// Of what only Docker's files have, no view lists anything.
function comparedThing({ shown }: State, { kind, namespace, id, name }: ReconcileRow): Thing | undefined {
  if (shown === null || namespace === null) return undefined;
  const { host } = shown;
  switch (kind) {
    case 'container':
    case 'task':
      return { kind: 'containers', namespace, id };
    case 'lease':
      return { kind: 'leases', namespace, id };
    case 'snapshot': {
      const { snapshotter, key } = snapshotParts(id);
      return { kind: 'snapshots', namespace, id: key, snapshotter };
    }
    case 'image':
    case 'reference': {
      const names = [id, canonicalName(name)];
      const found = items(host, 'containerd.images').find(
        (i) => i.namespace === namespace && (names.includes(i.name) || i.target.digest === id),
      );
      return found && { kind: 'images', namespace, id: found.name };
    }
    case 'layer':
    case 'mount':
    case 'directory':
      return undefined;
  }
}

/** The same from any object of the shown picture; `itself` is how the object is offered, too. */
export const followFrom = (state: State, direction: Direction, thing: Thing, itself?: string): State => {
  if (state.shown === null) return state;
  const { host } = state.shown;
  const related = direction === 'owner' ? ownersOf(host, thing) : usersOf(host, thing);
  const own = itself === undefined ? [] : [{ thing, name: itself, how: 'itself' }];
  const found = { ...related, things: [...own, ...related.things] };
  const [only, ...more] = found.things;
  if (only === undefined) return flashed(state, whyNone(direction, found), 'warn');
  if (more.length === 0 && found.unknown === undefined) return jumpTo(state, only.thing);
  return {
    ...state,
    overlay: { kind: 'menu', title: TITLES[direction], entries: entriesOf(found), index: 0 },
  };
};

/** Shows an object in its view, with whatever hid it there taken away. */
export const jumpTo = (state: State, thing: Thing): State => {
  const view = VIEWS.find(({ kind }) => kind.name === thing.kind);
  if (view === undefined) return flashed(state, `there is no view of ${thing.kind}`, 'warn');
  const selected = thingKey(thing);
  const trail = [...state.trail, { view: state.view, namespace: state.namespace }];
  const list = { ...(state.lists[view.name] ?? NEW_LIST), selected, index: 0, top: 0 };
  const there: State = {
    ...state,
    view: view.name,
    trail,
    focus: 'list',
    detailTop: 0,
    overlay: null,
    lists: { ...state.lists, [view.name]: list },
  };
  const unfiltered: State = { ...there, lists: { ...there.lists, [view.name]: { ...list, filter: '' } } };
  const tries: readonly State[] = [
    there,
    unfiltered,
    { ...unfiltered, problemsOnly: false },
    { ...unfiltered, problemsOnly: false, namespace: null },
  ];
  const shown = tries.map((candidate) => revealed(candidate, selected)).find((s) => s !== undefined);
  const what = `${view.kind.singular} ${cellText(thing.id)}`;
  return shown ?? flashed(state, `${what} is not in the list of ${view.heading.toLowerCase()}`, 'warn');
};

/** The object of a row, by its view's kind and its item; undefined for a row that is none of its own. */
export const thingOf = (kind: string, item: Readonly<Record<string, unknown>>): Thing | undefined => {
  // What an image's branches hold is content, and among the blobs there are uploads.
  if (kind === 'images' && !('name' in item) && 'digest' in item) return thingOf('content', item);
  if (kind === 'content' && 'ref' in item) return thingOf('ingests', item);
  const field = ID_FIELDS[kind as ThingKind];
  const id = field === undefined ? undefined : item[field];
  const namespace = kind === 'namespaces' ? id : item['namespace'];
  if (typeof id !== 'string' || typeof namespace !== 'string') return undefined;
  const { snapshotter } = item;
  return {
    kind: kind as ThingKind,
    namespace,
    id,
    ...(kind === 'snapshots' && typeof snapshotter === 'string' ? { snapshotter } : {}),
  };
};

const ID_FIELDS: Readonly<Partial<Record<ThingKind, string>>> = {
  containers: 'id',
  images: 'name',
  content: 'digest',
  snapshots: 'name',
  leases: 'id',
  namespaces: 'name',
  sandboxes: 'id',
  ingests: 'ref',
};

const TITLES: Readonly<Record<Direction, string>> = { owner: 'Comes from, belongs to', users: 'Used by' };
// More than anybody reads in a menu.
const MOST_ENTRIES = 200;

// That nothing was found among what was read is another thing than that it is not known.
function whyNone(direction: Direction, { unknown }: Related): string {
  const what = direction === 'owner' ? 'what it belongs to' : 'what uses it';
  if (unknown !== undefined) return `not known ${what}: ${unknown.source}: ${unknown.why}`;
  return direction === 'owner' ? 'it belongs to nothing that was read' : 'nothing in what was read uses it';
}

function entriesOf({ things, unknown }: Related): readonly MenuEntry[] {
  const entries = things.slice(0, MOST_ENTRIES).map(
    ({ thing, name, how }): MenuEntry => ({
      label: cellText(name ?? thing.id),
      words: `${viewWord(thing.kind)} · ${how}`,
      jump: thing,
    }),
  );
  const rest = things.length - entries.length;
  return [
    ...entries,
    ...(rest > 0 ? [{ label: `… and ${count(rest, 'other')}`, words: '', command: '' }] : []),
    ...(unknown === undefined
      ? []
      : [
          {
            label: '? there may be more',
            words: screenText(`${unknown.source}: ${unknown.why}`),
            command: '',
          },
        ]),
  ];
}

function viewWord(kind: ThingKind): string {
  return VIEWS.find((view) => view.kind.name === kind)?.kind.singular ?? kind;
}

// The state in which a row can be seen, the branches above it opened; undefined when it is not in the list.
function revealed(state: State, key: string): State | undefined {
  const listing = listingOf(state);
  if (listing.state !== 'listed') return undefined;
  const { table, order } = listing;
  const isKey = (row: number): boolean => table.key(row) === key;
  if (order.some(isKey)) return state;
  const hidden =
    table.tree === undefined ? -1 : Array.from({ length: table.count }, (_, row) => row).findIndex(isKey);
  if (hidden < 0) return undefined;
  const folds = new Map(listState(state).folds);
  for (let row = table.tree?.parent(hidden); row !== undefined; row = table.tree?.parent(row)) {
    folds.set(table.key(row), true);
  }
  const list = { ...listState(state), folds };
  const opened: State = { ...state, lists: { ...state.lists, [state.view]: list } };
  const there = listingOf(opened);
  return there.state === 'listed' && there.order.some((row) => there.table.key(row) === key)
    ? opened
    : undefined;
}
