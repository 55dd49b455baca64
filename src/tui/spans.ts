/** Styled text before it becomes escape sequences: what a line says and what each part of it means. */
import { pad, truncateEnd, width } from '../text/width.ts';

/** What a part of a line means; theme.ts decides how that looks. */
export type Style =
  | 'brand'
  | 'strong'
  | 'muted'
  | 'accent'
  | 'key'
  | 'rule'
  | 'ruleFocused'
  | 'selected'
  | 'cursor'
  | 'ok'
  | 'created'
  | 'paused'
  | 'ended'
  | 'bad'
  | 'warn'
  | 'unknown'
  | 'stale';

export interface Span {
  readonly text: string;
  readonly style?: Style;
  /** What it is where there is only ASCII, if that depends on its meaning; as wide as the text. */
  readonly ascii?: string;
}

export interface Line {
  readonly spans: readonly Span[];
  /** Replaces the style of every span and reaches to the end of the line. */
  readonly over?: Style;
}

export const span = (text: string, style?: Style): Span => (style === undefined ? { text } : { text, style });

export const line = (...spans: readonly Span[]): Line => ({ spans });

export const textLine = (text: string, style?: Style): Line => line(span(text, style));

export const EMPTY_LINE: Line = { spans: [] };

/** Cells that the spans take. */
export const spansWidth = (spans: readonly Span[]): number =>
  spans.reduce((sum, s) => sum + width(s.text), 0);

/** The line in exactly `cells` cells: cut at its end, or filled with spaces. */
export const fitLine = (from: Line, cells: number): Line => {
  const spans: Span[] = [];
  let room = cells;
  for (const s of from.spans) {
    if (room <= 0) break;
    const text = truncateEnd(s.text, room);
    spans.push({ ...s, text });
    room -= width(text);
    // A wide character that did not fit leaves its cell to the filling, not to the next span.
    if (text !== s.text) break;
  }
  if (room > 0) spans.push({ text: ' '.repeat(room) });
  return { ...from, spans };
};

/** Two groups of spans at the two ends of a line; what is on the right gives way first. */
export const justify = (
  left: readonly Span[],
  right: readonly Span[],
  cells: number,
  fill: Span = { text: ' ' },
): Line => {
  const leftWidth = spansWidth(left);
  const rightWidth = spansWidth(right);
  const gap = cells - leftWidth - rightWidth;
  if (gap < 1) return fitLine({ spans: left }, cells);
  return { spans: [...left, { ...fill, text: fill.text.repeat(gap) }, ...right] };
};

/** The span padded to a number of cells. */
export const padSpan = (s: Span, cells: number, align: 'left' | 'right' = 'left'): Span => ({
  ...s,
  text: pad(s.text, cells, align),
});
