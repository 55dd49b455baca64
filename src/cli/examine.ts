/** What doctor and report do alike: collect what the probes want, run them, look again before believing. */
import { type LiveHost, openLiveHost } from '../collect/live.ts';
import { diagnose, wantsOf } from '../diagnose/engine.ts';
import type { Diagnosis, Probe } from '../host/finding.ts';
import type { FacetName, HostSnapshot } from '../host/snapshot.ts';
import type { UnknownEntry } from '../host/unknown-entries.ts';
import { EXIT } from './exit-codes.ts';
import { type GlobalOptions, liveOptions } from './globals.ts';
import { foundNobody, sayChoice, sayNobody } from './no-containerd.ts';

export interface Examined {
  readonly host: HostSnapshot;
  readonly diagnosis: Diagnosis;
  readonly unknown: readonly UnknownEntry[];
}

/**
 * Collects and diagnoses the live host.
 * @param more facets that are shown besides what the probes want
 * @param unknownIn what a view of the snapshot does not know
 * @returns undefined when there is no containerd to examine, which has then been said
 */
export const examine = async (
  globals: GlobalOptions,
  probes: readonly Probe[],
  more: readonly FacetName[],
  unknownIn: (host: HostSnapshot) => readonly UnknownEntry[],
): Promise<Examined | undefined> => {
  const live = openLiveHost(liveOptions(globals));
  try {
    return await examineLive(live, globals, probes, more, unknownIn);
  } finally {
    live.close();
  }
};

async function examineLive(
  live: LiveHost,
  globals: GlobalOptions,
  probes: readonly Probe[],
  more: readonly FacetName[],
  unknownIn: (host: HostSnapshot) => readonly UnknownEntry[],
): Promise<Examined | undefined> {
  const host = await live.collect([...new Set([...wantsOf(probes), ...more])]);
  const nobody = foundNobody(host);
  if (nobody !== undefined) {
    await sayNobody(nobody);
    return undefined;
  }
  if (globals.quiet !== true) await sayChoice(host);
  const unknown = unknownIn(host);
  const diagnosis = await diagnose(host, probes, (wants) => live.collect(wants), unknown.length);
  return { host, diagnosis, unknown };
}

/** The exit code of a diagnosis. */
export const exitCodeOf = ({ verdict }: Diagnosis): number => {
  switch (verdict) {
    case 'pass':
      return EXIT.ok;
    case 'warn':
      return EXIT.warn;
    case 'fail':
      return EXIT.fail;
    case 'partial':
      return EXIT.partial;
  }
};
