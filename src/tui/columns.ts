/** Which columns fit into a width, and how wide each of them is. */
import { width } from '../text/width.ts';
import type { TableColumn } from './table.ts';

export interface PlacedColumn {
  /** Position in the table. */
  readonly index: number;
  /** First cell, counted from the first column's. */
  readonly x: number;
  readonly cells: number;
}

export const COLUMN_GAP = 2;
// What is left of a name or a label that is cut; less would tell nothing.
const LEAST = { middle: 14, end: 8 } as const;
// What a text needs to be read without effort; a column of little importance goes before another has less.
const COMFORT = 32;
const LITTLE_IMPORTANCE = 4;

/**
 * Places columns into `cells`. Those with the highest priority number go first where there is too little room; the
 * leading ones stay whatever happens. Only texts that may be cut give way; a number has all its digits or is not shown.
 * @param natural cells that each column's widest text takes, its title not counted; a column of 0 is not shown.
 */
export const placeColumns = (
  columns: readonly TableColumn[],
  natural: readonly number[],
  cells: number,
): readonly PlacedColumn[] => {
  // A sign for the sort order may follow a title, so there is always room for one.
  const full = columns.map((c, i) => Math.max(natural[i] ?? 0, width(c.title) + 1));
  const least = columns.map((c, i) => Math.min(full[i] ?? 0, c.cut === undefined ? Infinity : LEAST[c.cut]));
  const comfort = full.map((size, i) => (columns[i]?.cut === undefined ? size : Math.min(size, COMFORT)));
  const comfortable = keep(
    columns,
    columns.flatMap((_, i) => (natural[i] === 0 ? [] : [i])),
    comfort,
    cells,
    (c) => c.cut !== undefined && c.priority >= LITTLE_IMPORTANCE,
  );
  const kept = keep(columns, comfortable, least, cells, () => true);
  const sizes = new Map(kept.map((i) => [i, least[i] ?? 0]));
  let spare = cells - sum(sizes.values()) - COLUMN_GAP * Math.max(0, kept.length - 1);
  if (spare < 0) spare = shrink(columns, kept, sizes, spare);
  grow(kept, sizes, full, spare);
  let x = 0;
  return kept.map((index) => {
    const placed = { index, x, cells: sizes.get(index) ?? 0 };
    x += placed.cells + COLUMN_GAP;
    return placed;
  });
};

// Drops the least important column that may go, the last among equals, until the rest fits.
function keep(
  columns: readonly TableColumn[],
  from: readonly number[],
  sizes: readonly number[],
  cells: number,
  mayGo: (column: TableColumn) => boolean,
): readonly number[] {
  const kept = [...from];
  for (;;) {
    const needed = kept.reduce((total, i) => total + (sizes[i] ?? 0), 0) + COLUMN_GAP * (kept.length - 1);
    const droppable = kept.filter((i) => {
      const column = columns[i];
      return column !== undefined && !column.leads && mayGo(column);
    });
    if (needed <= cells || droppable.length === 0) return kept;
    const worst = Math.max(...droppable.map((i) => columns[i]?.priority ?? 0));
    const victim = droppable.findLast((i) => columns[i]?.priority === worst);
    kept.splice(kept.indexOf(victim ?? -1), 1);
  }
}

// Only leading columns are left: the texts among them are cut further, down to a sign or two.
function shrink(
  columns: readonly TableColumn[],
  kept: readonly number[],
  sizes: Map<number, number>,
  missing: number,
): number {
  let spare = missing;
  for (const i of kept.toReversed()) {
    if (spare >= 0 || columns[i]?.cut === undefined) continue;
    const size = sizes.get(i) ?? 0;
    const smaller = Math.max(3, size + spare);
    sizes.set(i, smaller);
    spare += size - smaller;
  }
  return spare;
}

// Shares the spare cells among the columns that are still cut, the smallest need first, so that none takes all.
function grow(
  kept: readonly number[],
  sizes: Map<number, number>,
  full: readonly number[],
  spare: number,
): void {
  const needs = kept
    .map((i) => ({ i, need: (full[i] ?? 0) - (sizes.get(i) ?? 0) }))
    .filter(({ need }) => need > 0)
    .toSorted((a, b) => a.need - b.need);
  let left = Math.max(0, spare);
  needs.forEach(({ i, need }, done) => {
    const share = Math.min(need, Math.floor(left / (needs.length - done)));
    sizes.set(i, (sizes.get(i) ?? 0) + share);
    left -= share;
  });
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const n of numbers) total += n;
  return total;
}
