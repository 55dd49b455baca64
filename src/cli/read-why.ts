/** The answer to why something is still here, from a host that changes while it is read. */
import { setTimeout as pause } from 'node:timers/promises';
import type { HostSnapshot } from '../host/snapshot.ts';
import { WHY_WANTS, type WhyResult } from '../host/why.ts';
import type { FactSource } from './host-source.ts';

/** Whoever makes an object and whoever holds it are read one after the other: what nobody holds is looked at again. */
const SETTLE_MS = 300;

/**
 * @param ask finds the object in a snapshot and answers for it
 * @param first a snapshot of {@link WHY_WANTS}
 */
export const readWhy = async (
  source: FactSource,
  ask: (host: HostSnapshot) => WhyResult,
  first: HostSnapshot,
): Promise<{ readonly host: HostSnapshot; readonly result: WhyResult }> => {
  const result = ask(first);
  if (result.state !== 'answer' || result.answer.held === true) return { host: first, result };
  if (source.recheck !== undefined) await pause(SETTLE_MS);
  // Manifests name what they are made of, though it is not kept by that: worth reading only now.
  const host = await source.collect([...WHY_WANTS, 'containerd.manifests']);
  return { host, result: ask(host) };
};
