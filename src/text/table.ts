/** Plain tables: columns as wide as their widest cell. */
import { pad, width } from './width.ts';

export interface TableColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Lines of a table, its header first; the last column is not padded. */
export const tableLines = (
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): string[] => {
  const widths = columns.map((column, i) =>
    rows.reduce((w, row) => Math.max(w, width(row[i] ?? '')), width(column.title)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => pad(cell, widths[i] ?? 0, columns[i]?.align ?? 'left'))
      .join('  ')
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...rows.map(line)];
};
