/** What a comparison comes to, in one word and one sentence. */
import { count } from '../../text/units.ts';
import type { Verdict } from '../finding.ts';
import { isUnknown } from '../observed.ts';
import type { Reconciliation } from './reconcile.ts';
import type { ReconcileRow } from './row.ts';
import { type ReconcileState, RULES } from './rules.ts';

export interface ReconcileVerdict {
  readonly verdict: Verdict;
  /** The sentence. */
  readonly summary: string;
}

/** @param unread number of facts that could not be read: they keep a pass from being whole */
export const reconcileVerdict = (
  { nothing, mode, rows }: Reconciliation,
  unread: number,
): ReconcileVerdict => {
  if (nothing !== undefined) {
    const why = nothing.why ?? 'no Docker uses this containerd';
    return isUnknown(nothing)
      ? { verdict: 'partial', summary: `nothing could be compared: ${why}` }
      : { verdict: 'pass', summary: `nothing to compare: ${why}` };
  }
  const of = (state: ReconcileState): readonly ReconcileRow[] => rows.filter((row) => row.state === state);
  const [broken, stale, unknown] = [of('broken'), of('stale'), of('unknown')];
  const missing = [
    unknown.length === 0 ? '' : `; ${count(unknown.length, 'object')} could not be compared`,
    unread === 0 ? '' : `; ${count(unread, 'fact')} could not be read`,
  ].join('');
  const [first] = [...broken, ...stale];
  if (first !== undefined) {
    const counts = [
      broken.length === 0 ? '' : `${broken.length} broken`,
      stale.length === 0 ? '' : `${stale.length} stale`,
    ];
    const what = `${first.kind} ${first.name}: ${RULES[first.rule].says}`;
    const summary = `${counts.filter((part) => part !== '').join(', ')}: ${what}${missing}`;
    if (broken.length > 0) return { verdict: 'fail', summary };
    return { verdict: missing === '' ? 'warn' : 'partial', summary };
  }
  const same = `${count(of('agrees').length, 'object')} the same, ${of('expected').length} different as they should be`;
  return missing === ''
    ? { verdict: 'pass', summary: `Docker and containerd agree: ${same} with ${mode}` }
    : { verdict: 'partial', summary: `nothing wrong in what could be read: ${same} with ${mode}${missing}` };
};
