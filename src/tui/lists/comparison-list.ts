/** Docker beside containerd: what several looks at both have in common. */
import { inOrder, reconciled } from '../../host/kinds/reconcile.ts';
import { isUnknown } from '../../host/observed.ts';
import type { Reconciliation } from '../../host/reconcile/reconcile.ts';
import type { ReconcileRow } from '../../host/reconcile/row.ts';
import type { ReconcileState } from '../../host/reconcile/rules.ts';
import type { Captured } from '../captured.ts';
import type { Sheet, ViewKind } from '../table.ts';

/** The comparison has no facet of its own: it is of many. */
export const COMPARISON: ViewKind = {
  name: reconciled.name,
  singular: reconciled.singular,
  facet: null,
  wants: reconciled.wants,
  whenEmpty: reconciled.whenEmpty,
};

export const comparisonSheet = ({ comparison }: Captured): Sheet<ReconcileRow> => {
  const rows = comparison === undefined ? [] : inOrder(comparison.reconciliation.rows);
  return {
    ...reconciled,
    rows,
    columns: reconciled.columns,
    compared: (row) => row,
    ...(comparison === undefined ? {} : wordsOf(comparison.reconciliation, rows)),
  };
};

// Where nothing is to be compared, nothing is missing for it.
function wordsOf(
  { nothing, mode }: Reconciliation,
  rows: readonly ReconcileRow[],
): Pick<Sheet<ReconcileRow>, 'gist' | 'whenEmpty' | 'wants'> {
  if (nothing === undefined) return { gist: `${countsOf(rows)} · ${mode}`, wants: reconciled.wants };
  const why = nothing.why ?? 'no Docker uses this containerd';
  return isUnknown(nothing)
    ? { whenEmpty: `nothing could be compared: ${why}`, wants: reconciled.wants }
    : { whenEmpty: `nothing to compare: ${why}`, wants: [] };
}

const TOLD: readonly ReconcileState[] = ['broken', 'stale', 'unknown'];

function countsOf(rows: readonly ReconcileRow[]): string {
  const counts = TOLD.flatMap((state) => {
    const n = rows.filter((row) => row.state === state).length;
    return n === 0 ? [] : [`${n} ${state}`];
  });
  return counts.length === 0 ? 'nothing wrong' : counts.join(', ');
}
