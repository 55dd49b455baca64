/** The layout of a state: where its panes are and how many rows each of them shows. */
import { type Layout, layoutOf, type Rect } from './layout.ts';
import type { Listing } from './listing.ts';
import type { State } from './model.ts';
import { bannerLines } from './status.ts';

export const frameOf = (state: State): Layout =>
  layoutOf(state.size, {
    focus: state.focus,
    bannerRows: bannerLines(state, state.size.columns).length,
    hasPrompt: state.prompt !== null,
  });

/** Rows of a pane under the rule that carries its title. */
export const paneRows = (pane: Rect): number => Math.max(0, pane.height - 1);

/** Cells of a line inside a pane: one is left free at either side. */
export const paneCells = (pane: Rect): number => Math.max(1, pane.width - 2);

/** Rows of the list that hold rows of the table: without the header, and the note when the list is partial. */
export const listRows = (pane: Rect, listing: Listing): number =>
  Math.max(1, paneRows(pane) - 1 - (isPartial(listing) ? 1 : 0));

/** Whether there are rows, but not all that should be there, or not all about them. */
export const isPartial = (listing: Listing): boolean =>
  listing.state === 'listed' &&
  listing.order.length > 0 &&
  (listing.unknowns.answered < listing.unknowns.asked || listing.unknowns.rows > 0);

/** The pane whose rows a page key moves over; in a narrow terminal the one pane stands for either. */
export const listPane = (layout: Layout): Rect => layout.list ?? layout.detail ?? layout.banner;
export const detailPane = (layout: Layout): Rect => layout.detail ?? layout.list ?? layout.banner;
