/** Foreign text as one line of a grid: escaped, and only of characters whose width every terminal agrees about. */
import { escapeText } from '../text/escape.ts';

const PLAIN = /^[\x20-\x7e]*$/;
// One character and at most three marks on it. Longer clusters (joined emoji, spacing vowels, selectors, stacks of
// marks) are drawn one, two or more cells wide depending on the terminal, which would shift the rest of the line.
const AGREED = /^\P{M}(?:(?![\ufe00-\ufe0f])\p{Mn}){0,3}$/u;
// More than any screen shows of one value.
const LIST_LIMIT = 2048;

let segmenter: Intl.Segmenter | undefined;

/** The text with everything that could move the cursor, reorder the line or be of uncertain width made visible. */
export const screenText = (text: string): string => {
  if (PLAIN.test(text)) return text;
  const escaped = escapeText(text);
  if (PLAIN.test(escaped)) return escaped;
  segmenter ??= new Intl.Segmenter();
  let out = '';
  for (const { segment } of segmenter.segment(escaped)) {
    out += AGREED.test(segment) ? segment : spelled(segment);
  }
  return out;
};

/**
 * Text for one cell of a list: ids and digests cut to twelve digits, as people know them from `docker ps`, and a text
 * longer than any screen to its two ends before anything costly is done with it.
 */
export const cellText = (text: string): string =>
  screenText(
    (text.length > LIST_LIMIT
      ? `${text.slice(0, LIST_LIMIT / 2)}…${text.slice(-LIST_LIMIT / 2)}`
      : text
    ).replace(LONG_HEX, '$1'),
  );

const LONG_HEX = /\b([0-9a-f]{12})(?:[0-9a-f]{52}|[0-9a-f]{84}|[0-9a-f]{116})\b/g;

// The first character stays when it stands by itself; what was joined to it is spelled out.
function spelled(cluster: string): string {
  let out = '';
  for (const character of cluster) {
    out += out === '' && AGREED.test(character) ? character : codePoint(character);
  }
  return out;
}

function codePoint(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
}
