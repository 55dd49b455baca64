/**
 * Snapshots as JSON text and back, identical. JSON has no 64-bit integers, so a bigint travels as `{"$int": "digits"}`;
 * a key that itself begins with `$` gets one more, so that no foreign label can be taken for that mark.
 */
import { isDeeper } from '../text/exact-json.ts';
import { type HostSnapshot, SCHEMA_VERSION } from './snapshot.ts';

// A spec of 200 levels, and what a snapshot wraps it into.
const MAX_DEPTH = 300;
// No counter of 64 bits has more than 20; what has thousands is there to keep us busy.
const INTEGER = /^-?\d{1,100}$/;

/** Any value of the model. */
export const encode = (value: unknown): string => JSON.stringify(mark(value));

/** The inverse of {@link encode}. @throws SyntaxError on text that is not such JSON, RangeError where it is nested too deeply. */
export const decode = (text: string): unknown => {
  const value: unknown = JSON.parse(text);
  if (isDeeper(value, MAX_DEPTH)) throw new RangeError(`it is nested deeper than ${MAX_DEPTH} levels`);
  return unmark(value);
};

/** @throws Error when the text is no snapshot of a version that this program reads. */
export const decodeSnapshot = (text: string): HostSnapshot => {
  const value = decode(text);
  if (typeof value !== 'object' || value === null || !('schemaVersion' in value) || !('facets' in value)) {
    throw new Error('not a host snapshot: it has no schemaVersion and facets');
  }
  if (value.schemaVersion !== SCHEMA_VERSION) {
    throw new Error(
      `host snapshot has schema version ${String(value.schemaVersion)}; this program reads ${SCHEMA_VERSION}`,
    );
  }
  return value as HostSnapshot;
};

function mark(value: unknown): unknown {
  if (typeof value === 'bigint') return { $int: value.toString() };
  if (Array.isArray(value)) return value.map(mark);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, v]) => v !== undefined)
        .map(([k, v]) => [k.startsWith('$') ? `$${k}` : k, mark(v)]),
    );
  }
  return value;
}

function unmark(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmark);
  if (typeof value !== 'object' || value === null) return value;
  if ('$int' in value) return integer(value.$int);
  return Object.fromEntries(
    Object.entries(value).map(([k, v]) => [k.startsWith('$$') ? k.slice(1) : k, unmark(v)]),
  );
}

function integer(digits: unknown): bigint {
  if (typeof digits !== 'string' || !INTEGER.test(digits)) throw new SyntaxError('an integer is no digits');
  return BigInt(digits);
}
