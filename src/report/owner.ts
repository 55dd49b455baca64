/** Whose something is, for people: a sentence, then the owners, the nearest first. */
import type { OwnerAnswer } from '../host/owner/owner.ts';
import { escapeText } from '../text/escape.ts';
import { tableLines } from '../text/table.ts';

const COLUMNS = ['LAYER', 'KIND', 'NAMESPACE', 'ID', 'NAME', 'RELATION'];

/** Lines for a terminal. @param whole whether everything that the answer rests on was read */
export const ownerLines = ({ subject, owners }: OwnerAnswer, whole: boolean): string[] => {
  if (owners.length === 0) {
    const nobody = whole ? "nobody's" : "nobody's, as far as could be read";
    return [escapeText(`${subject}: ${nobody}`)];
  }
  const rows = owners.map(({ layer, kind, namespace, id, name, relation }) =>
    [layer, kind, namespace ?? '-', id, name === undefined ? '?' : (name ?? '-'), relation].map(escapeText),
  );
  return [
    `${escapeText(subject)}:`,
    ...tableLines(
      COLUMNS.map((title) => ({ title })),
      rows,
    ),
  ];
};
