/** A tree's rows in the order of the screen: which branches stand open, and what a filter leaves of them. */

import type { RowTest } from './filter.ts';
import { type Sort, sorted } from './order.ts';
import type { Table, TableTree } from './table.ts';

export interface Outline {
  readonly order: readonly number[];
  /** How deep the row at each place of `order` stands. */
  readonly depths: readonly number[];
  readonly deepest: number;
  /** Rows that are the last of those shown beside them. */
  readonly lasts: ReadonlySet<number>;
  /** Rows with something of theirs shown below them. */
  readonly opened: ReadonlySet<number>;
  /** Rows that are there only because something below them is what was looked for. */
  readonly context: ReadonlySet<number>;
  /** How many of the list's own rows match, or have a match among what was made below them. */
  readonly hits: number;
}

export interface OutlineWish {
  readonly isIn: RowTest;
  /** What is looked for; undefined while everything is. */
  readonly isHit: RowTest | undefined;
  /** By key, what somebody has opened or closed. */
  readonly folds: ReadonlyMap<string, boolean>;
  readonly sort: Sort | null;
}

/**
 * The outline of a table with a tree. While something is looked for, a branch shows what of it matches, whether it stands open or
 * not, and all of it once it was opened by hand. What is below closed rows and has never been made is not looked into.
 */
export const outlineOf = (table: Table, tree: TableTree, wish: OutlineWish): Outline => {
  const { isIn, isHit, folds, sort } = wish;
  const roots = tree.roots.filter(isIn);
  const byHand = (row: number): boolean | undefined =>
    folds.size === 0 ? undefined : folds.get(table.key(row));
  const isOpen = (row: number): boolean => byHand(row) ?? tree.isOpenAtFirst(row);
  const all = (row: number): Below => ({
    rows: tree.isBranch(row) && isOpen(row) ? tree.children(row) : [],
    whole: true,
  });
  const inOrder = (rows: readonly number[]): readonly number[] =>
    rows.length < 2 ? rows : sorted(rows, table, sort);
  if (isHit === undefined) {
    return { ...walk(roots, true, all, inOrder), context: new Set(), hits: ownRows(table, isIn).length };
  }
  const found = new Set<number>(ownRows(table, (row) => isIn(row) && isHit(row)));
  // Rows that were made when a branch was opened are looked at while they are there to be seen.
  for (const row of walk(roots, true, all, (rows) => rows).order) {
    if (row >= table.count && isHit(row)) found.add(row);
  }
  const above = ancestors(found, tree);
  const matching = (row: number): Below =>
    byHand(row) === true && tree.isBranch(row)
      ? { rows: tree.children(row), whole: true }
      : { rows: above.has(row) ? tree.children(row).filter(isShown) : [], whole: false };
  const isShown = (row: number): boolean => found.has(row) || above.has(row);
  const outline = walk(
    roots.filter(isShown),
    false,
    (row, whole) => (whole && !above.has(row) ? all(row) : matching(row)),
    inOrder,
  );
  const context = new Set([...above].filter((row) => !found.has(row)));
  const own = new Set([...found].map((row) => ownRowOf(row, table, tree)));
  return { ...outline, context, hits: [...own].filter(table.isOwn).length };
};

interface Below {
  readonly rows: readonly number[];
  /** Whether they are shown as they are, and not for what was looked for. */
  readonly whole: boolean;
}

// A chain may be as long as the list: it is walked with a stack of our own.
function walk(
  roots: readonly number[],
  whole: boolean,
  below: (row: number, whole: boolean) => Below,
  inOrder: (rows: readonly number[]) => readonly number[],
): Pick<Outline, 'order' | 'depths' | 'deepest' | 'lasts' | 'opened'> {
  const order: number[] = [];
  const depths: number[] = [];
  const lasts = new Set<number>();
  const opened = new Set<number>();
  let deepest = 0;
  const stack: { readonly row: number; readonly depth: number; readonly whole: boolean }[] = [];
  const push = (rows: readonly number[], depth: number, asWhole: boolean): void => {
    const last = rows.at(-1);
    if (last !== undefined) lasts.add(last);
    for (const row of rows.toReversed()) stack.push({ row, depth, whole: asWhole });
  };
  push(inOrder(roots), 0, whole);
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    order.push(next.row);
    depths.push(next.depth);
    deepest = Math.max(deepest, next.depth);
    const children = below(next.row, next.whole);
    if (children.rows.length === 0) continue;
    opened.add(next.row);
    push(inOrder(children.rows), next.depth + 1, children.whole);
  }
  return { order, depths, deepest, lasts, opened };
}

function ownRows(table: Table, holds: RowTest): readonly number[] {
  const rows: number[] = [];
  for (let row = 0; row < table.count; row += 1) if (holds(row)) rows.push(row);
  return rows;
}

// All rows above any of the found ones; each is climbed over once.
function ancestors(found: ReadonlySet<number>, tree: TableTree): ReadonlySet<number> {
  const above = new Set<number>();
  for (const row of found) {
    for (let up = tree.parent(row); up !== undefined && !above.has(up); up = tree.parent(up)) above.add(up);
  }
  return above;
}

// The row of the list that it was made for; itself when it is one.
function ownRowOf(row: number, table: Table, tree: TableTree): number {
  let at = row;
  for (let up = tree.parent(at); at >= table.count && up !== undefined; up = tree.parent(at)) at = up;
  return at;
}
