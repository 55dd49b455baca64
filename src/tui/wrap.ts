/** Text broken over several lines. */
import { width } from '../text/width.ts';

const PLAIN = /^[\x20-\x7e]*$/;
// A value of this length fills a hundred screens; what is beyond is cut, and said.
const LIMIT = 65_536;

let segmenter: Intl.Segmenter | undefined;

/** The text in lines of at most `cells` cells, broken where the room ends: for ids, digests and paths. */
export const wrapHard = (text: string, cells: number): readonly string[] => {
  if (cells < 2) return [text];
  if (text.length > LIMIT) {
    return [...wrapHard(text.slice(0, LIMIT), cells), `… ${text.length - LIMIT} more characters`];
  }
  if (text.length <= cells && PLAIN.test(text)) return [text];
  const lines: string[] = [];
  if (PLAIN.test(text)) {
    for (let at = 0; at < text.length; at += cells) lines.push(text.slice(at, at + cells));
    return lines;
  }
  let current = '';
  let used = 0;
  segmenter ??= new Intl.Segmenter();
  for (const { segment } of segmenter.segment(text)) {
    const w = width(segment);
    if (used + w > cells) {
      lines.push(current);
      current = '';
      used = 0;
    }
    current += segment;
    used += w;
  }
  return [...lines, current];
};

/** The text in lines of at most `cells` cells, broken between words where that is possible: for sentences. */
export const wrapWords = (text: string, cells: number): readonly string[] => {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    const joined = current === '' ? word : `${current} ${word}`;
    if (width(joined) <= cells) {
      current = joined;
      continue;
    }
    if (current !== '') lines.push(current);
    const pieces = wrapHard(word, cells);
    lines.push(...pieces.slice(0, -1));
    current = pieces.at(-1) ?? '';
  }
  return [...lines, current];
};
