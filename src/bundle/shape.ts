/**
 * What a value of the model looks like, checked where a file of unknown origin is read: past this point the compiler's
 * types hold. Keys that a shape does not name are kept, so that what a later version adds does not matter here.
 */
import type { Gap, ObjectRef, Observed, UnknownState } from '../host/observed.ts';
import type { Timing } from '../host/snapshot.ts';
import { isDeeper } from '../text/exact-json.ts';
import { LIMITS } from './layout.ts';

/** Checks one JSON value. */
export interface Check {
  /** What is wrong and where, e.g. `.pid: expected a number, found null`; undefined when it fits. */
  complaint(value: unknown): string | undefined;
}

/** A check that holds for exactly this type. */
export interface Shape<T> extends Check {
  /** Only for the compiler. */
  readonly fits?: (value: T) => T;
}

/** The value, when it fits. @throws Error that says what does not */
export const parsed = <T>(shape: Shape<T>, value: unknown): T => {
  check(shape, value);
  return value as T;
};

/** @throws Error that says what does not fit */
export const check = (shape: Check, value: unknown): void => {
  const complaint = shape.complaint(value);
  if (complaint !== undefined) throw new Error(complaint.replace(/^: /, ''));
};

const expect = <T>(what: string, fits: (value: unknown) => boolean): Shape<T> => ({
  complaint: (value) => (fits(value) ? undefined : `: expected ${what}, found ${nameOf(value)}`),
});

export const text = <T extends string = string>(): Shape<T> =>
  expect<T>('text', (value) => typeof value === 'string');

/** RFC 3339; whatever it says, it has no other characters, for views print it as it is. */
export const moment: Shape<string> = expect(
  'a time',
  (value) => typeof value === 'string' && /^[-+.:\dTZ]{1,40}$/.test(value),
);

export const number = <T extends number = number>(): Shape<T> =>
  expect<T>('a number', (value) => typeof value === 'number' && Number.isFinite(value));

export const integer: Shape<bigint> = expect('a 64-bit number', (value) => typeof value === 'bigint');

export const flag: Shape<boolean> = expect('true or false', (value) => typeof value === 'boolean');

/** One of these words. */
export const word = <const T extends string>(...words: readonly T[]): Shape<T> =>
  expect<T>(words.join(', '), (value) => words.some((one) => one === value));

/** Any JSON, not nested too deeply for those who walk through it. */
export const json: Shape<unknown> = {
  complaint: (value) => (isDeeper(value, LIMITS.depth) ? ': nested too deeply' : undefined),
};

export const nullable = <T>(shape: Shape<T>): Shape<T | null> => ({
  complaint: (value) => (value === null ? undefined : shape.complaint(value)),
});

/** Of a key that may be missing. */
export const optional = <T>(shape: Shape<T>): Shape<T | undefined> => ({
  complaint: (value) => (value === undefined ? undefined : shape.complaint(value)),
});

export const list = <T>(shape: Shape<T>): Shape<readonly T[]> => ({
  complaint: (value) => {
    if (!Array.isArray(value)) return `: expected a list, found ${nameOf(value)}`;
    for (const [i, item] of value.entries()) {
      const complaint = shape.complaint(item);
      if (complaint !== undefined) return `[${i}]${complaint}`;
    }
    return undefined;
  },
});

/** A value of one of these shapes. */
export const oneOf = <T>(...shapes: readonly Check[]): Shape<T> => ({
  complaint: (value) => {
    const complaints = shapes.map((shape) => shape.complaint(value));
    return complaints.includes(undefined) ? undefined : complaints[0];
  },
});

/** A list of exactly two. */
export const pair = <A, B>(first: Shape<A>, second: Shape<B>): Shape<readonly [A, B]> => ({
  complaint: (value) => {
    if (!Array.isArray(value) || value.length !== 2) return `: expected two values, found ${nameOf(value)}`;
    const complaints = [first.complaint(value[0]), second.complaint(value[1])];
    const at = complaints.findIndex((complaint) => complaint !== undefined);
    return at < 0 ? undefined : `[${at}]${complaints[at]}`;
  },
});

/** Any keys, each with such a value. */
export const map = <T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> => ({
  complaint: (value) => {
    if (!isObject(value)) return `: expected an object, found ${nameOf(value)}`;
    for (const [key, member] of Object.entries(value)) {
      const complaint = shape.complaint(member);
      if (complaint !== undefined) return `[${JSON.stringify(key)}]${complaint}`;
    }
    return undefined;
  },
});

/** These keys. */
export const object = <T extends object>(fields: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> => {
  const entries = Object.entries(fields) as (readonly [string, Shape<unknown>])[];
  return {
    complaint: (value) => {
      if (!isObject(value)) return `: expected an object, found ${nameOf(value)}`;
      for (const [key, shape] of entries) {
        const complaint = shape.complaint(Object.hasOwn(value, key) ? value[key] : undefined);
        if (complaint !== undefined) return `.${key}${complaint}`;
      }
      return undefined;
    },
  };
};

/** An object of one of several forms, told apart by the word under `key`. */
export const tagged = <T extends object>(
  key: keyof T & string,
  forms: Readonly<Record<string, Check>>,
): Shape<T> => ({
  complaint: (value) => {
    if (!isObject(value)) return `: expected an object, found ${nameOf(value)}`;
    const tag = value[key];
    const form = typeof tag === 'string' && Object.hasOwn(forms, tag) ? forms[tag] : undefined;
    return form === undefined
      ? `.${key}: expected ${Object.keys(forms).join(', ')}, found ${nameOf(tag)}`
      : form.complaint(value);
  },
});

const unknownFields = { from: text(), why: text(), at: moment, ms: number() };

const UNKNOWN_STATES: Readonly<Record<UnknownState, true>> = {
  denied: true,
  timeout: true,
  unreachable: true,
  unsupported: true,
  offline: true,
  failed: true,
  truncated: true,
  withheld: true,
  notCollected: true,
};
const UNKNOWN = Object.keys(UNKNOWN_STATES) as UnknownState[];

/** How reading a facet can end. */
export const outcome: Shape<Timing['outcome']> = word('seen', 'absent', 'partial', ...UNKNOWN);

/** A fact with its provenance. */
export const observed = <T>(shape: Shape<T>): Shape<Observed<T>> =>
  tagged('state', {
    seen: object({ value: shape, at: moment, from: text() }),
    absent: object({ at: moment, from: text(), why: optional(text()) }),
    ...Object.fromEntries(UNKNOWN.map((state) => [state, object(unknownFields)])),
  });

/** A part of a listing that could not be read. */
export const gap: Shape<Gap> = object<Gap>({
  state: word(...UNKNOWN),
  ...unknownFields,
  object: optional(
    object<ObjectRef>({ kind: optional(text()), namespace: optional(text()), id: optional(text()) }),
  ),
  fields: optional(list(text())),
});

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return value.length <= 20 ? JSON.stringify(value) : 'other text';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
