/**
 * A fact with its provenance: what we know, that we looked and it is not there, or why we do not know.
 * An empty list is a fact; a list that could not be read is not, and the two never share a type.
 */

/** RFC 3339 in UTC, with as many fractional digits as the source gave (at most nine). */
export type Timestamp = string;

/** Why a fact is not known. */
export type UnknownState =
  | 'denied'
  | 'timeout'
  | 'unreachable'
  | 'unsupported'
  | 'offline'
  | 'failed'
  | 'truncated'
  | 'withheld'
  | 'notCollected';

export interface Seen<T> {
  readonly state: 'seen';
  readonly value: T;
  readonly at: Timestamp;
  /** The RPC, file or command the value came from. */
  readonly from: string;
}

export interface Absent {
  readonly state: 'absent';
  readonly at: Timestamp;
  readonly from: string;
  /** Why it is right that nothing is there, where that needs words. */
  readonly why?: string;
}

export interface Unknown {
  readonly state: UnknownState;
  readonly from: string;
  readonly why: string;
  readonly at: Timestamp;
  /** How long we waited before giving up, in milliseconds. */
  readonly ms: number;
}

export type Observed<T> = Seen<T> | Absent | Unknown;

/** Narrows to the two states in which we know. */
export const isKnown = <T>(fact: Observed<T>): fact is Seen<T> | Absent =>
  fact.state === 'seen' || fact.state === 'absent';

/** Narrows to the states in which we do not know. */
export const isUnknown = <T>(fact: Observed<T>): fact is Unknown => !isKnown(fact);

/** The value, where it was seen. */
export const seenValue = <T>(fact: Observed<T>): T | undefined =>
  fact.state === 'seen' ? fact.value : undefined;

export const seen = <T>(value: T, from: string, at: Timestamp): Seen<T> => ({
  state: 'seen',
  value,
  at,
  from,
});

export const absent = (from: string, at: Timestamp, why?: string): Absent =>
  why === undefined ? { state: 'absent', at, from } : { state: 'absent', at, from, why };

export const unknown = (
  state: UnknownState,
  from: string,
  why: string,
  at: Timestamp,
  ms: number,
): Unknown => ({ state, from, why, at, ms });

/** The object a gap is about; the parts that are known. */
export interface ObjectRef {
  readonly kind?: string;
  readonly namespace?: string;
  readonly id?: string;
}

/** A part of a listing that could not be read: a whole namespace, one object, or some fields of one object. */
export interface Gap extends Unknown {
  readonly object?: ObjectRef;
  /** The JSON keys that are missing from the object because of this gap. */
  readonly fields?: readonly string[];
}

/** What was read of a kind, and which parts of it could not be. */
export interface Listing<T> {
  readonly items: readonly T[];
  readonly gaps: readonly Gap[];
}
