/** One object that Docker, containerd or both have, with what each of them says. */
import type { Evidence, Layer } from '../finding.ts';
import { isUnknown, type Observed, type Unknown } from '../observed.ts';
import { type ReconcileState, RULES, type RuleName, STATES } from './rules.ts';

export type ReconcileObject =
  | 'image'
  | 'reference'
  | 'layer'
  | 'container'
  | 'task'
  | 'lease'
  | 'snapshot'
  | 'mount'
  | 'directory';

/** What one side has of the object. */
export interface ReconcileSide {
  readonly has: boolean;
  /** In a few words. */
  readonly says: string;
  readonly evidence: readonly Evidence[];
}

export interface ReconcileRow {
  readonly kind: ReconcileObject;
  /** containerd's; null for what only Docker's files have. */
  readonly namespace: string | null;
  /** As people know it; the id where it has no name. */
  readonly name: string;
  readonly id: string;
  readonly state: ReconcileState;
  /** Its name is stable; the words are in {@link RULES}. */
  readonly rule: RuleName;
  /** What there is to say beyond the rule: what is missing, or why it could not be compared. */
  readonly detail: string;
  /** What could not be compared besides: the state is that of what could. */
  readonly unchecked: readonly string[];
  /** Undefined: not known. */
  readonly docker: ReconcileSide | undefined;
  readonly containerd: ReconcileSide | undefined;
  /** The key of the row that this one's state follows from. */
  readonly because: string | null;
}

/** Unique, and stable from one look to the next. */
export const rowKey = ({ kind, namespace, id }: Pick<ReconcileRow, 'kind' | 'namespace' | 'id'>): string =>
  JSON.stringify([kind, namespace, id]);

/** One question asked of an object. */
export interface Check {
  readonly rule: RuleName;
  readonly detail?: string;
  readonly docker?: readonly Evidence[];
  readonly containerd?: readonly Evidence[];
  readonly because?: string;
  /** Of a check that could not be made: whether the row still has a state without it. */
  readonly beside?: true;
}

export interface Sides {
  readonly docker: ReconcileSide | undefined;
  readonly containerd: ReconcileSide | undefined;
}

/**
 * The row that the checks make: its state is the worst of theirs, and of equals the first one's. What the deciding check
 * has seen stands before what the sides show anyway.
 */
export const rowOf = (
  object: Pick<ReconcileRow, 'kind' | 'namespace' | 'name' | 'id'>,
  sides: Sides,
  checks: readonly Check[],
): ReconcileRow => {
  const beside = checks.filter((check) => check.beside === true);
  const decisive = checks.filter((check) => check.beside !== true);
  const [check = NOTHING] = STATES.flatMap((state) =>
    (decisive.length === 0 ? beside : decisive).filter(({ rule }) => RULES[rule].state === state),
  );
  return {
    ...object,
    state: RULES[check.rule].state,
    rule: check.rule,
    detail: check.detail ?? '',
    unchecked: beside.filter((other) => other !== check).map(({ detail = '' }) => detail),
    docker: withEvidence(sides.docker, check.docker),
    containerd: withEvidence(sides.containerd, check.containerd),
    because: check.because ?? null,
  };
};

const NOTHING: Check = { rule: 'unread', detail: 'nothing of it could be read' };

function withEvidence(
  side: ReconcileSide | undefined,
  evidence: readonly Evidence[] = [],
): ReconcileSide | undefined {
  if (evidence.length === 0) return side;
  if (side === undefined) return { has: false, says: evidence[0]?.value ?? '', evidence };
  return { ...side, evidence: [...evidence, ...side.evidence] };
}

/** The check that could not be made. */
export const unread = ({ from, why }: Unknown, what: string): Check => ({
  rule: 'unread',
  detail: `${what}: ${why === '' ? `${from} is not known` : why}`,
});

/** One without which the row still has a state. */
export const unreadBeside = (fact: Unknown, what: string): Check => ({ ...unread(fact, what), beside: true });

/** What a fact shows, as evidence; one that is unknown shows nothing. */
export const evidenceOf = <T>(
  layer: Layer,
  fact: Observed<T>,
  field: string,
  value: (value: T) => string,
  without: string = 'not there',
): readonly Evidence[] => {
  if (isUnknown(fact)) return [];
  const said = fact.state === 'seen' ? value(fact.value) : without;
  return [{ layer, source: fact.from, field, value: said, at: fact.at }];
};

/** The side that the evidence makes; undefined where none of it is known. */
export const sideOf = (
  facts: readonly Observed<unknown>[],
  says: string,
  evidence: readonly Evidence[],
): ReconcileSide | undefined => {
  const has = facts.some(({ state }) => state === 'seen');
  if (!has && facts.some(isUnknown)) return undefined;
  return { has, says: has ? says : 'nothing', evidence };
};
