/** What a list wanted to know and does not: counted for the panel, listed for the details. */
import type { Gap } from '../host/observed.ts';
import { facet, type HostSnapshot } from '../host/snapshot.ts';
import { type UnknownEntry, unknownFacets } from '../host/unknown-entries.ts';
import type { Table, ViewKind } from './table.ts';

export interface Unknowns {
  /** Sources that answered in full, and all that were asked. */
  readonly answered: number;
  readonly asked: number;
  /** Of the sources as a whole and of parts of their listings. */
  readonly entries: readonly UnknownEntry[];
  /** Rows that lack something, and what the first of them lacks. */
  readonly rows: number;
  readonly firstGap: Gap | undefined;
}

export const unknownsOf = (host: HostSnapshot, kind: ViewKind, table: Table): Unknowns => {
  const reported = new Set(kind.reportedByRows);
  const asked = (table.wants ?? kind.wants).filter((name) => facet(host, name).state !== 'notCollected');
  const answered = asked.filter((name) => unknownFacets(host, [name]).length === 0);
  let rows = 0;
  let firstGap: Gap | undefined;
  for (let row = 0; row < table.count; row += 1) {
    const [gap] = table.gaps(row);
    if (gap === undefined) continue;
    rows += 1;
    firstGap ??= gap;
  }
  return {
    asked: asked.length,
    answered: answered.length,
    entries: unknownFacets(
      host,
      asked.filter((name) => !reported.has(name)),
    ),
    rows,
    firstGap,
  };
};

/** A gap in words: `status, pid: timeout — the shim did not answer within 2 s`. */
export const gapWords = (gap: {
  readonly state: string;
  readonly why: string;
  readonly fields?: readonly string[];
}): string => `${gap.fields === undefined ? '' : `${gap.fields.join(', ')}: `}${gap.state} — ${gap.why}`;
