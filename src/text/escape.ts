/**
 * Foreign text made safe to show. Names, labels and log lines come from containers: what could move a cursor,
 * reorder a line or hide itself is written as an escape that can be read.
 */

// C0, DEL, C1, line and paragraph separators, bidirectional controls, zero-width and other invisible format characters.
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

// The same for JSON text, where JSON.stringify has escaped lone surrogates; without the u flag, which is slow on long text.
const UNSAFE_JSON =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line of text with every unsafe character as `\n`, `\x1b` or `\u202e`. */
export const escapeText = (text: string): string => text.replace(UNSAFE, escapeCharacter);

/** JSON text whose unsafe characters are `\uXXXX` escapes: the same value for a parser, harmless for a terminal. */
export const escapeJson = (json: string): string =>
  json.replace(UNSAFE_JSON, (c) =>
    Array.from({ length: c.length }, (_, i) => unicodeEscape(c.charCodeAt(i))).join(''),
  );

/** A cell for a spreadsheet: quoted where needed, and never begun as a formula. */
export const escapeCsv = (text: string): string => {
  const safe = escapeText(text);
  // A dash alone, for what is not there, and a number begin no formula.
  const inert = /^[=+\-@]/.test(safe) && !/^-?(\d+(\.\d+)?)?$/.test(safe) ? `'${safe}` : safe;
  return /[",]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
};

/** A cell of a Markdown table, or running Markdown text. */
export const escapeMarkdown = (text: string): string =>
  escapeText(text).replace(/[\\`*_[\]<>|~#&]/g, (c) => (c === '<' ? '&lt;' : c === '&' ? '&amp;' : `\\${c}`));

function escapeCharacter(c: string): string {
  const short = SHORT[c];
  if (short !== undefined) return short;
  const code = c.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : unicodeEscape(code);
}

function unicodeEscape(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
