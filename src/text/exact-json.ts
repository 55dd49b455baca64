/** Foreign JSON without loss: Go writes 64-bit integers as digits, and JSON.parse rounds those above 2^53. */

// What can stand in JSON, in pieces that take no backtracking however long a string is.
const PIECE = /"|\\.|-?\d[\d.eE+-]*/g;
const LONG_INTEGER = /^-?\d{16,}$/;

/**
 * JSON.parse, with integers that a number cannot hold as bigint.
 * @throws SyntaxError as JSON.parse does
 */
export const parseExactJson = (text: string): unknown => {
  const plain: unknown = JSON.parse(text);
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
