/** Docker beside containerd, from a host that changes while it is read. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  confirmed,
  isAlarm,
  type Reconciliation,
  reconcile,
  reconcileWants,
} from '../host/reconcile/reconcile.ts';
import type { HostSnapshot } from '../host/snapshot.ts';
import type { FactSource } from './host-source.ts';

/** An object that comes or goes is known to one of the two before the other. */
const SETTLE_MS = 300;
const LOOKS = 3;

/**
 * Whatever is wrong is looked at again: only what every look sees is said. What comes and goes can be seen half twice, as it was
 * made and as it was removed, and not a third time.
 * @param first a snapshot of `reconcileWants()`
 */
export const compareAgain = async (source: FactSource, first: HostSnapshot): Promise<Reconciliation> => {
  let said = reconcile(first);
  for (let looks = 1; looks < LOOKS && source.recheck !== undefined && said.rows.some(isAlarm); looks += 1) {
    await pause(SETTLE_MS);
    said = confirmed(said, reconcile(await source.collect(reconcileWants())));
  }
  return said;
};
