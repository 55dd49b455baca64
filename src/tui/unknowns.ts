/** What a list wanted to know and does not: counted for the panel, listed for the details. */
import type { AnyKind } from '../host/kinds/index.ts';
import type { Gap } from '../host/observed.ts';
import { facet, type HostSnapshot } from '../host/snapshot.ts';
import { type UnknownEntry, unknownFacets } from '../host/unknown-entries.ts';
import type { Table } from './table.ts';

export interface Unknowns {
  /** Sources that answered in full, and all that were asked. */
  readonly answered: number;
  readonly asked: number;
  /** Of the sources as a whole and of parts of their listings. */
  readonly entries: readonly UnknownEntry[];
  /** Rows that lack something. */
  readonly rows: number;
}

export const unknownsOf = (host: HostSnapshot, kind: AnyKind, table: Table): Unknowns => {
  const reported = new Set(kind.reportedByRows);
  const asked = kind.wants.filter((name) => facet(host, name).state !== 'notCollected');
  const answered = asked.filter((name) => unknownFacets(host, [name]).length === 0);
  let rows = 0;
  for (let row = 0; row < table.count; row += 1) if (table.gaps(row).length > 0) rows += 1;
  return {
    asked: asked.length,
    answered: answered.length,
    entries: unknownFacets(
      host,
      asked.filter((name) => !reported.has(name)),
    ),
    rows,
  };
};

/** A gap in words: `status, pid: timeout — the shim did not answer within 2 s`. */
export const gapWords = (gap: Pick<Gap, 'state' | 'why'> & { readonly fields?: readonly string[] }): string =>
  `${gap.fields === undefined ? '' : `${gap.fields.join(', ')}: `}${gap.state} — ${gap.why}`;
