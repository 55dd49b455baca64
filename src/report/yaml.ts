/** Documents as YAML text. */
import { stringify } from 'yaml';
import { escapeJson, escapeText } from '../text/escape.ts';

/** YAML of a document; ends with a newline. */
export const yamlText = (document: unknown): string => {
  const plain = stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
  if (plain.split('\n').every((line) => escapeText(line) === line)) return plain;
  // Something in it would act on a terminal: with every string in double quotes, escapes can take its place.
  return escapeJson(
    stringify(document, {
      lineWidth: 0,
      aliasDuplicateObjects: false,
      defaultStringType: 'QUOTE_DOUBLE',
      defaultKeyType: 'QUOTE_DOUBLE',
    }),
  );
};
