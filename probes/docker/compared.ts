/** What the probes of Docker and containerd have in common: the comparison, and claims made of its rows. */
import type { Claim, NextStep, ProbeAnswer } from '../../src/host/finding.ts';
import { isUnknown, type Observed, seenValue } from '../../src/host/observed.ts';
import {
  isAlarm,
  type ReconcilePart,
  reconcile,
  reconcileWants,
} from '../../src/host/reconcile/reconcile.ts';
import type { ReconcileRow } from '../../src/host/reconcile/row.ts';
import { RULES } from '../../src/host/reconcile/rules.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { shellWord } from '../../src/text/shell.ts';
import { count } from '../../src/text/units.ts';

/** What a claim says beyond what its row does. */
export interface Advice {
  readonly why: string;
  readonly impact: string;
  /** The least harmful first. */
  readonly next: readonly NextStep[];
}

/** The commands that a step may use, pointed at the daemons of the snapshot. */
export interface Tools {
  readonly docker: string;
  /** In the namespace of Docker's containers. */
  readonly ctr: string;
}

/** Compares one part and claims what is wrong in it; undefined advice leaves a rule to another probe. */
export const compared = (
  host: HostSnapshot,
  part: ReconcilePart,
  advise: (row: ReconcileRow, tools: Tools) => Advice | undefined,
): ProbeAnswer => {
  const { nothing, mode, rows } = reconcile(host, [part]);
  if (nothing !== undefined) {
    const reason = nothing.why ?? 'no Docker uses this containerd';
    return { outcome: isUnknown(nothing) || !wasLookedFor(host) ? 'skip' : 'pass', reason };
  }
  const claims = rows.flatMap((row) => claimOf(row, host, advise));
  if (claims.length > 0) return { outcome: 'claims', claims };
  const unread = reconcileWants([part]).flatMap((name) => {
    const fact: Observed<unknown> = facet(host, name);
    return isUnknown(fact) ? [`${name} is not known: ${fact.why}`] : [];
  });
  const doubtful = rows.flatMap(({ kind, name, detail, unchecked, state }) =>
    state === 'unknown' || unchecked.length > 0
      ? [`${kind} ${name}: ${[detail, ...unchecked].join('; ')}`]
      : [],
  );
  const [first] = [...unread, ...doubtful];
  if (first !== undefined) return { outcome: 'skip', reason: first };
  return { outcome: 'pass', reason: `${count(rows.length, 'object')} compared (${mode})` };
};

// Where there was no containerd to look around, that no Docker was found says nothing.
function wasLookedFor(host: HostSnapshot): boolean {
  return host.from === 'disk' || facet(host, 'docker.discovery').state === 'seen';
}

function claimOf(
  row: ReconcileRow,
  host: HostSnapshot,
  advise: (row: ReconcileRow, tools: Tools) => Advice | undefined,
): readonly Claim[] {
  // Said of the object that it follows from.
  if (!isAlarm(row) || row.because !== null) return [];
  const advice = advise(row, toolsOf(host, row));
  if (advice === undefined) return [];
  const { kind, namespace, id, name, rule, detail, state, docker, containerd, unchecked } = row;
  const layer = kind === 'task' || kind === 'lease' || kind === 'snapshot' ? 'containerd' : 'docker';
  return [
    {
      title: `${kind} ${name}: ${RULES[rule].says}${detail === '' ? '' : ` (${detail})`}`,
      outcome: state === 'broken' ? 'fail' : 'warn',
      confidence: unchecked.length === 0 ? 'certain' : 'likely',
      object: { layer, namespace, kind, id, name: name === id ? null : name },
      evidence: [...(docker?.evidence ?? []), ...(containerd?.evidence ?? [])],
      ...advice,
      references: [],
    },
  ];
}

function toolsOf(host: HostSnapshot, { namespace }: ReconcileRow): Tools {
  const endpoint = seenValue(facet(host, 'docker.endpoint'));
  const socket = endpoint?.address.replace(/^\/var\/run\//, '/run/');
  const docker =
    socket === undefined || socket === '/run/docker.sock'
      ? 'docker'
      : `docker -H ${shellWord(`unix://${socket}`)}`;
  const address = endpoint === undefined ? undefined : seenValue(endpoint.containerd);
  const own = address === undefined || address === '/run/containerd/containerd.sock';
  const ctr = `${own ? 'ctr' : `ctr --address ${shellWord(address)}`} -n ${shellWord(namespace ?? 'moby')}`;
  return { docker, ctr };
}
