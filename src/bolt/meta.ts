/** Meta pages: which file this is, how large its pages are, and which transaction is the newest. */
import { BoltError } from './damage.ts';
import { HEADER, META, PAGE_FLAGS, readPageNumber } from './format.ts';

const MAGIC = 0xed0cdaed;
const VERSION = 2;
const NOT_PERSISTED = 0xffff_ffff_ffff_ffffn;

/** Bytes of a meta page that matter. */
export const META_BYTES = HEADER + 64;

// db.go, getPageSizeFromSecondMeta: sizes that are tried for the second meta page when the first says nothing.
const PAGE_SIZES = Array.from({ length: 15 }, (_, i) => 1024 << i);

/** A valid meta page. */
export interface Meta {
  /** 0 or 1. */
  readonly page: number;
  readonly pageSize: number;
  readonly txid: bigint;
  /** Page of the root bucket's tree. */
  readonly root: number;
  readonly sequence: bigint;
  /** Page of the freelist; null where it is not kept in the file (NoFreelistSync). */
  readonly freelist: number | null;
  /** The first page that was never used. */
  readonly highWater: number;
  readonly littleEndian: boolean;
}

/** Reads so many bytes at an offset of the file; fewer at its end. */
export type ReadAt = (offset: number, length: number) => Buffer;

/** Both meta pages, each valid or with what is wrong with it. */
export interface Metas {
  readonly both: readonly [Meta | BoltError, Meta | BoltError];
  /** The file's first bytes, for those who wonder what it is instead. */
  readonly start: Buffer;
}

/**
 * Finds the page size and reads both meta pages: the first names the size; where it is broken, the second is looked for at
 * every size there may be.
 */
export const readMetas = (readAt: ReadAt): Metas => {
  const start = readAt(0, 16);
  const first = readMeta(readAt, 0, 0);
  if (!(first instanceof BoltError)) {
    return { both: [first, readMeta(readAt, 1, first.pageSize)], start };
  }
  let broken: BoltError | undefined;
  for (const pageSize of PAGE_SIZES) {
    const second = readMeta(readAt, 1, pageSize);
    if (!(second instanceof BoltError)) return { both: [first, second], start };
    // Where something is left of it, that is the one to speak of.
    if (broken === undefined || second.code === 'meta') broken = second;
  }
  return { both: [first, broken ?? first], start };
};

/** Why a file without a valid meta page cannot be read: damaged, or no database at all. */
export const neitherValid = ({ both, start }: Metas): BoltError => {
  const cause = both.find((meta) => meta instanceof BoltError && meta.code === 'meta');
  if (cause instanceof BoltError) {
    return new BoltError({
      ...cause.fields,
      what: `both meta pages are broken; of one: ${cause.fields.what}`,
      cause,
    });
  }
  return new BoltError({
    code: 'notBolt',
    offset: 0,
    what: 'not a bbolt database: no meta page of any page size',
    found: `${start.toString('hex')} at its beginning`,
  });
};

/** The newest of the valid ones. */
export const newest = ({ both: [first, second] }: Metas): Meta | undefined => {
  if (first instanceof BoltError) return second instanceof BoltError ? undefined : second;
  return second instanceof BoltError || first.txid > second.txid ? first : second;
};

/** The meta page at an offset, or what is wrong with it: `notBolt` where there is none at all. */
export const readMeta = (readAt: ReadAt, page: number, offset: number): Meta | BoltError => {
  const bytes = readAt(offset, META_BYTES);
  if (bytes.length < META_BYTES) {
    return new BoltError({ code: 'notBolt', page, offset, what: 'the file ends before this meta page does' });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const littleEndian = view.getUint32(HEADER, true) === MAGIC;
  const fault = (what: string, expected: string, found: string, at: number): BoltError =>
    new BoltError({ code: 'meta', page, offset: offset + at, what, expected, found });
  if (!littleEndian && view.getUint32(HEADER) !== MAGIC) {
    const blank = bytes.every((byte) => byte === 0);
    const found = blank ? 'zeros' : hex(view.getUint32(HEADER, true));
    // Zeros where the first page should be are a database that was overwritten; anywhere else they are just zeros.
    const code = (blank && page === 0) || view.getUint16(PAGE_FLAGS, true) === META ? 'meta' : 'notBolt';
    return new BoltError({
      code,
      page,
      offset: offset + HEADER,
      what: 'no meta page',
      expected: hex(MAGIC),
      found,
    });
  }
  const version = view.getUint32(HEADER + 4, littleEndian);
  if (version !== VERSION) return fault('data file version', String(VERSION), String(version), HEADER + 4);
  const checksum = view.getBigUint64(HEADER + 56, littleEndian);
  const sum = fnv1a(bytes.subarray(HEADER, HEADER + 56));
  // bbolt up to 1.3.6 let a checksum of 0 pass, for files older than checksums; later ones do not, nor do we.
  if (checksum !== sum) return fault('checksum of the meta page', hex(sum), hex(checksum), HEADER + 56);
  const pageSize = view.getUint32(HEADER + 8, littleEndian);
  if (!PAGE_SIZES.includes(pageSize) || (page === 1 && pageSize !== offset)) {
    const expected = page === 1 ? String(offset) : 'a power of two from 1024 to 16777216';
    return fault('page size', expected, String(pageSize), HEADER + 8);
  }
  return {
    page,
    pageSize,
    txid: view.getBigUint64(HEADER + 48, littleEndian),
    root: readPageNumber(view, HEADER + 16, littleEndian),
    sequence: view.getBigUint64(HEADER + 24, littleEndian),
    freelist:
      view.getBigUint64(HEADER + 32, littleEndian) === NOT_PERSISTED
        ? null
        : readPageNumber(view, HEADER + 32, littleEndian),
    highWater: readPageNumber(view, HEADER + 40, littleEndian),
    littleEndian,
  };
};

/** FNV-1a, 64 bits; hash/fnv of Go. */
export const fnv1a = (bytes: Uint8Array): bigint => {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
};

function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}
