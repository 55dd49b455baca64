/** The list pane as lines: its title, the column titles, the rows that are seen. */
import type { RowTone } from '../host/kinds/kind.ts';
import { count } from '../text/units.ts';
import { pad, truncateEnd, truncateMiddle, width } from '../text/width.ts';
import { COLUMN_GAP, type PlacedColumn, placeColumns } from './columns.ts';
import { cellText, screenText } from './foreign.ts';
import { isPartial, listRows, paneRows } from './frame.ts';
import { guideCells, guideSpans } from './guides.ts';
import type { Rect } from './layout.ts';
import type { Listed, Listing } from './listing.ts';
import { markedRows } from './marked.ts';
import { markOf, styleOf } from './marks.ts';
import { type ListState, listState, type State } from './model.ts';
import { noticeLines } from './notice.ts';
import { isPast } from './past.ts';
import { EMPTY_LINE, fitLine, type Line, line, type Span, span, spansWidth } from './spans.ts';
import { ageSeconds, isStale } from './status.ts';
import type { Table, TableColumn } from './table.ts';

/** All lines of the pane, as many as it is high. */
export const listPaneLines = (state: State, listing: Listing, pane: Rect): readonly Line[] => {
  const title = listTitle(state, listing, pane.width);
  const notice = noticeLines(state, listing, pane.width);
  if (notice !== undefined || listing.state !== 'listed') return [title, EMPTY_LINE, ...(notice ?? [])];
  const list = listState(state);
  const rows = listRows(pane, listing);
  const seen = listing.order.slice(list.top, list.top + rows);
  const cells = seen.map((row) => rowTexts(listing.table, row));
  const placed = placedColumns(listing, pane, cells);
  const overall = isStale(state) ? ({ over: 'stale' } as const) : {};
  const lines: Line[] = [
    title,
    headerLine(listing.table, placed, list),
    ...seen.map((_, i): Line => {
      const isSelected = list.top + i === list.index;
      const isMarked =
        list.marked.size > 0 && list.marked.has(listing.table.key(listing.order[list.top + i] ?? -1));
      const gutter = `${isSelected ? '▸' : ' '}${isMarked ? '✓' : ' '}`;
      const content = rowLine(listing, list.top + i, pane, placed, cells[i] ?? [], gutter);
      return isSelected ? { ...content, over: 'selected' } : { ...content, ...overall };
    }),
  ];
  while (isPartial(listing) && lines.length < paneRows(pane)) lines.push(EMPTY_LINE);
  return isPartial(listing) ? [...lines, partialLine(listing, pane.width)] : lines;
};

/** Which column's title is at a cell of the pane, counted from its left side; for a click on it. */
export const columnAt = (state: State, listing: Listed, pane: Rect, x: number): TableColumn | undefined => {
  const list = listState(state);
  const seen = listing.order.slice(list.top, list.top + listRows(pane, listing));
  const left = GUTTER + markCells(listing.table);
  const placed = placedColumns(
    listing,
    pane,
    seen.map((row) => rowTexts(listing.table, row)),
  );
  const found = placed.find((p) => x >= left + p.x && x < left + p.x + p.cells);
  return found === undefined ? undefined : listing.table.columns[found.index];
};

/** Whether a cell of the pane is on the sign that says whether the row at a place of the list is open; for a click on it. */
export const isOnSign = (listing: Listed, pane: Rect, place: number, x: number): boolean => {
  const guides = guideSpans(listing, place, guideCells(listing, pane.width));
  const sign = guides.at(-1);
  if (sign === undefined) return false;
  const end = GUTTER + markCells(listing.table) + spansWidth(guides);
  return x < end && x >= end - width(sign.text);
};

