/** Times as RFC 3339 in UTC. */
import type { Timestamp } from './observed.ts';

/** Seconds from the year 1, Go's zero time, to 1970. */
export const UNIX_EPOCH = 62_135_596_800;
// Year 9999, the last that RFC 3339 can write.
const MAX_SECONDS = 253_402_300_799;

/** RFC 3339 with up to nine fractional digits, as containerd's API gives it; null for what is unset or out of range. */
export const timestamp = (seconds: number, nanos: number): Timestamp | null => {
  if (seconds <= -UNIX_EPOCH || seconds > MAX_SECONDS || nanos > 999_999_999) return null;
  const day = Math.floor(seconds / 86_400);
  if (day !== known.day) known = { day, text: new Date(day * 86_400_000).toISOString().slice(0, 11) };
  const rest = seconds - day * 86_400;
  const time = `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
  return `${known.text}${time}${fractionOf(nanos)}Z`;
};

// The calendar is most of the work, and records of one day lie together by the thousands.
let known = { day: Number.NaN, text: '' };

function two(number: number): string {
  return number < 10 ? `0${number}` : `${number}`;
}

function fractionOf(nanos: number): string {
  if (nanos === 0) return '';
  let digits = `${nanos + 1_000_000_000}`;
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 0x30) end -= 1;
  digits = digits.slice(1, end);
  return `.${digits}`;
}

/** Of nanoseconds since 1970. */
export const fromNanoseconds = (time: bigint): Timestamp | null => {
  const nanos = ((time % BILLION) + BILLION) % BILLION;
  return timestamp(Number((time - nanos) / BILLION), Number(nanos));
};

/** When a file was changed: a file system may keep what no calendar has, and then it is the calendar's end. */
export const fileTime = (modifiedNs: bigint): Timestamp =>
  fromNanoseconds(modifiedNs) ?? (modifiedNs < 0n ? '0001-01-01T00:00:01Z' : '9999-12-31T23:59:59Z');

/** Nanoseconds since 1970 of a text in RFC 3339; undefined for any other. */
export const toNanoseconds = (text: string): bigint | undefined => {
  const [, whole, fraction = '', zone] = RFC_3339.exec(text) ?? [];
  const ms = Date.parse(`${whole}${zone}`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
};

const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
const BILLION = 1_000_000_000n;
