/** What is wrong with a leaf's elements, and the leaf that an inline bucket is. */
import { BoltError } from './damage.ts';
import {
  BUCKET_HEADER,
  ELEMENT,
  HEADER,
  LEAF,
  MAX_KEY_BYTES,
  PAGE_COUNT,
  PAGE_FLAGS,
  pageKind,
} from './format.ts';
import type { Page, PageFile } from './page-file.ts';

/** A table of elements and the bytes they may point into: a whole page, or a part of one. */
export interface Leaf {
  /** Where it begins in the page's memory. */
  readonly base: number;
  readonly size: number;
  readonly count: number;
}

/** Where in the file something in a page's memory is. */
export const offsetIn = (file: PageFile, page: Page, at: number): number =>
  page.id * file.pageSize + (at - page.at);

/** How many elements an inline bucket has: the leaf that follows the header of the bucket's value. @throws BoltError */
export const inlineCount = (file: PageFile, page: Page, base: number, size: number): number => {
  const fault = (code: 'pageKind' | 'elements', what: string, expected: string, found: string): BoltError =>
    new BoltError({ code, page: page.id, offset: offsetIn(file, page, base), what, expected, found });
  const room = Math.floor((size - HEADER) / ELEMENT);
  if (room < 0) throw fault('elements', 'size of an inline bucket', `at least ${HEADER} bytes`, String(size));
  const flags = page.view.getUint16(base + PAGE_FLAGS, file.littleEndian);
  if (flags !== LEAF) throw fault('pageKind', 'kind of an inline bucket', 'leaf', pageKind(flags));
  const count = page.view.getUint16(base + PAGE_COUNT, file.littleEndian);
  if (count > room) throw fault('elements', 'elements of an inline bucket', `at most ${room}`, String(count));
  return count;
};

/** A value too short to be a bucket. */
export const shortBucket = (file: PageFile, page: Page, valueAt: number, valueLength: number): BoltError =>
  new BoltError({
    code: 'bucket',
    page: page.id,
    offset: offsetIn(file, page, valueAt),
    what: 'length of a bucket',
    expected: `at least ${BUCKET_HEADER} bytes`,
    found: String(valueLength),
  });

/** A bucket where there can be none. */
export const bucketInInline = (file: PageFile, page: Page, valueAt: number): BoltError =>
  new BoltError({
    code: 'bucket',
    page: page.id,
    offset: offsetIn(file, page, valueAt),
    what: 'a bucket in an inline bucket, which has none',
  });

/** Buckets in buckets: containerd has eight. The path to each is kept where something is wrong with it. */
export const MAX_BUCKET_DEPTH = 256;

export const bucketTooDeep = (file: PageFile, page: Page, valueAt: number): BoltError =>
  new BoltError({
    code: 'limit',
    page: page.id,
    offset: offsetIn(file, page, valueAt),
    what: `buckets in buckets, more than ${MAX_BUCKET_DEPTH} deep`,
  });

/** An element whose key and value are not between the table and the end, or whose key is longer than a key may be. */
export const elementOutside = (
  file: PageFile,
  page: Page,
  { base, size, count }: Leaf,
  index: number,
  keyAt: number,
  length: number,
): BoltError => {
  const offset = offsetIn(file, page, base + HEADER + index * ELEMENT);
  const what = `key and value of element ${index}`;
  const claimedEnd = (page.id + page.claimed + 1) * file.pageSize;
  if (claimedEnd > file.fileSize && offsetIn(file, page, keyAt + length) <= claimedEnd) {
    const [expected, found] = [`${claimedEnd} bytes or more`, `${file.fileSize} bytes`];
    const cut = `${what} are cut off by the end of the file`;
    return new BoltError({ code: 'truncated', page: page.id, offset, what: cut, expected, found });
  }
  const found = `${length} bytes at ${keyAt - base}`;
  const inside = keyAt >= base + HEADER + count * ELEMENT && keyAt + length <= base + size;
  const expected = inside
    ? `a key of at most ${MAX_KEY_BYTES} bytes`
    : `bytes ${HEADER + count * ELEMENT} to ${size}`;
  return new BoltError({ code: 'elements', page: page.id, offset, what, expected, found });
};

/** Elements that together have more bytes than there are. */
export const elementsOverlap = (
  file: PageFile,
  page: Page,
  { base, size, count }: Leaf,
  index: number,
  used: number,
): BoltError =>
  new BoltError({
    code: 'elements',
    page: page.id,
    offset: offsetIn(file, page, base + HEADER + index * ELEMENT),
    what: `keys and values up to element ${index} overlap`,
    expected: `at most ${size - HEADER - count * ELEMENT} bytes in all`,
    found: String(used),
  });
