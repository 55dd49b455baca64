/** The rows of the current view as they stand on the screen: filtered, sorted, counted. */
import type { HostSnapshot } from '../host/snapshot.ts';
import type { Captured } from './captured.ts';
import { type Filter, parseFilter, type RowTest } from './filter.ts';
import { isProblem } from './marks.ts';
import { listState, type State } from './model.ts';
import { type Sort, sorted } from './order.ts';
import { type Outline, outlineOf } from './outline.ts';
import type { Table } from './table.ts';
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
  /** How they stand below one another, where they do. */
  readonly outline: Outline | null;
  /** Rows in the chosen namespace, before the filter; only those that the heading counts. */
  readonly total: number;
  /** Those of them that the filter leaves. */
  readonly hits: number;
  readonly filter: Filter;
  readonly unknowns: Unknowns;
  /** Rows in the chosen namespace that somebody should look at. */
  readonly problems: number;
}

/** The listing of the view that is shown; the same object as long as nothing it depends on has changed. */
export const listingOf = (state: State): Listing => {
  const view = viewNamed(state.view);
  const shown = pictureFor(state, view);
  if (shown === null) return { state: 'waiting', view };
  const { filter, sort, folds } = listState(state);
  const wish: Wish = { filter, sort, folds, namespace: state.namespace, problemsOnly: state.problemsOnly };
  if (memory?.shown !== shown) memory = { shown, byView: new Map() };
  const known = memory.byView.get(state.view);
  if (known !== undefined && sameWish(known.wish, wish)) return known.listing;
  const made = make(view, shown, wish, known?.basis);
  memory.byView.set(state.view, { wish, ...made });
  return made.listing;
};

/** The selected row of the table; undefined when there is none. */
export const selectedRow = (state: State, listing: Listing): number | undefined =>
  listing.state === 'listed' ? listing.order[listState(state).index] : undefined;

// A comparison is a picture of its own, and as long as none has been made there is nothing to list.
function pictureFor({ shown, comparison }: State, view: View): Captured | null {
  if (!view.compares || shown === null) return shown;
  return comparison?.state === 'here' ? comparison.captured : null;
}

interface Wish {
  readonly filter: string;
  readonly sort: Sort | null;
  readonly folds: ReadonlyMap<string, boolean>;
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

// Of the picture that is shown and of no other: many are kept to step back through.
let memory: { readonly shown: Captured; readonly byView: Map<string, Remembered> } | undefined;

function make(
  view: View,
  shown: Captured,
  wish: Wish,
  known: Basis | undefined,
): { readonly listing: Listing; readonly basis: Basis | undefined } {
  try {
    const basis = known ?? basisOf(view, shown);
    return { basis, listing: list(view, shown.host, basis, wish) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { basis: known, listing: { state: 'broken', view, why } };
  }
}

function basisOf(view: View, shown: Captured): Basis {
  const table = view.table(shown);
  return { table, unknowns: unknownsOf(shown.host, view.kind, table) };
}

function list(view: View, host: HostSnapshot, { table, unknowns }: Basis, wish: Wish): Listed {
  const filter = parseFilter(wish.filter, table);
  const isIn = namespaceTest(table, wish.namespace);
  const isHit = hitTest(table, filter, wish.problemsOnly);
  let total = 0;
  let problems = 0;
  for (let row = 0; row < table.count; row += 1) {
    if (!isIn(row)) continue;
    if (table.isOwn(row)) total += 1;
    if (isProblem(table.tone(row))) problems += 1;
  }
  const rows = rowsOf(table, wish, isIn, isHit);
  return { state: 'listed', view, host, table, ...rows, total, filter, unknowns, problems };
}

function rowsOf(
  table: Table,
  { folds, sort }: Wish,
  isIn: RowTest,
  isHit: RowTest | undefined,
): Pick<Listed, 'order' | 'outline' | 'hits'> {
  if (table.tree !== undefined) {
    const outline = outlineOf(table, table.tree, { isIn, isHit, folds, sort });
    return { order: outline.order, outline, hits: outline.hits };
  }
  const rows: number[] = [];
  for (let row = 0; row < table.count; row += 1) {
    if (isIn(row) && (isHit === undefined || isHit(row))) rows.push(row);
  }
  return { order: sorted(rows, table, sort), outline: null, hits: rows.filter(table.isOwn).length };
}

// Undefined while everything is wanted.
function hitTest(table: Table, filter: Filter, problemsOnly: boolean): RowTest | undefined {
  const isMatch = filter.state === 'ok' ? filter.test : undefined;
  if (isMatch === undefined && !problemsOnly) return undefined;
  return (row) =>
    table.isNotice(row) || ((!problemsOnly || isProblem(table.tone(row))) && (isMatch?.(row) ?? true));
}

// Rows of a kind that lives in no namespace are in all of them.
function namespaceTest(table: Table, namespace: string | null): (row: number) => boolean {
  const column = table.columns.findIndex((c) => c.id === 'namespace');
  if (namespace === null || column < 0) return () => true;
  return (row) => table.isNotice(row) || table.text(row, column) === namespace;
}

function sameWish(a: Wish, b: Wish): boolean {
  return (
    a.filter === b.filter &&
    a.folds === b.folds &&
    a.namespace === b.namespace &&
    a.problemsOnly === b.problemsOnly &&
    a.sort?.column === b.sort?.column &&
    a.sort?.reverse === b.sort?.reverse
  );
}
