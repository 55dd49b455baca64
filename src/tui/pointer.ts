/** The mouse: the wheel scrolls what is under it, a click selects what it is on. */
import { footerLine, type Spot, tabsLine } from './bars.ts';
import { move, runCommand, select, showTab, sortBy } from './commands.ts';
import { tabSpots } from './detail-pane.ts';
import { frameOf, listRows } from './frame.ts';
import type { MouseEvent } from './input.ts';
import { isTooSmall, type Layout, type Rect } from './layout.ts';
import { columnAt, isOnSign } from './list-lines.ts';
import { type Listing, listingOf } from './listing.ts';
import { menuRect, menuTop } from './menu.ts';
import { listState, only, type State, type Step } from './model.ts';

const WHEEL_ROWS = 3;
const DOUBLE_CLICK_MS = 400;

/** What the mouse makes of the state. */
export const point = (state: State, event: MouseEvent): Step => {
  if (isTooSmall(state.size)) return only(state);
  const layout = frameOf(state);
  const listing = listingOf(state);
  if (event.what !== 'press') return only(wheel(state, layout, event));
  if (state.overlay !== null) return clickOverlay(state, state.overlay, layout, event);
  if (event.y === layout.tabs) return clickSpot(state, tabsLine(state, layout.width).spots, event.x);
  if (event.y === layout.footer)
    return clickSpot(state, footerLine(state, listing, layout.width).spots, event.x);
  if (layout.list !== null && isIn(layout.list, event)) return clickList(state, listing, layout.list, event);
  if (layout.detail !== null && isIn(layout.detail, event)) {
    const focused: State = { ...state, focus: 'detail' };
    if (event.y !== layout.detail.y) return only(focused);
    const x = event.x - layout.detail.x;
    const spot = tabSpots(state, listing, layout.detail).find((s) => x >= s.x && x < s.x + s.cells);
    return only(spot === undefined ? focused : showTab(focused, spot.tab));
  }
  return only(state);
};

function wheel(state: State, layout: Layout, event: MouseEvent): State {
  const by = event.what === 'wheelUp' ? -WHEEL_ROWS : WHEEL_ROWS;
  if (state.overlay !== null) return move(state, Math.sign(by));
  const over = layout.detail !== null && isIn(layout.detail, event) ? 'detail' : 'list';
  // It scrolls what it is over without taking the keys there.
  return { ...move({ ...state, focus: over, prompt: null }, by), focus: state.focus, prompt: state.prompt };
}

function clickOverlay(
  state: State,
  overlay: NonNullable<State['overlay']>,
  layout: Layout,
  event: MouseEvent,
): Step {
  const closed: State = { ...state, overlay: null };
  if (overlay.kind !== 'menu') return only(closed);
  const rect = menuRect(overlay, layout);
  const index = menuTop(overlay, rect) + event.y - rect.y - 1;
  const isOnEntry = isIn(rect, event) && event.y > rect.y && event.y < rect.y + rect.height - 1;
  if (!isOnEntry) return only(isIn(rect, event) ? state : closed);
  return runCommand({ ...state, overlay: { ...overlay, index } }, 'enter');
}

function clickSpot(state: State, spots: readonly Spot[], x: number): Step {
  const spot = spots.find((s) => x >= s.x && x < s.x + s.cells);
  return spot === undefined ? only(state) : runCommand({ ...state, prompt: null }, spot.command);
}

function clickList(state: State, listing: Listing, pane: Rect, event: MouseEvent): Step {
  const focused: State = { ...state, focus: 'list' };
  if (listing.state !== 'listed') return only(focused);
  const list = listState(state);
  if (event.y === pane.y + 1) {
    const column = columnAt(state, listing, pane, event.x - pane.x);
    if (column === undefined) return only(focused);
    const isSame = list.sort?.column === column.id;
    return only(sortBy(focused, { column: column.id, reverse: isSame && list.sort?.reverse === false }));
  }
  const place = event.y - pane.y - 2;
  const index = list.top + place;
  if (place < 0 || place >= listRows(pane, listing) || index >= listing.order.length) return only(focused);
  const selected = select({ ...focused, click: { at: state.now, index } }, index);
  // Where nothing can be opened, this changes nothing more.
  if (isOnSign(listing, pane, index, event.x - pane.x))
    return runCommand({ ...selected, click: null }, 'fold');
  const isDouble = state.click?.index === index && state.now - state.click.at <= DOUBLE_CLICK_MS;
  return isDouble ? runCommand({ ...selected, click: null }, 'enter') : only(selected);
}

function isIn(rect: Rect, { x, y }: { readonly x: number; readonly y: number }): boolean {
  return x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height;
}
