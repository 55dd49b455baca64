/** How many terminal cells a text takes, and texts made to fit a number of cells. */
import { createRequire } from 'node:module';

// Loading the library compiles large regular expressions, a fifth of a short command's time, and ASCII needs none of it.
// `require` is the bundle's own; run from source, there is none and one is made.
let measure: ((text: string) => number) | undefined;
const libraryWidth = (text: string): number => {
  measure ??= (
    typeof require === 'function' ? require('string-width') : createRequire(import.meta.url)('string-width')
  ).default as (text: string) => number;
  return measure(text);
};

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** Cells taken by the text, wide and combining characters counted as terminals draw them. */
export const width = (text: string): number =>
  PRINTABLE_ASCII.test(text) ? text.length : libraryWidth(text);

/** The text padded with spaces to `cells`; a longer one is returned as it is. */
export const pad = (text: string, cells: number, align: 'left' | 'right' = 'left'): string => {
  const gap = ' '.repeat(Math.max(0, cells - width(text)));
  return align === 'left' ? text + gap : gap + text;
};

/** The text cut in the middle to at most `cells`, so that both the beginning and the distinguishing end stay. */
export const truncateMiddle = (text: string, cells: number): string => {
  if (width(text) <= cells) return text;
  if (cells <= 1) return cells === 1 ? '…' : '';
  const head = Math.ceil((cells - 1) / 2);
  return `${take(text, head)}…${takeEnd(text, cells - 1 - head)}`;
};

/** The text cut at its end to at most `cells`. */
export const truncateEnd = (text: string, cells: number): string =>
  width(text) <= cells ? text : cells <= 0 ? '' : `${take(text, cells - 1)}…`;

function take(text: string, cells: number): string {
  let out = '';
  let used = 0;
  for (const c of graphemes(text)) {
    used += width(c);
    if (used > cells) break;
    out += c;
  }
  return out;
}

function takeEnd(text: string, cells: number): string {
  let out = '';
  let used = 0;
  for (const c of [...graphemes(text)].reverse()) {
    used += width(c);
    if (used > cells) break;
    out = c + out;
  }
  return out;
}

let segmenter: Intl.Segmenter | undefined;

function graphemes(text: string): Iterable<string> {
  if (PRINTABLE_ASCII.test(text)) return text;
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), (s) => s.segment);
}
