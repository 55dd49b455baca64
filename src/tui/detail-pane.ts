/** The detail pane as lines: the row's name, the tabs, and the part of the tab that is scrolled to. */
import { truncateMiddle } from '../text/width.ts';
import type { Spot } from './bars.ts';
import { detailLines, tabOf } from './detail.ts';
import { cellText } from './foreign.ts';
import { paneCells, paneRows } from './frame.ts';
import type { Rect } from './layout.ts';
import { ruled } from './list-lines.ts';
import { type Listed, type Listing, selectedRow } from './listing.ts';
import type { State } from './model.ts';
import { type Line, type Span, span, spansWidth } from './spans.ts';
import { isStale } from './status.ts';
import type { TabName } from './views.ts';

export const detailPaneLines = (state: State, listing: Listing, pane: Rect): readonly Line[] => {
  const lines = detailLines(state, paneCells(pane));
  const seen = lines.slice(state.detailTop, state.detailTop + paneRows(pane));
  const overall = isStale(state) ? ({ over: 'stale' } as const) : {};
  return [
    detailTitle(state, listing, pane, lines.length).line,
    ...seen.map((l) => ({ ...l, spans: [span(' '), ...l.spans], ...overall })),
  ];
};

/** The tabs' places in the pane's first row, counted from the pane's left side. */
export const tabSpots = (
  state: State,
  listing: Listing,
  pane: Rect,
): readonly (Omit<Spot, 'command'> & { readonly tab: TabName })[] =>
  detailTitle(state, listing, pane, 0).spots;

function detailTitle(
  state: State,
  listing: Listing,
  pane: Rect,
  count: number,
): { readonly line: Line; readonly spots: readonly (Omit<Spot, 'command'> & { readonly tab: TabName })[] } {
  const focused = state.focus === 'detail';
  const row = selectedRow(state, listing);
  const rule = focused ? 'ruleFocused' : 'rule';
  if (listing.state !== 'listed' || row === undefined)
    return { line: ruled([], pane.width, focused), spots: [] };
  const current = tabOf(state, listing.view);
  const lacks = listing.table.gaps(row).length;
  const tabs = listing.view.tabs.map((tab) => ({
    tab,
    text: ` ${tab}${tab === 'Unknown' && lacks > 0 ? ` ${lacks}` : ''} `,
  }));
  const room = pane.width - tabs.reduce((sum, t) => sum + t.text.length, 0) - 6;
  const spans: Span[] = [
    span('─ ', rule),
    ...nameSpans(listing, row, Math.max(4, room), focused),
    span(' ', rule),
  ];
  const spots = tabs.map(({ tab, text }) => {
    const spot = { x: spansWidth(spans), cells: text.length, tab };
    spans.push(span(text, tab === current ? 'selected' : tab === 'Unknown' && lacks > 0 ? 'warn' : 'muted'));
    return spot;
  });
  return { line: withPlace(ruled(spans, pane.width, focused), state, pane, count, rule), spots };
}

// What people call it first, where that is not its id.
function nameSpans({ table }: Listed, row: number, room: number, focused: boolean): readonly Span[] {
  const id = cellText(table.id(row));
  const { name } = table.item(row);
  const isNamed = typeof name === 'string' && name !== table.id(row);
  const shown = span(truncateMiddle(isNamed ? cellText(name) : id, room), focused ? 'brand' : 'strong');
  const rest = span(` · ${id}`, 'muted');
  return isNamed && spansWidth([shown, rest]) <= room ? [shown, rest] : [shown];
}

// Where one is in a tab that is longer than the pane, over the end of the rule.
function withPlace(title: Line, state: State, pane: Rect, count: number, rule: 'rule' | 'ruleFocused'): Line {
  const rows = paneRows(pane);
  const last = title.spans.at(-1);
  if (count <= rows || last === undefined) return title;
  const place = ` ${state.detailTop + 1}–${Math.min(count, state.detailTop + rows)} of ${count} `;
  if (last.text.length < place.length + 2) return title;
  const left = '─'.repeat(last.text.length - place.length - 1);
  return { spans: [...title.spans.slice(0, -1), span(left, rule), span(place, 'muted'), span('─', rule)] };
}
