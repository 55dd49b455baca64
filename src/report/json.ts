/** Documents as JSON text: whole digits for 64-bit numbers, nothing that a terminal would act on. */
import { escapeJson } from '../text/escape.ts';

/** JSON of a document over several lines, or of one stream entry in one line; ends with a newline. */
export const jsonText = (document: unknown, style: 'document' | 'line' = 'document'): string => {
  // JSON.stringify cannot write a bigint as a number: it gets a mark that no foreign text can know beforehand.
  const mark = `${Math.random()}${Math.random()}`.replaceAll('.', '');
  const text = JSON.stringify(
    document,
    (_key, value: unknown) => (typeof value === 'bigint' ? `${mark}${value}` : value),
    style === 'document' ? 2 : undefined,
  );
  return `${escapeJson(text.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1'))}\n`;
};
