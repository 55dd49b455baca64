/** Plain tables: columns as wide as their widest cell. */
import { pad, width } from './width.ts';

export interface TableColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** No digest or reference is longer; one hostile name would else make every other row as long. */
const MAX_WIDTH = 256;

/** Lines of a table, its header first; the last column is not padded. A cell is never cut. */
export const tableLines = (
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): string[] => {
  const widths = columns.map((column, i) =>
    rows.reduce((w, row) => Math.min(MAX_WIDTH, Math.max(w, width(row[i] ?? ''))), width(column.title)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => pad(cell, widths[i] ?? 0, columns[i]?.align ?? 'left'))
      .join('  ')
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...rows.map(line)];
};
