/** The rows of a view in one picture, addressed by number: what the list, the filter and the details share. */
import type { AnyKind } from '../host/kinds/index.ts';
import type { Column, JsonItem, Kind, RowTone } from '../host/kinds/kind.ts';
import type { Gap } from '../host/observed.ts';
import type { ReconcileRow } from '../host/reconcile/row.ts';
import type { FacetName, HostSnapshot } from '../host/snapshot.ts';

/** What is listed, in words and facets; events are in no facet. */
export type ViewKind = Pick<AnyKind, 'name' | 'singular' | 'wants' | 'reportedByRows' | 'whenEmpty'> & {
  readonly facet: AnyKind['facet'] | null;
};

/** What a view lists: a kind's rows as a screen shows them, which may be more than the text list has. */
export interface Sheet<Row> extends Pick<Kind<Row>, 'columns' | 'item' | 'gaps' | 'id' | 'key' | 'tone'> {
  readonly rows: readonly Row[];
  readonly branches?: Branches<Row>;
  /** Whether it is one of those that the heading counts; all are when left out. */
  isOwn?(row: Row): boolean;
  /** Whether it says something about the list itself: no filter hides that. */
  isNotice?(row: Row): boolean;
  /** Everything that can be read in the row, in small letters, where that can be had for less than from its columns. */
  haystack?(row: Row): string;
  /** What the summary says of a row beyond its item. */
  facts?(row: Row): readonly RowFact[];
  /** The comparison that a row is, where it is one. */
  compared?(row: Row): ReconcileRow;
  /** What an empty list means, where the kind's own words do not say it. */
  readonly whenEmpty?: string;
  /** What all rows come to, in a few words. */
  readonly gist?: string;
  /** The facets that the list would lack, where they are others than the kind's. */
  readonly wants?: readonly FacetName[];
}

/** A line of the summary: several with the same label in a row are one entry. */
export interface RowFact {
  readonly label: string;
  readonly words: string;
  readonly tone: RowTone;
}

/** How rows stand below one another. Without end as the data may be, what these give has none: no row is below itself. */
export interface Branches<Row> {
  /** Of the sheet's rows, those that stand below none; all of them when left out. */
  readonly roots?: readonly Row[];
  parent(row: Row): Row | undefined;
  /** Whether there is something below it; asked of every row that is seen, so it makes nothing. */
  isBranch(row: Row): boolean;
  /** What is below it: rows of the sheet, or new ones, which are then asked for once. */
  children(row: Row): readonly Row[];
  /** Whether it stands open before anybody opened or closed it. */
  isOpenAtFirst(row: Row): boolean;
}

export type TableColumn = Pick<Column<never>, 'id' | 'title' | 'priority' | 'cut'> & {
  readonly align: 'left' | 'right';
  /** Always shown: it tells which row this is. */
  readonly leads: boolean;
};

export interface Table {
  readonly columns: readonly TableColumn[];
  /** Rows of the list itself; those that a tree makes when it is opened have the numbers from here on. */
  readonly count: number;
  /** Whether its rows have a state to mark. */
  readonly marked: boolean;
  readonly key: (row: number) => string;
  readonly id: (row: number) => string;
  /** Foreign text, not yet escaped. */
  readonly text: (row: number, column: number) => string;
  readonly sortKey: (row: number, column: number) => string | number | bigint;
  readonly tone: (row: number) => RowTone;
  readonly item: (row: number) => JsonItem;
  readonly gaps: (row: number) => readonly Gap[];
  /** Everything that can be read in the row, in small letters; computed once. */
  readonly haystack: (row: number) => string;
  readonly isOwn: (row: number) => boolean;
  readonly isNotice: (row: number) => boolean;
  readonly tree?: TableTree;
  readonly facts: (row: number) => readonly RowFact[];
  readonly compared: (row: number) => ReconcileRow | undefined;
  readonly whenEmpty?: string;
  readonly gist?: string;
  readonly wants?: readonly FacetName[];
}

/** {@link Branches} by number. */
export interface TableTree {
  readonly roots: readonly number[];
  readonly parent: (row: number) => number | undefined;
  readonly isBranch: (row: number) => boolean;
  readonly children: (row: number) => readonly number[];
  readonly isOpenAtFirst: (row: number) => boolean;
}

/** The table of a kind; `lead` names the columns that come first. */
export const tableOf = (kind: AnyKind, lead: readonly string[], host: HostSnapshot): Table =>
  kind.use((k) => tableFrom({ ...k, rows: rowsOf(k, host) }, lead, host.at));

