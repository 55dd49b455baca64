/** What the probes of Docker and containerd have in common: the comparison, and claims made of its rows. */
import type { Claim, NextStep, ProbeAnswer } from '../../src/host/finding.ts';
import { openQuestion } from '../../src/host/listing-gaps.ts';
import { type Absent, isUnknown, type Observed, seenValue, type Unknown } from '../../src/host/observed.ts';
import {
  isAlarm,
  type ReconcilePart,
  reconcile,
  reconcileWants,
} from '../../src/host/reconcile/reconcile.ts';
import type { ReconcileRow } from '../../src/host/reconcile/row.ts';
import { RULES } from '../../src/host/reconcile/rules.ts';
import { type FacetName, facet, type HostSnapshot, type ListingFacet } from '../../src/host/snapshot.ts';
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
  const { nothing, mode, namespace, rows } = reconcile(host, [part]);
  if (nothing !== undefined) return withoutDocker(host, nothing);
  const claims = rows.flatMap((row) => claimOf(row, host, advise));
  if (claims.length > 0) return { outcome: 'claims', claims };
  const unread = reconcileWants([part]).flatMap((name) => unreadIn(host, name, namespace) ?? []);
  const doubtful = rows.flatMap(({ kind, name, detail, unchecked, state }) =>
    state === 'unknown' || unchecked.length > 0
      ? [`${kind} ${name}: ${[detail, ...unchecked].filter((text) => text !== '').join('; ')}`]
      : [],
  );
  const [first] = [...unread, ...doubtful];
  const [doubt] = doubtful;
  if (first !== undefined && first !== doubt) return { outcome: 'skip', reason: first };
  if (doubt !== undefined) {
    const share = `${doubtful.length} of ${count(rows.length, 'object')} could not be compared`;
    return { outcome: 'skip', reason: doubtful.length === 1 ? doubt : `${share}, the first: ${doubt}` };
  }
  return { outcome: 'pass', reason: `${count(rows.length, 'object')} compared (${mode})` };
};

/** The answer where there is no Docker to ask about, or none can be asked. */
export const withoutDocker = (host: HostSnapshot, nothing: Absent | Unknown): ProbeAnswer => {
  const reason = nothing.why ?? 'no Docker uses this containerd';
  return { outcome: isUnknown(nothing) || !wasLookedFor(host) ? 'skip' : 'pass', reason };
};

// What of a facet is not known that may hide an object. On a disk the files stand for the daemons that wrote them: where the
// word of one decides after all, the object's own row says so.
function unreadIn(host: HostSnapshot, name: FacetName, namespace: string | undefined): string | undefined {
  const fact: Observed<unknown> = facet(host, name);
  if (isUnknown(fact)) {
    const isStoodFor = host.from === 'disk' && fact.state === 'offline';
    return isStoodFor ? undefined : `${name} is not known: ${fact.why}`;
  }
  const isListing = fact.state === 'seen' && asObject(fact.value)['gaps'] !== undefined;
  if (!isListing) return undefined;
  return openQuestion(host, name as ListingFacet, namespace === undefined ? {} : { namespace });
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

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
  const advice = advise(row, toolsOf(host, row.namespace));
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
      next: host.from === 'disk' ? advice.next.map((step) => stepOnDisk(host, step)) : advice.next,
      references: [],
    },
  ];
}

// Of what does not run only its files can be asked here; the rest is for when it runs again.
function stepOnDisk(host: HostSnapshot, { text, command, effect }: NextStep): NextStep {
  if (command === null) return { text, command, effect };
  const own = /^ctrscope (.+)$/s.exec(command)?.[1];
  if (own === undefined) return { text: `when its host runs again: ${text}`, command, effect };
  return {
    text,
    command: `ctrscope --root ${shellWord(facet(host, 'docker.endpoint').from)} ${own}`,
    effect,
  };
}

/** Clients of the daemons of a snapshot, in a namespace. */
export function toolsOf(host: HostSnapshot, namespace: string | null): Tools {
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
