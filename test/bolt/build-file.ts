/**
 * Writes bbolt files by hand, sound or not: what the library would never write has to be tested too. The format is drawn in
 * src/bolt/format.ts; this is its other half, for tests alone.
 */
import { writeFileSync } from 'node:fs';
import { BRANCH, ELEMENT, FREELIST, HEADER, IS_BUCKET, LEAF, META } from '../../src/bolt/format.ts';
import { fnv1a } from '../../src/bolt/meta.ts';

export interface LeafEntry {
  readonly key: string | Uint8Array;
  readonly value: string | Uint8Array;
  /** Whether the value is a bucket. */
  readonly bucket?: boolean;
}

export interface BranchEntry {
  readonly key: string | Uint8Array;
  readonly child: number;
}

/** Fields that replace what would be right. */
export interface HeaderFields {
  readonly id?: number;
  readonly flags?: number;
  readonly count?: number;
  readonly overflow?: number;
}

export type PageSpec = HeaderFields &
  (
    | { readonly leaf: readonly LeafEntry[] }
    | { readonly branch: readonly BranchEntry[] }
    | { readonly freelist: readonly number[] }
    | { readonly bytes: Uint8Array }
  );

export interface FileSpec {
  readonly pageSize?: number;
  readonly littleEndian?: boolean;
  /** By number, from 2 on. */
  readonly pages: Readonly<Record<number, PageSpec>>;
  readonly root: number;
  readonly sequence?: bigint;
  /** @default not kept in the file */
  readonly freelist?: number;
  /** @default the page after the last */
  readonly highWater?: number;
  /** Of the two meta pages. @default [6n, 7n] */
  readonly txids?: readonly [bigint, bigint];
}

/** The bytes of such a file. */
export const fileBytes = (spec: FileSpec): Buffer => {
  const { pageSize = 4096, pages, txids = [6n, 7n] } = spec;
  const runs = Object.entries(pages).map(([id, page]) => {
    const bytes = pageBytes(Number(id), page, spec);
    return { id: Number(id), bytes, pages: Math.ceil(bytes.length / pageSize) };
  });
  const end = Math.max(4, ...runs.map((run) => run.id + run.pages));
  const file = Buffer.alloc(end * pageSize);
  txids.forEach((txid, page) => {
    file.set(metaBytes(page, { ...spec, highWater: spec.highWater ?? end }, txid), page * pageSize);
  });
  for (const { id, bytes } of runs) file.set(bytes, id * pageSize);
  return file;
};

/** Writes such a file and returns its path. */
export const buildFile = (path: string, spec: FileSpec): string => {
  writeFileSync(path, fileBytes(spec));
  return path;
};

/** A bucket's value: its tree begins at a page. */
export const bucketAt = (root: number, sequence = 0n, littleEndian = true): Buffer => {
  const bytes = Buffer.alloc(16);
  const view = viewOf(bytes);
  view.setBigUint64(0, BigInt(root), littleEndian);
  view.setBigUint64(8, sequence, littleEndian);
  return bytes;
};

/** A bucket's value: all of it is inside. */
export const inlineBucket = (
  entries: readonly LeafEntry[],
  {
    sequence = 0n,
    littleEndian = true,
    ...header
  }: HeaderFields & { sequence?: bigint; littleEndian?: boolean } = {},
): Buffer =>
  Buffer.concat([
    bucketAt(0, sequence, littleEndian),
    pageBytes(0, { leaf: entries, ...header }, { littleEndian, pageSize: 1 }),
  ]);

const metaBytes = (
  page: number,
  { pageSize = 4096, littleEndian = true, root, sequence = 0n, freelist, highWater = 4 }: FileSpec,
  txid: bigint,
): Buffer => {
  const bytes = Buffer.alloc(HEADER + 64);
  const view = viewOf(bytes);
  header(view, { id: page, flags: META, count: 0, overflow: 0 }, littleEndian);
  view.setUint32(HEADER, 0xed0cdaed, littleEndian);
  view.setUint32(HEADER + 4, 2, littleEndian);
  view.setUint32(HEADER + 8, pageSize, littleEndian);
  view.setBigUint64(HEADER + 16, BigInt(root), littleEndian);
  view.setBigUint64(HEADER + 24, sequence, littleEndian);
  view.setBigUint64(HEADER + 32, freelist === undefined ? 2n ** 64n - 1n : BigInt(freelist), littleEndian);
  view.setBigUint64(HEADER + 40, BigInt(highWater), littleEndian);
  view.setBigUint64(HEADER + 48, txid, littleEndian);
  view.setBigUint64(HEADER + 56, fnv1a(bytes.subarray(HEADER, HEADER + 56)), littleEndian);
  return bytes;
};

const pageBytes = (
  id: number,
  page: PageSpec,
  { pageSize = 4096, littleEndian = true }: Pick<FileSpec, 'pageSize' | 'littleEndian'>,
): Buffer => {
  if ('bytes' in page) return Buffer.from(page.bytes);
  const { flags, count, content } = contentOf(page, littleEndian);
  const size = HEADER + content.length;
  const overflow = pageSize === 1 ? 0 : Math.ceil(size / pageSize) - 1;
  const bytes = Buffer.alloc(pageSize === 1 ? size : (overflow + 1) * pageSize);
  bytes.set(content, HEADER);
  header(viewOf(bytes), { id, flags, count, overflow, ...page }, littleEndian);
  return bytes;
};

const contentOf = (
  page: Exclude<PageSpec, { readonly bytes: Uint8Array }>,
  littleEndian: boolean,
): { flags: number; count: number; content: Buffer } => {
  if ('freelist' in page) {
    const content = Buffer.alloc(page.freelist.length * 8);
    const view = viewOf(content);
    for (const [i, id] of page.freelist.entries()) view.setBigUint64(i * 8, BigInt(id), littleEndian);
    return { flags: FREELIST, count: page.freelist.length, content };
  }
  const entries = 'leaf' in page ? page.leaf : page.branch;
  const table = Buffer.alloc(entries.length * ELEMENT);
  const view = viewOf(table);
  const data: Buffer[] = [];
  let next = table.length;
  entries.forEach((entry, i) => {
    const at = i * ELEMENT;
    const key = Buffer.from(entry.key);
    const value = 'value' in entry ? Buffer.from(entry.value) : Buffer.alloc(0);
    if ('value' in entry) {
      view.setUint32(at, entry.bucket === true ? IS_BUCKET : 0, littleEndian);
      view.setUint32(at + 4, next - at, littleEndian);
      view.setUint32(at + 8, key.length, littleEndian);
      view.setUint32(at + 12, value.length, littleEndian);
    } else {
      view.setUint32(at, next - at, littleEndian);
      view.setUint32(at + 4, key.length, littleEndian);
      view.setBigUint64(at + 8, BigInt(entry.child), littleEndian);
    }
    data.push(key, value);
    next += key.length + value.length;
  });
  const flags = 'leaf' in page ? LEAF : BRANCH;
  return { flags, count: entries.length, content: Buffer.concat([table, ...data]) };
};

const header = (view: DataView, fields: Required<HeaderFields>, littleEndian: boolean): void => {
  view.setBigUint64(0, BigInt(fields.id), littleEndian);
  view.setUint16(8, fields.flags, littleEndian);
  view.setUint16(10, fields.count, littleEndian);
  view.setUint32(12, fields.overflow, littleEndian);
};

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
