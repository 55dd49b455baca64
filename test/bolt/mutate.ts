/** Damage as disks, crashes and people do it, and as somebody would who wants a reader to fall over. */
import { fnv1a } from '../../src/bolt/meta.ts';

/** Numbers that look random and are the same for the same seed (mulberry32). */
export type Random = (below: number) => number;

export const randomOf = (seed: number): Random => {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
};

/** A damaged copy, and what was done to it. */
export const mutate = (
  original: Buffer,
  pageSize: number,
  random: Random,
): { bytes: Buffer; did: string[] } => {
  let bytes: Buffer = Buffer.from(original);
  const did: string[] = [];
  for (let i = 1 + random(3); i > 0; i -= 1) {
    const [name, damage] = pick(Object.entries(DAMAGES), random);
    did.push(name);
    bytes = damage(bytes, pageSize, random);
    if (bytes.length < pageSize) break;
  }
  return { bytes, did };
};

type Damage = (bytes: Buffer, pageSize: number, random: Random) => Buffer;

/** The largest and smallest numbers, and those beside limits. */
const LENGTHS = [0, 1, 15, 16, 17, 0xff, 4080, 4096, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff];

const DAMAGES: Readonly<Record<string, Damage>> = {
  truncated: (bytes, _, random) => bytes.subarray(0, random(bytes.length)),
  'a page of zeros': (bytes, pageSize, random) => {
    const at = pageOf(bytes, pageSize, random);
    return zero(bytes, at, pageSize * (1 + random(4)));
  },
  'zeros anywhere': (bytes, _, random) => {
    const at = random(bytes.length);
    return zero(bytes, at, random(3000));
  },
  'noise anywhere': (bytes, _, random) => {
    const at = random(bytes.length);
    for (let i = random(200); i > 0; i -= 1) put(bytes, 1, random(256), at + i);
    return bytes;
  },
  'flipped bits': (bytes, _, random) => {
    for (let i = 1 + random(40); i > 0; i -= 1) flip(bytes, random(bytes.length), random);
    return bytes;
  },
  'flipped bits of headers and tables': (bytes, pageSize, random) => {
    for (let i = 1 + random(10); i > 0; i -= 1)
      flip(bytes, pageOf(bytes, pageSize, random) + random(160), random);
    return bytes;
  },
  'a page over another': (bytes, pageSize, random) => {
    const [from, to] = [pageOf(bytes, pageSize, random), pageOf(bytes, pageSize, random)];
    bytes.copy(bytes, to, from, from + pageSize);
    // As the damage of somebody who knows that a page must claim its own number.
    if (random(2) === 0) put(bytes, 8, to / pageSize, to);
    return bytes;
  },
  'a header field': (bytes, pageSize, random) => {
    const at = pageOf(bytes, pageSize, random);
    if (random(3) === 0) put(bytes, 2, random(0x1_0000), at + 8 + 2 * random(2));
    else put(bytes, 4, lengthOf(random), at + 12);
    return bytes;
  },
  'an element': (bytes, pageSize, random) => {
    const at = pageOf(bytes, pageSize, random) + 16 + 16 * random(12);
    put(bytes, 4, lengthOf(random), at + 4 * random(4));
    return bytes;
  },
  'references to pages': (bytes, pageSize, random) => {
    // Every element of a page leads to the same other page: of branches children, of leaves nothing that makes sense.
    const at = pageOf(bytes, pageSize, random);
    const target = random(bytes.length / pageSize + 3);
    const count = Math.min(get(bytes, 2, at + 10), pageSize / 16 - 1);
    for (let i = 0; i < count; i += 1) put(bytes, 8, target, at + 16 + 16 * i + 8);
    return bytes;
  },
  'roots of buckets': (bytes, pageSize, random) => {
    for (let i = 1 + random(4); i > 0; i -= 1) {
      const at = pageOf(bytes, pageSize, random);
      const elements = Math.max(1, Math.min(get(bytes, 2, at + 10), pageSize / 16 - 1));
      const element = at + 16 + 16 * random(elements);
      const value = element + get(bytes, 4, element + 4) + get(bytes, 4, element + 8);
      put(bytes, 8, random(bytes.length / pageSize), value);
    }
    return bytes;
  },
  'a meta page with a right checksum': (bytes, pageSize, random) => {
    const at = pageSize * random(2) + 16;
    if (at + 64 > bytes.length) return bytes;
    const field = pick([8, 16, 24, 32, 40, 48], random);
    const numbers = [0n, 1n, 2n, 3n, BigInt(random(200)), 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
    bytes.writeBigUInt64LE(pick(numbers, random), at + field);
    bytes.writeBigUInt64LE(fnv1a(bytes.subarray(at, at + 56)), at + 56);
    return bytes;
  },
  'grown by zeros': (bytes, pageSize, random) => Buffer.concat([bytes, Buffer.alloc(pageSize * random(20))]),
};

const pick = <T>(items: readonly T[], random: Random): T => {
  const item = items[random(items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
};

const lengthOf = (random: Random): number =>
  random(2) === 0 ? pick(LENGTHS, random) : random(0x1_0000_0000);

const pageOf = (bytes: Buffer, pageSize: number, random: Random): number =>
  random(Math.max(1, Math.floor(bytes.length / pageSize) - 1)) * pageSize;

const flip = (bytes: Buffer, at: number, random: Random): void => {
  if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
};

// What lies past the end, of a file that was cut before, stays as it is.
const zero = (bytes: Buffer, from: number, length: number): Buffer =>
  bytes.fill(0, Math.min(from, bytes.length), Math.min(from + length, bytes.length));

const put = (bytes: Buffer, width: 1 | 2 | 4 | 8, value: number, at: number): void => {
  if (at + width > bytes.length) return;
  if (width === 8) bytes.writeBigUInt64LE(BigInt(Math.floor(value)), at);
  else bytes.writeUIntLE(value, at, width);
};

const get = (bytes: Buffer, width: 2 | 4, at: number): number =>
  at + width > bytes.length ? 0 : bytes.readUIntLE(at, width);
