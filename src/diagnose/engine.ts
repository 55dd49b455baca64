/** Runs probes over a snapshot, asks the host again before believing them, ranks what they found. */
import { createHash } from 'node:crypto';
import type { Claim, Diagnosis, Finding, Probe, ProbeOutcome, Verdict } from '../host/finding.ts';
import { isUnknown } from '../host/observed.ts';
import { type FacetName, facet, type HostSnapshot } from '../host/snapshot.ts';
import { count } from '../text/units.ts';
import { claimHere } from './steps-on-disk.ts';

/** Reads facets again; a recorded host has none. */
export type Recheck = (wants: readonly FacetName[]) => Promise<HostSnapshot>;

/** What the probes want together. */
export const wantsOf = (probes: readonly Probe[]): FacetName[] => [
  ...new Set(probes.flatMap(({ wants }) => wants)),
];

/**
 * Runs the probes. A finding on a live host is reported only when a second look says the same.
 * @param unread number of wanted facts outside the probes that could not be read: they keep a pass from being whole
 */
export const diagnose = async (
  host: HostSnapshot,
  probes: readonly Probe[],
  recheck: Recheck | undefined,
  unread: number = 0,
): Promise<Diagnosis> => {
  const runs = probes.map((probe) => runProbe(probe, host));
  const doubted = runs.filter(({ claims }) => claims.length > 0).map(({ probe }) => probe);
  const settled =
    recheck === undefined || doubted.length === 0 ? runs : await confirmAll(runs, recheck, wantsOf(doubted));
  const findings = settled.flatMap(({ probe, claims }) => claims.map((claim) => findingOf(probe, claim)));
  const outcomes = settled.map(({ outcome }) => outcome);
  const verdict = verdictOf(outcomes, unread);
  return {
    verdict,
    summary: summaryOf(verdict, rank(findings), outcomes, unread),
    findings: rank(findings),
    probes: outcomes,
  };
};

interface Run {
  readonly probe: Probe;
  readonly outcome: ProbeOutcome;
  readonly claims: readonly Claim[];
}

function runProbe(probe: Probe, host: HostSnapshot): Run {
  const ended = (outcome: ProbeOutcome['outcome'], reason: string, claims: readonly Claim[] = []): Run => ({
    probe,
    outcome: { id: probe.id, title: probe.title, outcome, reason },
    claims,
  });
  for (const need of probe.needs) {
    const fact = facet(host, need);
    // What cannot be read is never a pass.
    if (isUnknown(fact)) return ended('skip', `${need} is not known: ${fact.why}`);
  }
  try {
    const answer = probe.run(host);
    if (answer.outcome !== 'claims') return ended(answer.outcome, answer.reason);
    if (answer.claims.length === 0) return ended('pass', 'nothing found');
    return claimed(
      probe,
      answer.claims.map((claim) => claimHere(host, claim)),
    );
  } catch (error) {
    return ended('error', error instanceof Error ? error.message : String(error));
  }
}

function claimed(probe: Probe, claims: readonly Claim[]): Run {
  const outcome = claims.some((claim) => claim.outcome === 'fail') ? 'fail' : 'warn';
  const reason = claims.map(({ title }) => title).join('; ');
  return { probe, claims, outcome: { id: probe.id, title: probe.title, outcome, reason } };
}

async function confirmAll(
  runs: readonly Run[],
  recheck: Recheck,
  wants: readonly FacetName[],
): Promise<readonly Run[]> {
  let second: HostSnapshot;
  try {
    second = await recheck(wants);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return runs.map((run) =>
      run.claims.length === 0 ? run : unsettled(run, 'error', `it could not be looked at again (${why})`),
    );
  }
  return runs.map((run) => confirm(run, second));
}

// Only what both looks saw is reported; what the second one could not see is not known, rather than gone.
function confirm(run: Run, second: HostSnapshot): Run {
  if (run.claims.length === 0) return run;
  const again = runProbe(run.probe, second);
  const keys = new Set(again.claims.map((claim) => sighting(run.probe, claim)));
  const lasting = run.claims.filter((claim) => keys.has(sighting(run.probe, claim)));
  if (lasting.length > 0) return claimed(run.probe, lasting);
  switch (again.outcome.outcome) {
    case 'pass':
      return unsettled(run, 'pass', 'it was gone when looked at again');
    case 'skip':
    case 'error':
      return unsettled(run, again.outcome.outcome, `looked at again, ${again.outcome.reason}`);
    case 'warn':
    case 'fail':
      return unsettled(run, 'skip', `looked at again, something else was wrong: ${again.outcome.reason}`);
  }
}

