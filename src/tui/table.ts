/** A kind's rows in one snapshot, addressed by number: what the list, the filter and the details share. */
import type { AnyKind } from '../host/kinds/index.ts';
import type { Column, JsonItem, Kind, RowTone } from '../host/kinds/kind.ts';
import type { Gap } from '../host/observed.ts';
import type { FacetName, HostSnapshot } from '../host/snapshot.ts';

export type TableColumn = Pick<Column<never>, 'id' | 'title' | 'priority' | 'cut'> & {
  readonly align: 'left' | 'right';
  /** Always shown: it tells which row this is. */
  readonly leads: boolean;
};

export interface Table {
  readonly columns: readonly TableColumn[];
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
}

/** The table of a kind; `lead` names the columns that come first. */
export const tableOf = (kind: AnyKind, lead: readonly string[], host: HostSnapshot): Table =>
  kind.use((k) => closeOver(k, lead, host));

function closeOver<Row>(kind: Kind<Row>, lead: readonly string[], host: HostSnapshot): Table {
  const rows = rowsOf(kind, host);
  const columns = inOrder(kind.columns, lead);
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
  const text = (row: number, column: number): string => columnAt(column).text(rowAt(row), host.at);
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
    marked: kind.tone !== undefined,
    key: (row) => kind.key(rowAt(row)),
    id: (row) => kind.id(rowAt(row)),
    text,
    sortKey: (row, column) => columnAt(column).sortKey?.(rowAt(row)) ?? text(row, column),
    tone: (row) => kind.tone?.(rowAt(row)) ?? 'plain',
    item: (row) => kind.item(rowAt(row)),
    gaps: (row) => kind.gaps?.(rowAt(row)) ?? [],
    haystack: (row) => {
      const known = haystacks[row];
      if (known !== undefined) return known;
      const made = columns
        .map((c) => c.text(rowAt(row), host.at))
        .join('\n')
        .toLowerCase();
      haystacks[row] = made;
      return made;
    },
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
