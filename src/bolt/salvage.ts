/**
 * A database whose meta pages are both gone, as after `dd if=/dev/zero bs=4096 count=2`. All buckets are still there, and only
 * the way to them is not: every page that could be the root bucket's is tried, and the one that leads to most is taken.
 *
 * Pages do not say which transaction wrote them. The root of the last one and that of the one before both lead to a whole
 * tree, because pages are used anew only after the next: what is found is one of the two, or older where those are damaged.
 */
import { Cursor } from './cursor.ts';
import { BoltError } from './damage.ts';
import {
  ELEMENT,
  HEADER,
  IS_BUCKET,
  LEAF,
  LEAF_FLAGS,
  LEAF_KEY_LENGTH,
  LEAF_POSITION,
  PAGE_COUNT,
  PAGE_FLAGS,
  PAGE_ID,
  readPageNumber,
} from './format.ts';
import type { Meta, ReadAt } from './meta.ts';
import { PageFile } from './page-file.ts';
import { walk } from './walk.ts';

const PAGE_SIZES = [1024, 2048, 4096, 8192, 16384, 32768, 65536];
/** Every transaction leaves a root behind until its page is used anew: seldom more than a few dozen. */
const MAX_CANDIDATES = 256;

/** A meta page made up for what was found; transaction 0. Undefined where no page can be the root's. */
export const salvageMeta = (
  fd: number,
  readAt: ReadAt,
  fileSize: number,
  bucket: Uint8Array,
): Meta | undefined => {
  const pageSize = likelyPageSize(readAt, fileSize);
  if (pageSize === undefined) return undefined;
  const metaOf = (root: number): Meta => ({
    page: 0,
    pageSize,
    txid: 0n,
    root,
    sequence: 0n,
    freelist: null,
    highWater: Math.floor(fileSize / pageSize),
    littleEndian: true,
  });
  let best: { meta: Meta; damage: number; entries: number } | undefined;
  for (const root of rootCandidates(readAt, fileSize, pageSize, bucket)) {
    const meta = metaOf(root);
    const { damage, entries } = worth(fd, fileSize, meta);
    const better =
      best === undefined || damage < best.damage || (damage === best.damage && entries > best.entries);
    if (better) best = { meta, damage, entries };
  }
  return best?.meta;
};

/** The size at which most pages claim the number that their place gives them. */
function likelyPageSize(readAt: ReadAt, fileSize: number): number | undefined {
  let best: { size: number; pages: number } | undefined;
  for (const size of PAGE_SIZES) {
    let pages = 0;
    for (let id = 2; id < 64 && (id + 1) * size <= fileSize; id += 1) {
      const bytes = readAt(id * size, HEADER);
      if (bytes.readUInt32LE(0) === id && bytes.readUInt32LE(4) === 0) pages += 1;
    }
    if (pages > (best?.pages ?? 0)) best = { size, pages };
  }
  return best?.size;
}

/** Leaves that have a bucket of this name. */
function rootCandidates(readAt: ReadAt, fileSize: number, pageSize: number, bucket: Uint8Array): number[] {
  const found: number[] = [];
  const pages = Math.floor(fileSize / pageSize);
  const chunk = Math.max(1, Math.floor((1 << 20) / pageSize));
  for (let first = 2; first < pages; first += chunk) {
    const bytes = readAt(first * pageSize, chunk * pageSize);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at + pageSize <= bytes.length; at += pageSize) {
      const id = first + at / pageSize;
      if (readPageNumber(view, at + PAGE_ID, true) !== id || view.getUint16(at + PAGE_FLAGS, true) !== LEAF)
        continue;
      if (hasBucket(bytes, view, at, pageSize, bucket)) found.push(id);
      if (found.length === MAX_CANDIDATES) return found;
    }
  }
  return found;
}

function hasBucket(
  bytes: Buffer,
  view: DataView,
  page: number,
  pageSize: number,
  bucket: Uint8Array,
): boolean {
  const count = Math.min(view.getUint16(page + PAGE_COUNT, true), (pageSize - HEADER) / ELEMENT);
  for (let at = HEADER; at < HEADER + count * ELEMENT; at += ELEMENT) {
    const key = at + view.getUint32(page + at + LEAF_POSITION, true);
    const length = view.getUint32(page + at + LEAF_KEY_LENGTH, true);
    if ((view.getUint32(page + at + LEAF_FLAGS, true) & IS_BUCKET) === 0 || length !== bucket.length)
      continue;
    if (key + length <= pageSize && bytes.subarray(page + key, page + key + length).equals(bucket))
      return true;
  }
  return false;
}

/** How much a root leads to, and how much of it is damaged; not looked at further than its first damage is from being whole. */
function worth(fd: number, fileSize: number, meta: Meta): { damage: number; entries: number } {
  let [damage, entries] = [0, 0];
  const onDamage = (): void => {
    damage += 1;
  };
  const count = (): void => {
    entries += 1;
  };
  const file = new PageFile(fd, fileSize, meta, { cacheBytes: 4 << 20, preloadBytes: 0, onDamage });
  try {
    const steps = walk(Cursor.root(file, meta), { value: count, enter: count });
    while (damage < MAX_DAMAGE && steps.next().done !== true);
  } catch (error) {
    if (!(error instanceof BoltError)) throw error;
    damage += 1;
  }
  return { damage, entries };
}

// An old root is soon known by what has become of its pages.
const MAX_DAMAGE = 100;
