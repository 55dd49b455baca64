/** Rows in the order of a column. */
import { compareText } from '../host/kinds/kind.ts';
import type { Table } from './table.ts';

export interface Sort {
  /** The column's id. */
  readonly column: string;
  readonly reverse: boolean;
}

/** The rows sorted; ties keep the order of their keys in either direction, so that equal rows never jump. */
export const sorted = (rows: readonly number[], table: Table, sort: Sort | null): readonly number[] => {
  const column = sort === null ? -1 : table.columns.findIndex((c) => c.id === sort.column);
  if (sort === null || column < 0) return rows;
  const direction = sort.reverse ? -1 : 1;
  return rows
    .map((row) => ({ row, by: table.sortKey(row, column), key: table.key(row) }))
    .toSorted((a, b) => direction * compareAny(a.by, b.by) || compareText(a.key, b.key))
    .map(({ row }) => row);
};

type SortKey = string | number | bigint;

function compareAny(a: SortKey, b: SortKey): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}