/** @param at the moment of the picture, which ages are counted to */
export const tableFrom = <Row>(sheet: Sheet<Row>, lead: readonly string[], at: string): Table => {
  const rows: Row[] = [...sheet.rows];
  const columns = inOrder(sheet.columns, lead);
  const haystacks: string[] = [];
  const rowAt = (row: number): Row => {
    if (row < 0 || row >= rows.length) throw new RangeError(`there is no row ${row} among ${rows.length}`);
    return rows[row] as Row;
  };
  const columnAt = (column: number): Column<Row> => {
    const found = columns[column];
    if (found === undefined) throw new RangeError(`there is no column ${column} among ${columns.length}`);
    return found;
  };
  const text = (row: number, column: number): string => columnAt(column).text(rowAt(row), at);
  const { branches } = sheet;
  return {
    columns: columns.map((c) => ({
      id: c.id,
      title: c.title,
      priority: c.priority,
      align: c.align ?? 'left',
      leads: lead.includes(c.id),
      ...(c.cut === undefined ? {} : { cut: c.cut }),
    })),
    count: rows.length,
    marked: sheet.tone !== undefined,
    key: (row) => sheet.key(rowAt(row)),
    id: (row) => sheet.id(rowAt(row)),
    text,
    sortKey: (row, column) => columnAt(column).sortKey?.(rowAt(row)) ?? text(row, column),
    tone: (row) => sheet.tone?.(rowAt(row)) ?? 'plain',
    item: (row) => sheet.item(rowAt(row)),
    gaps: (row) => sheet.gaps?.(rowAt(row)) ?? [],
    haystack: (row) => {
      const known = haystacks[row];
      if (known !== undefined) return known;
      const made = sheet.haystack?.(rowAt(row)) ?? haystackOf(rowAt(row), columns, at);
      haystacks[row] = made;
      return made;
    },
    isOwn: (row) => sheet.isOwn?.(rowAt(row)) ?? true,
    isNotice: (row) => sheet.isNotice?.(rowAt(row)) ?? false,
    ...(branches === undefined ? {} : { tree: treeOf(branches, rows, rowAt) }),
    facts: (row) => sheet.facts?.(rowAt(row)) ?? [],
    compared: (row) => sheet.compared?.(rowAt(row)),
    ...(sheet.whenEmpty === undefined ? {} : { whenEmpty: sheet.whenEmpty }),
    ...(sheet.gist === undefined ? {} : { gist: sheet.gist }),
    ...(sheet.wants === undefined ? {} : { wants: sheet.wants }),
  };
};

/** All cells of a row in small letters, a line for each. */
export const haystackOf = <Row>(row: Row, columns: readonly Column<Row>[], at: string): string =>
  columns
    .map((c) => c.text(row, at))
    .join('\n')
    .toLowerCase();

// New rows are put behind those that are there.
function treeOf<Row>(branches: Branches<Row>, rows: Row[], rowAt: (row: number) => Row): TableTree {
  const made: (readonly number[] | undefined)[] = [];
  let numbers: Map<Row, number> | undefined;
  // Not before somebody opens a row: as long as all are closed, a tree costs what a list does.
  const numbered = (): Map<Row, number> => {
    numbers ??= new Map(rows.map((row, i) => [row, i]));
    return numbers;
  };
  const numberOf = (row: Row): number => {
    const known = numbered().get(row);
    if (known !== undefined) return known;
    numbered().set(row, rows.length);
    return rows.push(row) - 1;
  };
  return {
    roots: branches.roots === undefined ? [...rows.keys()] : branches.roots.map(numberOf),
    parent: (row) => {
      const above = branches.parent(rowAt(row));
      return above === undefined ? undefined : numberOf(above);
    },
    isBranch: (row) => branches.isBranch(rowAt(row)),
    children: (row) => {
      const known = made[row] ?? branches.children(rowAt(row)).map(numberOf);
      made[row] = known;
      return known;
    },
    isOpenAtFirst: (row) => branches.isOpenAtFirst(rowAt(row)),
  };
}

// What the rows' joins ask about Docker itself, whatever the kind wants.
const JOINED: readonly FacetName[] = ['docker.discovery', 'docker.endpoint'];

// A snapshot shares with the one before it whatever did not change: then the rows are shared as well.
const lastRows = new WeakMap<object, { readonly basis: readonly unknown[]; readonly rows: unknown }>();

function rowsOf<Row>(kind: Kind<Row>, host: HostSnapshot): readonly Row[] {
  const basis = [...JOINED, ...kind.wants].map((name) => host.facets[name]);
  const last = lastRows.get(kind);
  if (last?.basis.every((fact, i) => fact === basis[i]) === true) return last.rows as readonly Row[];
  const rows = kind.rows(host);
  lastRows.set(kind, { basis, rows });
  return rows;
}

function inOrder<Row>(columns: readonly Column<Row>[], lead: readonly string[]): readonly Column<Row>[] {
  const first = lead.flatMap((id) => columns.filter((c) => c.id === id));
  return [...first, ...columns.filter((c) => !first.includes(c))];
}