// The guides of a tree stand in its first column, which has room for them whichever rows are seen.
function placedColumns(
  listing: Listed,
  pane: Rect,
  seen: readonly (readonly string[])[],
): readonly PlacedColumn[] {
  const { table } = listing;
  const guides = guideCells(listing, pane.width);
  const room = pane.width - GUTTER - markCells(table) - 1 - guides;
  return placeColumns(table.columns, naturalWidths(table, seen), room).map((p, i) =>
    i === 0 ? { ...p, cells: p.cells + guides } : { ...p, x: p.x + guides },
  );
}

// Before the columns: where the selection points.
const GUTTER = 2;

// And the sign of the row's state, where its kind has one.
function markCells(table: Table): number {
  return table.marked ? 2 : 0;
}

function listTitle(state: State, listing: Listing, cells: number): Line {
  const focused = state.focus === 'list';
  const spans: Span[] = [
    span('─ ', focused ? 'ruleFocused' : 'rule'),
    span(listing.view.heading, focused ? 'brand' : 'strong'),
    ...(listing.state === 'listed' ? [span(` ${listCount(listing)}`)] : []),
  ];
  const { filter, sort } = listState(state);
  if (listing.state === 'listed' && listing.table.gist !== undefined) {
    // First, for what stands last is what is cut where there is little room.
    if (isPast(state)) spans.push(span(' · newer than the past shown', 'warn'));
    spans.push(span(` · ${screenText(listing.table.gist)}`, 'muted'));
  }
  if (filter !== '' && state.prompt?.kind !== 'filter') {
    spans.push(span(' '), span(`/${truncateMiddle(screenText(filter), 30)}`, 'accent'));
  }
  if (listing.state === 'listed' && listing.view.follows && listing.order.length > 0) {
    spans.push(following(state));
  }
  const marks = markedRows(state, listing).length;
  if (marks > 0) spans.push(span(` · ${marks} marked`, 'accent'));
  if (sort !== null) spans.push(span(` by ${sort.column} ${sort.reverse ? '▼' : '▲'}`, 'muted'));
  if (isStale(state)) spans.push(span(` stale, ${ageSeconds(state)} s old`, 'warn'));
  return ruled(spans, cells, focused);
}

function listCount({ hits, total }: Listed): string {
  return hits === total ? String(total) : `<${hits}/${total}>`;
}

function following(state: State): Span {
  const { followed, sort } = listState(state);
  if (followed !== null) return span(' following', 'ok');
  return span(sort === null ? ' G to follow' : '', 'muted');
}

/** Spans continued by a rule to the end of the pane. */
export const ruled = (spans: readonly Span[], cells: number, focused: boolean): Line => {
  const gap = spans.length === 0 ? '' : ' ';
  const rest = cells - spansWidth(spans) - gap.length;
  if (rest < 1) return fitLine({ spans }, cells);
  return line(...spans, span(gap), span('─'.repeat(rest), focused ? 'ruleFocused' : 'rule'));
};

function headerLine(table: Table, placed: readonly PlacedColumn[], list: ListState): Line {
  const spans: Span[] = [span(' '.repeat(GUTTER + markCells(table)))];
  placed.forEach((p, i) => {
    const column = table.columns[p.index];
    if (column === undefined) return;
    const isSorted = column.id === list.sort?.column;
    const sign = isSorted ? (list.sort?.reverse === true ? '▼' : '▲') : '';
    const title = pad(truncateEnd(column.title, p.cells - width(sign)) + sign, p.cells, column.align);
    spans.push(span(i === 0 ? '' : ' '.repeat(COLUMN_GAP)), span(title, isSorted ? 'selected' : 'muted'));
  });
  return { spans };
}

