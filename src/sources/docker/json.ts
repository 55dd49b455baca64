/** Docker's JSON made into our own types: every field is checked where it enters, and one bad record costs only itself. */
import { type Gap, type Listing, type Timestamp, unknown } from '../../host/observed.ts';

/** A field is not of the type that the API says; the message names it. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** A JSON object whose members are not yet checked. */
export type Fields = Readonly<Record<string, unknown>>;

// A string, which is left as it is, or an integer of more digits than a number surely holds. A string that does not end is one
// to the end of the text: without that, each escaped quote in it would be tried as the beginning of another.
const LONG_INTEGERS = /"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|(?<![\w.+-])(-?\d{16,})(?![\d.eE])/gs;

/** JSON.parse, but integers of 16 digits and more arrive as texts, with all their digits. @throws SyntaxError */
export const parseJson = (text: string): unknown =>
  JSON.parse(
    /\d{16}/.test(text)
      ? text.replace(LONG_INTEGERS, (whole, digits: string | undefined) =>
          digits === undefined ? whole : `"${digits}"`,
        )
      : text,
  );

/** @throws Malformed */
export const fields = (value: unknown, what: string): Fields => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Malformed(`${what} is ${nameOf(value)}, not an object`);
};

/** An object below a key; none where it is null or missing. @throws Malformed */
export const nested = (from: Fields, key: string): Fields => {
  const value = member(from, key);
  return value === undefined ? {} : fields(value, key);
};

/** A text that must be there. @throws Malformed */
export const text = (from: Fields, key: string): string => {
  const value = member(from, key);
  if (typeof value === 'string') return value;
  throw new Malformed(`${key} is ${nameOf(value)}, not a text`);
};

/** A text; empty where it is null or missing. @throws Malformed */
export const textOrEmpty = (from: Fields, key: string): string =>
  member(from, key) === undefined ? '' : text(from, key);

/** An integer that a number holds exactly; null where it is null or missing. @throws Malformed */
export const number = (from: Fields, key: string): number | null => {
  const value = member(from, key);
  if (value === undefined) return null;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new Malformed(`${key} is ${nameOf(value)}, not a whole number`);
};

/** An integer of any size; null where it is null or missing. @throws Malformed */
export const integer = (from: Fields, key: string): bigint | null => {
  const value = member(from, key);
  if (value === undefined) return null;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d{16,}$/.test(value)) return BigInt(value);
  throw new Malformed(`${key} is ${nameOf(value)}, not a whole number`);
};

/** False where it is null or missing. @throws Malformed */
export const flag = (from: Fields, key: string): boolean => {
  const value = member(from, key);
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  throw new Malformed(`${key} is ${nameOf(value)}, not true or false`);
};

/** Empty where it is null or missing. @throws Malformed */
export const list = (from: Fields, key: string): readonly unknown[] => {
  const value = member(from, key);
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new Malformed(`${key} is ${nameOf(value)}, not a list`);
};

/** @throws Malformed */
export const texts = (from: Fields, key: string): readonly string[] =>
  list(from, key).map((value, i) => {
    if (typeof value === 'string') return value;
    throw new Malformed(`${key}[${i}] is ${nameOf(value)}, not a text`);
  });

/** @throws Malformed */
export const labels = (from: Fields, key: string): Readonly<Record<string, string>> => {
  const all = nested(from, key);
  return Object.fromEntries(Object.keys(all).map((name) => [name, text(all, name)]));
};

// Go's zero time, as Docker writes it for "never".
const NEVER = '0001-01-01T00:00:00Z';
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** RFC 3339; null where it was never or is missing. @throws Malformed */
export const time = (from: Fields, key: string): Timestamp | null => {
  const value = textOrEmpty(from, key);
  if (value === '' || value === NEVER) return null;
  if (RFC3339.test(value)) return value;
  throw new Malformed(`${key} is no time`);
};

const MAX_SECONDS = 253_402_300_799;

/** A moment in seconds since 1970; null where it is before that, which is how an unset time looks. @throws Malformed */
export const unixTime = (from: Fields, key: string): Timestamp | null => {
  const seconds = number(from, key);
  return seconds === null || seconds < 0 || seconds > MAX_SECONDS ? null : `${isoSecond(seconds)}Z`;
};

/** A moment in nanoseconds since 1970, all digits kept. @throws Malformed */
export const unixNanos = (from: Fields, key: string): Timestamp | null => {
  const nanos = integer(from, key);
  return nanos === null || nanos < 0n || nanos / BILLION > BigInt(MAX_SECONDS) ? null : momentOf(nanos);
};

const BILLION = 1_000_000_000n;

/** Nanoseconds since 1970 as text; what is before or after every calendar is cut to its ends. */
export const momentOf = (nanos: bigint): Timestamp => {
  const seconds = nanos / BILLION;
  if (nanos < 0n) return `${isoSecond(0)}Z`;
  if (seconds > BigInt(MAX_SECONDS)) return `${isoSecond(MAX_SECONDS)}Z`;
  const fraction = String(nanos % BILLION)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${isoSecond(Number(seconds))}${fraction === '' ? '' : `.${fraction}`}Z`;
};

/** Every record of a list; one that is malformed is a gap that names it. @throws Malformed when it is no list */
export const eachRecord = <T>(
  records: unknown,
  { kind, from }: { readonly kind: string; readonly from: string },
  read: (record: Fields) => T,
): Listing<T> => {
  if (!Array.isArray(records)) throw new Malformed(`the answer is ${nameOf(records)}, not a list`);
  const items: T[] = [];
  const gaps: Gap[] = [];
  records.forEach((record: unknown, i) => {
    try {
      items.push(read(fields(record, `record ${i}`)));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const id = idOf(record);
      const why = `Docker's record of ${kind} ${id ?? `number ${i}`} is not what its API says: ${error.message}`;
      const object = id === undefined ? { kind } : { kind, id };
      gaps.push({ ...unknown('failed', from, why, new Date().toISOString(), 0), object });
    }
  });
  return { items, gaps };
};

function member(from: Fields, key: string): unknown {
  const value = Object.hasOwn(from, key) ? from[key] : undefined;
  return value === null ? undefined : value;
}

function idOf(record: unknown): string | undefined {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return undefined;
  const id = member(record as Fields, 'Id');
  return typeof id === 'string' && id !== '' ? id.slice(0, 128) : undefined;
}

function isoSecond(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19);
}

function nameOf(value: unknown): string {
  if (value === undefined || value === null) return 'missing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
