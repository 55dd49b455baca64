/** The current view as a document: what `get` prints of it, filtered and sorted as it stands. */
import { isUnknown } from '../host/observed.ts';
import { facet } from '../host/snapshot.ts';
import { distinct, entriesOf } from '../host/unknown-entries.ts';
import type { Export, ExportFormat } from './exporter.ts';
import { listingOf } from './listing.ts';
import { markedRows } from './marked.ts';
import type { State } from './model.ts';

/** The rows on the screen and below, or the marked ones where there are any; undefined before there is a list. */
export const exportOf = (state: State, format: ExportFormat): Export | undefined => {
  const listing = listingOf(state);
  if (listing.state !== 'listed') return undefined;
  const { table, view, host, unknowns } = listing;
  const marked = markedRows(state, listing);
  const rows = marked.length > 0 ? marked : listing.order;
  const isUnread = view.kind.facet !== null && isUnknown(facet(host, view.kind.facet));
  return {
    format,
    view: view.name,
    hostName: state.title.host,
    kind: view.kind.name,
    host,
    items: isUnread ? undefined : rows.map((row) => table.item(row)),
    unknown: distinct([...unknowns.entries, ...entriesOf(rows.flatMap((row) => table.gaps(row)))]),
    columns: table.columns.map(({ id }) => id),
    cells: format === 'csv' ? rows.map((row) => table.columns.map((_, c) => table.text(row, c))) : [],
  };
};