function unsettled(run: Run, outcome: ProbeOutcome['outcome'], what: string): Run {
  const reason = `seen once (${run.outcome.reason}); ${what}`;
  return { ...run, claims: [], outcome: { ...run.outcome, outcome, reason } };
}

function findingOf(probe: Probe, claim: Claim): Finding {
  const { recordedAt: _, ...said } = claim;
  return { id: probe.id, ...said, fingerprint: fingerprint(probe, claim) };
}

/** What two looks must have in common: the object, as it was recorded once. */
function sighting(probe: Probe, claim: Claim): string {
  return JSON.stringify([fingerprint(probe, claim), claim.recordedAt ?? []]);
}

function fingerprint({ id }: Probe, { object }: Claim): string {
  const identity = JSON.stringify([id, object.layer, object.namespace, object.kind, object.id]);
  return createHash('sha256').update(identity).digest('hex');
}

// Fails before warnings, certain before likely, a cause directly before its symptoms; else in the order of the probes, of
// which those come first that others rest on.
function rank(findings: readonly Finding[]): Finding[] {
  const probes = [...new Set(findings.map(({ id }) => id))];
  const turn = new Map(probes.map((id, i) => [id, i]));
  const weight = (f: Finding): number =>
    (f.outcome === 'fail' ? 0 : 2) + (f.confidence === 'certain' ? 0 : 1);
  const sorted = findings.toSorted(
    (a, b) =>
      weight(a) - weight(b) ||
      (turn.get(a.id) ?? 0) - (turn.get(b.id) ?? 0) ||
      (a.fingerprint < b.fingerprint ? -1 : 1),
  );
  const ranked = new Set<Finding>();
  const place = (finding: Finding): void => {
    if (ranked.has(finding)) return;
    ranked.add(finding);
    for (const symptom of sorted) if (causeOf(symptom, sorted) === finding) place(symptom);
  };
  for (const finding of sorted) if (causeOf(finding, sorted) === undefined) place(finding);
  for (const finding of sorted) place(finding); // those that name each other as their cause
  return [...ranked];
}

// Of several findings of the probe that is named, the one about the same object; else the first.
function causeOf(symptom: Finding, findings: readonly Finding[]): Finding | undefined {
  const causes = findings.filter((other) => other !== symptom && other.id === symptom.causedBy);
  const { namespace, id } = symptom.object;
  return causes.find(({ object }) => object.namespace === namespace && object.id === id) ?? causes[0];
}

function verdictOf(outcomes: readonly ProbeOutcome[], unread: number): Verdict {
  const has = (outcome: ProbeOutcome['outcome']): boolean => outcomes.some((o) => o.outcome === outcome);
  if (has('fail')) return 'fail';
  // Warnings beside facts that could not be read are not "warnings only".
  if (has('error') || has('skip') || unread > 0) return 'partial';
  return has('warn') ? 'warn' : 'pass';
}

function summaryOf(
  verdict: Verdict,
  findings: readonly Finding[],
  outcomes: readonly ProbeOutcome[],
  unread: number,
): string {
  const first = findings[0];
  const skipped = outcomes.filter(({ outcome }) => outcome === 'skip' || outcome === 'error').length;
  const unchecked = skipped === 0 ? '' : `; ${count(skipped, 'question')} could not be answered`;
  const missing = unread === 0 ? '' : `; ${count(unread, 'fact')} could not be read`;
  switch (verdict) {
    case 'fail':
    case 'warn':
      return first === undefined
        ? `warnings${unchecked}${missing}`
        : `${first.title}${findings.length > 1 ? `, and ${findings.length - 1} more` : ''}${unchecked}${missing}`;
    case 'partial':
      return `${first === undefined ? 'nothing wrong in what could be read' : `${first.title}, among what could be read`}${unchecked}${missing}`;
    case 'pass':
      return `all ${count(outcomes.length, 'question')} answered: nothing wrong`;
  }
}
