import { reconcile, reconcileWants } from '../reconcile/reconcile.ts';
import { type ReconcileRow, type ReconcileSide, rowKey } from '../reconcile/row.ts';
import { RULES, STATES } from '../reconcile/rules.ts';
import { compareText, type JsonItem, type Kind } from './kind.ts';

const sideText = (side: ReconcileSide | undefined): string => side?.says ?? '?';

/** Rows as they are shown: what is wrong first. */
export const inOrder = (rows: readonly ReconcileRow[]): readonly ReconcileRow[] =>
  rows.toSorted(
    (a, b) =>
      STATES.indexOf(a.state) - STATES.indexOf(b.state) ||
      compareText(a.kind, b.kind) ||
      compareText(a.name, b.name) ||
      compareText(a.id, b.id),
  );

/** Docker beside containerd, object by object. */
export const reconciled: Kind<ReconcileRow> = {
  name: 'reconcile',
  singular: 'comparison',
  facet: 'docker.containers',
  wants: reconcileWants(),
  rows: (host) => inOrder(reconcile(host).rows),
  columns: [
    {
      id: 'state',
      title: 'STATE',
      priority: 1,
      text: (r) => r.state,
      sortKey: (r) => STATES.indexOf(r.state),
    },
    { id: 'kind', title: 'KIND', priority: 1, text: (r) => r.kind },
    { id: 'name', title: 'NAME', priority: 1, cut: 'middle', text: (r) => r.name },
    { id: 'docker', title: 'DOCKER', priority: 2, cut: 'end', text: (r) => sideText(r.docker) },
    { id: 'containerd', title: 'CONTAINERD', priority: 2, cut: 'end', text: (r) => sideText(r.containerd) },
    // Of less than comes with importance 4 nothing is left that says which rule it is.
    { id: 'rule', title: 'RULE', priority: 4, cut: 'end', text: (r) => RULES[r.rule].says },
    { id: 'detail', title: 'DETAIL', priority: 4, cut: 'end', text: (r) => r.detail || '-' },
    { id: 'id', title: 'ID', priority: 5, cut: 'middle', text: (r) => r.id },
  ],
  item: (row): JsonItem => ({
    kind: row.kind,
    namespace: row.namespace,
    name: row.name,
    id: row.id,
    state: row.state,
    rule: RULES[row.rule].says,
    ruleId: row.rule,
    detail: row.detail === '' ? null : row.detail,
    unchecked: row.unchecked,
    ...(row.docker === undefined ? {} : { docker: row.docker }),
    ...(row.containerd === undefined ? {} : { containerd: row.containerd }),
  }),
  id: (r) => r.id,
  names: (r) => [r.name],
  key: rowKey,
  tone: (r) => TONES[r.state],
  whenEmpty: 'nothing to compare: neither Docker nor its namespace in containerd has an object',
};

const TONES = {
  agrees: 'pass',
  expected: 'plain',
  stale: 'warn',
  broken: 'bad',
  unknown: 'unknown',
} as const;
