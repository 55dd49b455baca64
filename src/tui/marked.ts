/** Rows that the user has marked: what is copied and exported is then they. */
import type { Listed, Listing } from './listing.ts';
import { listState, type State } from './model.ts';
import { sorted } from './order.ts';

/** The marked rows that are still there, in the order of the view, whether a filter hides them or not. */
export const markedRows = (state: State, listing: Listing): readonly number[] => {
  const { marked, sort } = listState(state);
  if (listing.state !== 'listed' || marked.size === 0) return [];
  const known = memory.get(marked);
  if (known?.listing === listing) return known.rows;
  const { table } = listing;
  const found: number[] = [];
  for (let row = 0; row < table.count; row += 1) if (marked.has(table.key(row))) found.push(row);
  const rows = sorted(found, table, sort);
  memory.set(marked, { listing, rows });
  return rows;
};

const memory = new WeakMap<
  ReadonlySet<string>,
  { readonly listing: Listed; readonly rows: readonly number[] }
>();

/** The marks with one more or one less. */
export const toggledMark = (marked: ReadonlySet<string>, key: string): ReadonlySet<string> => {
  const next = new Set(marked);
  if (!next.delete(key)) next.add(key);
  return next;
};
