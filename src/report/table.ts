/** Kinds as tables: text for terminals, CSV for spreadsheets, Markdown for issues. */
import type { Column, Kind } from '../host/kinds/kind.ts';
import { escapeCsv, escapeMarkdown, escapeText } from '../text/escape.ts';
import { tableLines } from '../text/table.ts';

/** Lines of a text table with its header. */
export const textTable = <Row>(kind: Kind<Row>, rows: readonly Row[], at: string): string[] =>
  tableLines(
    kind.columns.map(({ title, align }) => (align === undefined ? { title } : { title, align })),
    rows.map((row) => kind.columns.map((column) => escapeText(column.text(row, at)))),
  );

/** Lines of CSV (RFC 4180) with the columns' ids as header. */
export const csvLines = <Row>(kind: Kind<Row>, rows: readonly Row[], at: string): string[] => [
  kind.columns.map(({ id }) => escapeCsv(id)).join(','),
  ...rows.map((row) => kind.columns.map((column) => escapeCsv(column.text(row, at))).join(',')),
];

/** Lines of a Markdown table of the columns up to a priority; what a reader of an issue needs fits in a screen. */
export const markdownTable = <Row>(
  kind: Kind<Row>,
  rows: readonly Row[],
  at: string,
  maxPriority: number = Number.POSITIVE_INFINITY,
): string[] => {
  const columns = kind.columns.filter(({ priority }) => priority <= maxPriority);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ title }) => title.toLowerCase())),
    line(columns.map(rule)),
    ...rows.map((row) => line(columns.map((column) => escapeMarkdown(column.text(row, at))))),
  ];
};

function rule<Row>(column: Column<Row>): string {
  return column.align === 'right' ? '--:' : '---';
}
