/** The encodings of containerd's values. */
import { fromBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import type { Cursor } from '../../bolt/cursor.ts';
import type { Timestamp } from '../../host/observed.ts';
import { timestamp, UNIX_EPOCH } from '../../host/timestamp.ts';

/** A payload whose type is said and whose bytes are not yet decoded. */
export interface Payload {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** A value that is not what its place says; the message says what it is instead. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

/** Go's binary.PutVarint: zigzag, then seven bits a byte. @throws ValueError */
export const varint = (entry: Cursor): bigint => {
  const raw = uvarint(entry);
  return (raw >> 1n) ^ -(raw & 1n);
};

/** Go's binary.PutUvarint. @throws ValueError */
export const uvarint = (entry: Cursor): bigint => {
  const small = smallUvarint(entry);
  if (small >= 0) return BigInt(small);
  let value = 0n;
  for (let i = 0, shift = 0n; ; i += 1, shift += 7n) {
    const byte = entry.valueByte(i);
    if (byte === undefined || i === MAX_VARINT) throw new ValueError(`${words(entry)} are no varint`);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
};

const MAX_VARINT = 10;

// Most sizes and ids: no more than four bytes, so that no 64-bit arithmetic is needed. -1 for all others.
function smallUvarint(entry: Cursor): number {
  let value = 0;
  for (let i = 0; i < 4; i += 1) {
    const byte = entry.valueByte(i);
    if (byte === undefined) return -1;
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return value;
  }
  return -1;
}

/**
 * Go's time.MarshalBinary as RFC 3339 in UTC, as containerd's API gives it; null for Go's zero time, "not set".
 *
 *     0 version: 1, or 2 with one byte more, for zones with seconds
 *     1 seconds since the year 1, big-endian 64 bits
 *     9 nanoseconds, big-endian 32 bits
 *     13 minutes east of Greenwich, -1 for UTC: says how it was written, not when it was
 *
 * @throws ValueError
 */
export const binaryTime = (entry: Cursor): Timestamp | null => {
  const version = entry.valueByte(0);
  if (entry.valueLength !== (version === 2 ? 16 : 15) || (version !== 1 && version !== 2)) {
    throw new ValueError(`${words(entry)} are no time`);
  }
  const seconds = entry.valueUint32(1) * 0x1_0000_0000 + entry.valueUint32(5) - UNIX_EPOCH;
  return timestamp(seconds, entry.valueUint32(9));
};

/** Every key of a bucket with its text. */
export const textMap = (bucket: Cursor): Record<string, string> => {
  const map: Record<string, string> = {};
  while (bucket.next()) {
    if (bucket.isBucket) continue;
    const key = shared(bucket.keyText());
    const value = bucket.valueText();
    // What assignment would take for the object's prototype is a label like any other.
    if (key !== '__proto__') map[key] = value;
    else Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return map;
};

/** The same text as one string: of a hundred thousand records, each would keep a copy of its own otherwise. */
export const shared = (text: string): string => {
  const known = texts.get(text);
  if (known !== undefined) return known;
  if (texts.size >= MAX_SHARED) texts.clear();
  texts.set(text, text);
  return text;
};

const texts = new Map<string, string>();
const MAX_SHARED = 4096;

/** A protobuf Any. @throws ValueError */
export const any = (entry: Cursor): Payload => {
  try {
    const { typeUrl, value } = fromBinary(AnySchema, entry.value());
    return { typeUrl, value };
  } catch (error) {
    throw new ValueError(
      `${words(entry)} are no protobuf Any: ${error instanceof Error ? error.message : error}`,
    );
  }
};

function words(entry: Cursor): string {
  const bytes = entry.value();
  const shown = bytes.subarray(0, 16).toString('hex');
  return `${bytes.length} bytes (${shown}${bytes.length > 16 ? '…' : ''})`;
}
