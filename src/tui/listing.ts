/** The rows of the current view as they stand on the screen: filtered, sorted, counted. */
import type { HostSnapshot } from '../host/snapshot.ts';
import { type Filter, parseFilter } from './filter.ts';
import { isProblem } from './marks.ts';
import { listState, type State } from './model.ts';
import { type Sort, sorted } from './order.ts';
import { type Table, tableOf } from './table.ts';
import { type Unknowns, unknownsOf } from './unknowns.ts';
import { type View, viewNamed } from './views.ts';

export type Listing =
  | { readonly state: 'waiting'; readonly view: View }
  /** Making the list failed: a fault of ours in this view, that others shall not suffer from. */
  | { readonly state: 'broken'; readonly view: View; readonly why: string }
  | Listed;

export interface Listed {
  readonly state: 'listed';
  readonly view: View;
  readonly host: HostSnapshot;
  readonly table: Table;
  /** Rows of the table in the order of the screen. */
  readonly order: readonly number[];
  /** Rows in the chosen namespace, before the filter. */
  readonly total: number;
  readonly filter: Filter;
  readonly unknowns: Unknowns;
  /** Rows in the chosen namespace that somebody should look at. */
  readonly problems: number;
}

/** The listing of the view that is shown; the same object as long as nothing it depends on has changed. */
export const listingOf = (state: State): Listing => {
  const view = viewNamed(state.view);
  if (state.shown === null) return { state: 'waiting', view };
  const { filter, sort } = listState(state);
  const wish: Wish = { filter, sort, namespace: state.namespace, problemsOnly: state.problemsOnly };
  if (memory?.host !== state.shown.host) memory = { host: state.shown.host, byView: new Map() };
  const known = memory.byView.get(state.view);
  if (known !== undefined && sameWish(known.wish, wish)) return known.listing;
  const made = make(view, state.shown.host, wish, known?.basis);
  memory.byView.set(state.view, { wish, ...made });
  return made.listing;
};

/** The selected row of the table; undefined when there is none. */
export const selectedRow = (state: State, listing: Listing): number | undefined =>
  listing.state === 'listed' ? listing.order[listState(state).index] : undefined;

interface Wish {
  readonly filter: string;
  readonly sort: Sort | null;
  readonly namespace: string | null;
  readonly problemsOnly: boolean;
}

interface Basis {
  readonly table: Table;
  readonly unknowns: Unknowns;
}

interface Remembered {
  readonly wish: Wish;
  readonly listing: Listing;
  readonly basis: Basis | undefined;
}

// Of the snapshot that is shown and of no other: many are kept to step back through.
let memory: { readonly host: HostSnapshot; readonly byView: Map<string, Remembered> } | undefined;

function make(
  view: View,
  host: HostSnapshot,
  wish: Wish,
  known: Basis | undefined,
): { readonly listing: Listing; readonly basis: Basis | undefined } {
  try {
    const basis = known ?? basisOf(view, host);
    return { basis, listing: list(view, host, basis, wish) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { basis: known, listing: { state: 'broken', view, why } };
  }
}

function basisOf(view: View, host: HostSnapshot): Basis {
  const table = tableOf(view.kind, view.lead, host);
  return { table, unknowns: unknownsOf(host, view.kind, table) };
}

function list(view: View, host: HostSnapshot, { table, unknowns }: Basis, wish: Wish): Listed {
  const filter = parseFilter(wish.filter, table);
  const isMatch = filter.state === 'ok' ? filter.test : () => true;
  const inNamespace = namespaceTest(table, wish.namespace);
  const rows: number[] = [];
  let total = 0;
  let problems = 0;
  for (let row = 0; row < table.count; row += 1) {
    if (!inNamespace(row)) continue;
    total += 1;
    const problem = isProblem(table.tone(row));
    if (problem) problems += 1;
    if ((problem || !wish.problemsOnly) && isMatch(row)) rows.push(row);
  }
  const order = sorted(rows, table, wish.sort);
  return { state: 'listed', view, host, table, order, total, filter, unknowns, problems };
}

// Rows of a kind that lives in no namespace are in all of them.
function namespaceTest(table: Table, namespace: string | null): (row: number) => boolean {
  const column = table.columns.findIndex((c) => c.id === 'namespace');
  return namespace === null || column < 0 ? () => true : (row) => table.text(row, column) === namespace;
}

function sameWish(a: Wish, b: Wish): boolean {
  return (
    a.filter === b.filter &&
    a.namespace === b.namespace &&
    a.problemsOnly === b.problemsOnly &&
    a.sort?.column === b.sort?.column &&
    a.sort?.reverse === b.sort?.reverse
  );
}
