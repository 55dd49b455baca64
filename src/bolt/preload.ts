/**
 * Many pages at once, for a walk that will want most of the file. In containerd's files nearly every object has a page of its
 * own and fills an eighth of it, in an order that has nothing to do with that of the keys: read one by one they cost a system
 * call each. Reading the file from front to back and keeping only what is in use of every page is several times faster.
 */
import {
  BRANCH,
  BRANCH_KEY_LENGTH,
  BRANCH_POSITION,
  ELEMENT,
  HEADER,
  LEAF,
  LEAF_KEY_LENGTH,
  LEAF_POSITION,
  LEAF_VALUE_LENGTH,
  PAGE_COUNT,
  PAGE_FLAGS,
  PAGE_ID,
  PAGE_OVERFLOW,
  readPageNumber,
} from './format.ts';

const CHUNK = 256 << 10;
/** So much is read before it is asked whether it is worth it. */
const TRIAL = 8 << 20;
const ALIGN = 8;
/** Beyond this the table of pages would itself be large. */
const MAX_PAGES = 4 << 20;

export interface Preloaded {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Where a page is, or -1. */
  readonly at: (id: number) => number;
  /** How far the page's elements reach: nothing after that is kept. */
  readonly size: (id: number) => number;
}

export interface PreloadOptions {
  readonly pages: number;
  readonly pageSize: number;
  readonly littleEndian: boolean;
  /** The most that is kept; pages after that are read one by one. */
  readonly maxBytes: number;
  /** Reads at an offset of the file into memory, and says how much. */
  readonly read: (into: Buffer, at: number, length: number, offset: number) => number;
}

/** The file's branch and leaf pages of one page each; undefined where the file has too many. */
export const preload = ({
  pages,
  pageSize,
  littleEndian,
  maxBytes,
  read,
}: PreloadOptions): Preloaded | undefined => {
  if (pages > MAX_PAGES) return undefined;
  const chunk = Math.max(CHUNK, pageSize);
  const bytes = Buffer.allocUnsafeSlow(Math.min(maxBytes, pages * pageSize) + chunk);
  const view = new DataView(bytes.buffer);
  const starts = new Int32Array(pages).fill(-1);
  const sizes = new Int32Array(pages);
  let end = 0;
  let kept = 0;
  for (let id = 0; id < pages && end + chunk <= bytes.length; ) {
    // Mostly free pages, or a hole: what is in use is found sooner one by one.
    if (id * pageSize >= TRIAL && kept < id / 8) break;
    // Each piece is read behind what is kept, and moved together there.
    const length = read(bytes, end, Math.min(chunk, (pages - id) * pageSize), id * pageSize);
    let from = end;
    for (const last = end + length - pageSize; from <= last; from += pageSize, id += 1) {
      const size = sizeInUse(view, from, id, pageSize, littleEndian);
      if (size === 0) continue;
      bytes.copyWithin(end, from, from + size);
      starts[id] = end;
      sizes[id] = size;
      kept += 1;
      end += Math.ceil(size / ALIGN) * ALIGN;
    }
    if (length < pageSize) break;
  }
  return { bytes, view, at: (id) => starts[id] ?? -1, size: (id) => sizes[id] ?? 0 };
};

/** Bytes from a page's beginning to the end of its last element; 0 for what is no page of this kind, or not a sound one. */
function sizeInUse(view: DataView, at: number, id: number, pageSize: number, littleEndian: boolean): number {
  if (readPageNumber(view, at + PAGE_ID, littleEndian) !== id) return 0;
  const flags = view.getUint16(at + PAGE_FLAGS, littleEndian);
  if ((flags !== LEAF && flags !== BRANCH) || view.getUint32(at + PAGE_OVERFLOW, littleEndian) !== 0)
    return 0;
  const size = reach(view, at, flags, view.getUint16(at + PAGE_COUNT, littleEndian), pageSize, littleEndian);
  return size > pageSize ? 0 : size;
}

/** How far into its page the table and those elements reach that end within a limit. */
export const reach = (
  view: DataView,
  page: number,
  flags: number,
  count: number,
  limit: number,
  littleEndian: boolean,
): number => {
  const table = HEADER + count * ELEMENT;
  let furthest = table;
  if (table > limit) return table;
  for (let at = HEADER; at < table; at += ELEMENT) {
    const element = page + at;
    const end =
      flags === BRANCH
        ? at +
          view.getUint32(element + BRANCH_POSITION, littleEndian) +
          view.getUint32(element + BRANCH_KEY_LENGTH, littleEndian)
        : at +
          view.getUint32(element + LEAF_POSITION, littleEndian) +
          view.getUint32(element + LEAF_KEY_LENGTH, littleEndian) +
          view.getUint32(element + LEAF_VALUE_LENGTH, littleEndian);
    if (end > furthest && end <= limit) furthest = end;
  }
  return furthest;
};
