/** Foreign JSON without loss: Go writes 64-bit integers as digits, and JSON.parse rounds those above 2^53. */

// What can stand in JSON, in pieces that take no backtracking however long a string is.
const PIECE = /"|\\.|-?\d[\d.eE+-]*/g;
const LONG_INTEGER = /^-?\d{16,}$/;

// What is nested deeper than anything that somebody writes, is there to exhaust the stack of those who walk it.
const MAX_DEPTH = 200;

/**
 * JSON.parse, with integers that a number cannot hold as bigint.
 * @throws SyntaxError as JSON.parse does, and on values that are nested too deeply to be walked
 */
export const parseExactJson = (text: string): unknown => {
  const plain: unknown = JSON.parse(text);
  if (isDeeper(plain, MAX_DEPTH)) throw new SyntaxError(`it is nested deeper than ${MAX_DEPTH} levels`);
  if (!/\d{16}/.test(text)) return plain;
  // Such integers travel as strings with a mark that no foreign text can know.
  const mark = crypto.randomUUID();
  let isString = false;
  const marked = text.replace(PIECE, (piece) => {
    if (piece === '"') isString = !isString;
    return !isString && LONG_INTEGER.test(piece) ? `"${mark}${piece}"` : piece;
  });
  return JSON.parse(marked, (_key, value: unknown) => {
    if (typeof value !== 'string' || !value.startsWith(mark)) return value;
    const digits = value.slice(mark.length);
    return Number.isSafeInteger(Number(digits)) ? Number(digits) : BigInt(digits);
  });
};

/** What JSON.parse complains of, without the piece of the text that it quotes: that may be somebody's secret. */
export const jsonComplaint = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/, (?:\.\.\.)?"[\s\S]*$/, '');

/** Whether arrays and objects are nested in each other deeper than so many levels; walks no deeper than that. */
export function isDeeper(value: unknown, depth: number): boolean {
  let level: unknown[] = [value];
  for (let i = 0; i <= depth; i += 1) {
    const next: unknown[] = [];
    for (const one of level) {
      if (typeof one !== 'object' || one === null) continue;
      for (const inner of Object.values(one))
        if (typeof inner === 'object' && inner !== null) next.push(inner);
    }
    if (next.length === 0) return false;
    level = next;
  }
  return true;
}
