/** What stands before a row of a tree: lines that lead to it, and whether it is open. */
import type { Listed } from './listing.ts';
import { type Span, span } from './spans.ts';

const LEVEL_CELLS = 2;
const SIGN_CELLS = 2;
// A chain of a thousand needs no thousand lines: of those that lead to a row, the nearest are drawn,
const MOST_LEVELS = 8;
// and fewer where the list is narrow.
const CELLS_PER_LEVEL = 16;

/** Cells that the guides take in a list of `cells` cells; 0 where there is no tree. */
export const guideCells = ({ outline }: Listed, cells: number): number => {
  if (outline === null) return 0;
  const levels = Math.min(outline.deepest, MOST_LEVELS, Math.floor(cells / CELLS_PER_LEVEL));
  return levels * LEVEL_CELLS + SIGN_CELLS;
};

/** The guides of the row at a place of the list, in at most `cells` cells. `…` says that there is more above. */
export const guideSpans = (listing: Listed, place: number, cells: number): readonly Span[] => {
  const { outline, order, table } = listing;
  const row = order[place];
  if (outline === null || table.tree === undefined || row === undefined) return [];
  const depth = outline.depths[place] ?? 0;
  const levels = Math.min(depth, Math.floor((cells - SIGN_CELLS) / LEVEL_CELLS));
  let lines = '';
  let at: number | undefined = row;
  for (let level = 0; level < levels && at !== undefined; level += 1) {
    const isLast = outline.lasts.has(at);
    const isCut = level === levels - 1 && depth > levels;
    lines = (isCut ? '… ' : level === 0 ? (isLast ? '└ ' : '├ ') : isLast ? '  ' : '│ ') + lines;
    at = table.tree.parent(at);
  }
  const sign = !table.tree.isBranch(row)
    ? span('  ')
    : outline.opened.has(row)
      ? { ...span('▾ ', 'key'), ascii: '- ' }
      : { ...span('▸ ', 'key'), ascii: '+ ' };
  // A plus stands for a closed branch, so the lines have none.
  const ascii = lines.replace(/[├│]/g, '|').replace(/└/g, '`').replace(/…/g, '~');
  return [{ ...span(lines, 'rule'), ascii }, sign];
};
