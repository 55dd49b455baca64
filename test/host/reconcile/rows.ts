/** What a comparison says of a made-up host. */
import { unknown } from '../../../src/host/observed.ts';
import { isAlarm, reconcile } from '../../../src/host/reconcile/reconcile.ts';
import type { ReconcileRow } from '../../../src/host/reconcile/row.ts';
import type { HostSnapshot } from '../../../src/host/snapshot.ts';
import { AT } from './objects.ts';

export const unreadable = (name: string): ReturnType<typeof unknown> =>
  unknown('denied', name, 'permission denied', AT, 1);

export const alarmsOf = (host: HostSnapshot): readonly string[] =>
  reconcile(host)
    .rows.filter(isAlarm)
    .map(({ kind, name, rule }) => `${kind} ${name}: ${rule}`);

export const rowsOf = (host: HostSnapshot): readonly ReconcileRow[] => reconcile(host).rows;

export const rowNamed = (host: HostSnapshot, name: string): ReconcileRow => {
  const found = rowsOf(host).filter((row) => row.name === name);
  const [row] = found;
  if (row === undefined || found.length > 1) {
    throw new Error(`${found.length} rows are called ${name}: ${rowsOf(host).map((r) => r.name)}`);
  }
  return row;
};
