/** Opening and closing the branches of a tree: what a key changes of the list. Pure. */
import type { Listed } from './listing.ts';
import type { ListState } from './model.ts';

/** Space: the other way round. */
export const toggled = (list: ListState, listing: Listed): Partial<ListState> => {
  const row = listing.order[list.index];
  if (row === undefined || listing.table.tree?.isBranch(row) !== true) return {};
  return withFold(list, listing, row, !isOpen(list, listing, row));
};

/** Right: opens; what is open is gone into. */
export const opened = (list: ListState, listing: Listed): Partial<ListState> => {
  const row = listing.order[list.index];
  if (row === undefined || listing.table.tree?.isBranch(row) !== true) return {};
  return isOpen(list, listing, row) ? selected(listing, list.index + 1) : withFold(list, listing, row, true);
};

/** Left: closes; from what is closed, or has nothing below it, to the row above. */
export const closed = (list: ListState, listing: Listed): Partial<ListState> => {
  const row = listing.order[list.index];
  const tree = listing.table.tree;
  if (row === undefined || tree === undefined) return {};
  if (tree.isBranch(row) && isOpen(list, listing, row)) return withFold(list, listing, row, false);
  const above = tree.parent(row);
  return above === undefined ? {} : selected(listing, listing.order.indexOf(above));
};

// What a filter holds open is not open by hand: there, opening it means to see all of it.
function isOpen(list: ListState, { table, outline, filter }: Listed, row: number): boolean {
  const byHand = list.folds.get(table.key(row));
  return filter.state === 'ok' ? byHand === true : outline?.opened.has(row) === true;
}

function withFold(list: ListState, { table }: Listed, row: number, isOpened: boolean): Partial<ListState> {
  return { folds: new Map(list.folds).set(table.key(row), isOpened) };
}

function selected({ table, order }: Listed, index: number): Partial<ListState> {
  const row = order[index];
  return row === undefined ? {} : { index, selected: table.key(row) };
}
