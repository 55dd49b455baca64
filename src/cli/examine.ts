/** What doctor and report do alike: collect what the probes want, run them, look again before believing. */
import { diagnose, wantsOf } from '../diagnose/engine.ts';
import type { Diagnosis, Probe, Verdict } from '../host/finding.ts';
import type { FacetName, HostSnapshot } from '../host/snapshot.ts';
import type { UnknownEntry } from '../host/unknown-entries.ts';
import { EXIT } from './exit-codes.ts';
import type { GlobalOptions } from './globals.ts';
import { type HostSource, openHost } from './host-source.ts';

export interface Examined {
  readonly host: HostSnapshot;
  readonly diagnosis: Diagnosis;
  readonly unknown: readonly UnknownEntry[];
}

/**
 * Collects and diagnoses the host.
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
  const source = await openHost(globals);
  try {
    return await examineHost(source, probes, more, unknownIn);
  } finally {
    await source.close();
  }
};

async function examineHost(
  source: HostSource,
  probes: readonly Probe[],
  more: readonly FacetName[],
  unknownIn: (host: HostSnapshot) => readonly UnknownEntry[],
): Promise<Examined | undefined> {
  const host = await source.collect([...new Set([...wantsOf(probes), ...more])]);
  if (!(await source.introduce(host))) return undefined;
  const unknown = unknownIn(host);
  const diagnosis = await diagnose(host, probes, source.recheck, unknown.length);
  return { host, diagnosis, unknown };
}

/** The exit code of a diagnosis. */
export const exitCodeOf = ({ verdict }: Diagnosis): number => exitCodeOfVerdict(verdict);

/** The exit code of whatever ends with a verdict. */
export const exitCodeOfVerdict = (verdict: Verdict): number => {
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
