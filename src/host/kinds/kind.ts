/** What can be listed: for each kind its rows, its columns for people and its items for programs. */
import type { Gap } from '../observed.ts';
import type { FacetName, HostSnapshot, ListingFacet } from '../snapshot.ts';

/** One column of a table: a header plus a pure function, the same for the UI, text, Markdown, HTML and CSV. */
export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** 1 always stays; higher numbers are dropped first where there is too little room. */
  readonly priority: number;
  /** How a cell that does not fit is cut; never applied to numbers. */
  readonly cut?: 'middle' | 'end';
  /** The cell; `at` is the moment of the snapshot, for ages. Foreign text is not yet escaped. */
  text(row: Row, at: string): string;
  /** What to sort by, where the text would sort wrongly. */
  sortKey?(row: Row): string | number | bigint;
}

export type JsonItem = Readonly<Record<string, unknown>>;

/** How the state of a row is marked on a screen. */
export type RowTone =
  | 'ok'
  | 'pass'
  | 'paused'
  | 'created'
  | 'ended'
  | 'bad'
  | 'warn'
  | 'unknown'
  | 'absent'
  | 'plain';

export interface Kind<Row> {
  /** Plural, as in `get KIND`. */
  readonly name: string;
  readonly singular: string;
  /** The facet whose state is the kind's own. */
  readonly facet: ListingFacet;
  /** Everything that the rows are made of. */
  readonly wants: readonly FacetName[];
  /** Those of `wants` whose gaps the rows report as gaps of their own objects. */
  readonly reportedByRows?: readonly FacetName[];
  /** Rows in a stable order. */
  rows(host: HostSnapshot): readonly Row[];
  readonly columns: readonly Column<Row>[];
  /** The item of the JSON contract: known-absent is null, unknown is a missing key. */
  item(row: Row): JsonItem;
  /** What is unknown within the row itself. */
  gaps?(row: Row): readonly Gap[];
  /** What `get -q` prints. */
  id(row: Row): string;
  /** What `get KIND NAME` matches, besides the id. */
  names?(row: Row): readonly string[];
  /** Unique within the kind and stable over time, for selection and sorting ties. */
  key(row: Row): string;
  tone?(row: Row): RowTone;
  /** What an empty list means. */
  readonly whenEmpty: string;
}

/** Shorthand for the listing facet's items. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