function rowLine(
  listing: Listed,
  place: number,
  pane: Rect,
  placed: readonly PlacedColumn[],
  texts: readonly string[],
  gutter: string,
): Line {
  const { table, outline } = listing;
  const row = listing.order[place] ?? -1;
  const tone = table.tone(row);
  const spans: Span[] = [span(gutter)];
  if (table.marked) spans.push(markOf(tone), span(' '));
  if (table.isNotice(row)) return { spans: [...spans, ...noticeSpans(table, tone, placed, texts)] };
  const whole = outline?.context.has(row) === true ? ({ style: 'muted' } as const) : {};
  placed.forEach((p, i) => {
    const column = table.columns[p.index];
    if (column === undefined) return;
    const guides = i === 0 ? guideSpans(listing, place, guideCells(listing, pane.width)) : [];
    const room = p.cells - spansWidth(guides);
    const text = texts[p.index] ?? '';
    const cut = column.cut === 'end' ? truncateEnd(text, room) : truncateMiddle(text, room);
    // The word of the state has the colour of its sign.
    const style = column.id === 'status' || column.id === 'state' ? styleOf(tone) : whole;
    if (i > 0) spans.push(span(' '.repeat(COLUMN_GAP)));
    spans.push(...guides, { text: pad(cut, room, column.align), ...style });
  });
  return { spans };
}

// What is said of the list itself has the whole line, behind the columns that every row begins with.
function noticeSpans(
  table: Table,
  tone: RowTone,
  placed: readonly PlacedColumn[],
  texts: readonly string[],
): readonly Span[] {
  const leading = placed.filter(({ index }) => table.columns[index]?.leads);
  const words = texts.filter((text, i) => text !== '' && table.columns[i]?.leads === false);
  return [...leading.map(({ index, cells }) => pad(truncateEnd(texts[index] ?? '', cells), cells)), ...words]
    .flatMap((text, i) => [i === 0 ? '' : ' '.repeat(COLUMN_GAP), text])
    .map((text) => ({ text, ...styleOf(tone) }));
}

function rowTexts(table: Table, row: number): readonly string[] {
  return table.columns.map((_, column) => cellText(table.text(row, column)));
}

// Enough rows to know how wide a column will be, and not so many that a large list is measured in vain.
const SAMPLE = 300;

// As wide as a sample of all rows needs, so that columns stand still while one scrolls, and the seen rows certainly.
function naturalWidths(table: Table, seen: readonly (readonly string[])[]): readonly number[] {
  return seen.reduce((widths, texts) => widened(widths, table, texts), sampledWidths(table));
}

// Text without a word: a column in which there is nothing else is not worth its room. A number's is, if it says that there is none.
const SAYS_NOTHING: ReadonlySet<string> = new Set(['', '-', '?']);

function widened(widths: readonly number[], table: Table, texts: readonly string[]): readonly number[] {
  return widths.map((known, column) => {
    const text = texts[column] ?? '';
    const isIdle = text === '' || (table.columns[column]?.cut !== undefined && SAYS_NOTHING.has(text));
    return isIdle ? known : Math.max(known, width(text));
  });
}

const samples = new WeakMap<Table, readonly number[]>();

function sampledWidths(table: Table): readonly number[] {
  const known = samples.get(table);
  if (known !== undefined) return known;
  const step = Math.max(1, Math.floor(table.count / SAMPLE));
  let widths: readonly number[] = table.columns.map((c) => (c.leads && c.cut === undefined ? 1 : 0));
  for (let row = 0; row < table.count; row += step) widths = widened(widths, table, rowTexts(table, row));
  samples.set(table, widths);
  return widths;
}

// `partial: 1 of 2 sources; Tasks.List: permission denied; 3 rows not fully read`
function partialLine({ unknowns }: Listed, cells: number): Line {
  const { answered, asked, entries, rows, firstGap } = unknowns;
  const [first] = entries;
  const words = [
    ...(answered < asked ? [`partial: ${answered} of ${count(asked, 'source')}`] : []),
    ...(first === undefined ? [] : [`${first.source}: ${first.reason}`]),
    ...(firstGap === undefined
      ? []
      : [`${count(rows, 'row')} not fully read, ${firstGap.from}: ${firstGap.why}`]),
  ].join('; ');
  return fitLine(line(span('  ! ', 'warn'), span(screenText(words), 'warn')), cells - 1);
}
