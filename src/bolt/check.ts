/**
 * Everything that is wrong with a file, and how much of it can still be read. Stricter than reading: keys must be in order and
 * within what the branch above says, elements must follow each other without a gap, and every page must be in use or free.
 */
import { checkElements, checkOrder, type Finding, type KeyRange, type Loss } from './check-page.ts';
import { BoltError, type DamageFields, inBucket } from './damage.ts';
import type { Database } from './database.ts';
import {
  BRANCH,
  BRANCH_CHILD,
  BUCKET_HEADER,
  ELEMENT,
  HEADER,
  IS_BUCKET,
  LEAF_FLAGS,
  LEAF_POSITION,
  LEAF_VALUE_LENGTH,
  PAGE_OVERFLOW,
  readPageNumber,
} from './format.ts';
import { readFreelist } from './freelist.ts';
import {
  bucketInInline,
  bucketTooDeep,
  inlineCount,
  type Leaf,
  MAX_BUCKET_DEPTH,
  shortBucket,
} from './leaf.ts';
import { FROM_META, type Page, placeOf } from './page-file.ts';

export interface Problem extends DamageFields {
  /** The sentence. */
  readonly message: string;
  readonly loses: Loss;
}

export interface CheckReport {
  readonly txid: bigint;
  readonly pageSize: number;
  readonly fileSize: number;
  readonly highWater: number;
  readonly pages: PageCounts;
  /** What can be read. */
  readonly buckets: number;
  readonly inlineBuckets: number;
  readonly keys: number;
  readonly problems: readonly Problem[];
  /** How many more there are than are listed. */
  readonly unlisted: number;
}

export interface PageCounts {
  readonly meta: number;
  readonly branch: number;
  readonly leaf: number;
  /** The later ones of pages that go on for several. */
  readonly overflow: number;
  readonly freelist: number;
  /** On the freelist; where the file keeps none, all that are not in use. */
  readonly free: number;
  readonly unreachable: number;
}

export interface CheckOptions {
  /** @default 1000 */
  readonly maxProblems?: number;
}

/** Pages between two pauses. */
const STRIDE = 64;
/** Beyond this it is not counted which pages are free and which are lost: a sparse file may claim any number. */
const MAX_COUNTED = 16 << 20;

interface Bucket {
  readonly name: Uint8Array;
  readonly parent: Bucket | undefined;
  readonly depth: number;
}

/** A page to look at, and which keys it may have. */
interface Task extends KeyRange {
  readonly id: number;
  readonly from: number;
  readonly bucket: Bucket | undefined;
}

interface Tally {
  branch: number;
  leaf: number;
  overflow: number;
  buckets: number;
  inline: number;
  keys: number;
  readonly problems: Problem[];
  unlisted: number;
}

/**
 * Checks a database that was opened for this alone. A generator that yields now and then, so that the check of a large file
 * can be paused or given up.
 */
export function* check(
  db: Database,
  { maxProblems = 1000 }: CheckOptions = {},
): Generator<void, CheckReport> {
  const tally: Tally = {
    branch: 0,
    leaf: 0,
    overflow: 0,
    buckets: 0,
    inline: 0,
    keys: 0,
    problems: [],
    unlisted: 0,
  };
  const note = ({ error, loses }: Finding, bucket?: Bucket): void => {
    if (tally.problems.length >= maxProblems) {
      tally.unlisted += 1;
      return;
    }
    const { fields, message } = bucket === undefined ? error : inBucket(error, pathOf(bucket));
    tally.problems.push({ ...fields, message, loses });
  };
  for (const error of db.metas.both) if (error instanceof BoltError) note({ error, loses: 'nothing' });

  db.file.expectAll();
  const root = { id: db.meta.root, from: FROM_META, bucket: undefined, low: undefined, high: undefined };
  // The last one is next: depth first, in the order of the keys.
  const tasks: Task[] = [root];
  for (let visited = 1; ; visited += 1) {
    const task = tasks.pop();
    if (task === undefined) break;
    if (visited % STRIDE === 0) yield;
    try {
      const page = db.file.load(task.id, task.from);
      tally.overflow += page.overflow;
      if (page.claimed !== page.overflow) note(wrongOverflow(page, db.file.pageSize), task.bucket);
      const below = page.flags === BRANCH ? checkBranch(page, task) : checkLeaf(page, task);
      tasks.push(...below.reverse());
    } catch (error) {
      note({ error: damageOf(error), loses: 'pages' }, task.bucket);
    }
  }
  const rest = yield* checkRest(db, note);
  const { branch, leaf, overflow, buckets, inline, keys, problems, unlisted } = tally;
  const { txid, pageSize, highWater } = db.meta;
  const pages = { meta: 2, branch, leaf, overflow, ...rest };
  return {
    txid,
    pageSize,
    fileSize: db.fileSize,
    highWater,
    pages,
    buckets,
    inlineBuckets: inline,
    keys,
    problems,
    unlisted,
  };

  function checkBranch(page: Page, { bucket, ...range }: Task): Task[] {
    tally.branch += 1;
    const leaf = { base: page.at, size: page.size, count: page.count };
    const { keys, findings } = checkElements(db.file, page, leaf);
    for (const finding of findings) note(finding, bucket);
    for (const finding of checkOrder(db.file, page, leaf, keys, range)) note(finding, bucket);
    if (page.count === 0) {
      const fields: DamageFields = { code: 'elements', page: page.id, what: 'a branch without elements' };
      note({ error: new BoltError(fields), loses: 'nothing' }, bucket);
    }
    return keys.map((low, i) => {
      const id = readPageNumber(
        page.view,
        page.at + HEADER + i * ELEMENT + BRANCH_CHILD,
        db.file.littleEndian,
      );
      // A key that cannot be read bounds nothing.
      const high = i + 1 < keys.length ? keys[i + 1] : range.high;
      return { id, from: placeOf(page.id, i), bucket, low, high };
    });
  }

  function checkLeaf(page: Page, { bucket, ...range }: Task): Task[] {
    tally.leaf += 1;
    return checkEntries(page, { base: page.at, size: page.size, count: page.count }, bucket, range, false);
  }

  function checkEntries(
    page: Page,
    leaf: Leaf,
    bucket: Bucket | undefined,
    range: KeyRange,
    inline: boolean,
  ): Task[] {
    const { keys, findings } = checkElements(db.file, page, leaf);
    for (const finding of findings) note(finding, bucket);
    for (const finding of checkOrder(db.file, page, leaf, keys, range)) note(finding, bucket);
    const { view } = page;
    const { littleEndian } = db.file;
    return keys.flatMap((name, i) => {
      if (name === undefined) return [];
      const at = leaf.base + HEADER + i * ELEMENT;
      if ((view.getUint32(at + LEAF_FLAGS, littleEndian) & IS_BUCKET) === 0) {
        tally.keys += 1;
        return [];
      }
      const valueAt = at + view.getUint32(at + LEAF_POSITION, littleEndian) + name.length;
      const length = view.getUint32(at + LEAF_VALUE_LENGTH, littleEndian);
      const child = { name, parent: bucket, depth: (bucket?.depth ?? 0) + 1 };
      try {
        if (length < BUCKET_HEADER) throw shortBucket(db.file, page, valueAt, length);
        if (inline) throw bucketInInline(db.file, page, valueAt);
        if (child.depth > MAX_BUCKET_DEPTH) throw bucketTooDeep(db.file, page, valueAt);
        return checkBucket(page, valueAt, length, placeOf(page.id, i), child);
      } catch (error) {
        note({ error: damageOf(error), loses: 'entry' }, child);
        return [];
      }
    });
  }

  function checkBucket(page: Page, valueAt: number, length: number, from: number, bucket: Bucket): Task[] {
    const unbounded = { low: undefined, high: undefined };
    const id = readPageNumber(page.view, valueAt, db.file.littleEndian);
    if (id === 0) {
      const base = valueAt + BUCKET_HEADER;
      const size = length - BUCKET_HEADER;
      const leaf = { base, size, count: inlineCount(db.file, page, base, size) };
      tally.inline += 1;
      checkEntries(page, leaf, bucket, unbounded, true);
    }
    tally.buckets += 1;
    return id === 0 ? [] : [{ id, from, bucket, ...unbounded }];
  }
}

function wrongOverflow({ id, claimed, overflow }: Page, pageSize: number): Finding {
  const what = 'number of pages that follow and belong to this one';
  const expected = `${overflow}, as far as its elements reach`;
  const place = { page: id, offset: id * pageSize + PAGE_OVERFLOW };
  return {
    error: new BoltError({ code: 'overflow', ...place, what, expected, found: String(claimed) }),
    loses: 'nothing',
  };
}

/** The pages that no bucket leads to: the freelist's own, those on it, and those that are lost. */
function* checkRest(
  db: Database,
  note: (finding: Finding) => void,
): Generator<void, Pick<PageCounts, 'freelist' | 'free' | 'unreachable'>> {
  let list: ReturnType<typeof readFreelist>;
  let broken = false;
  try {
    list = readFreelist(db);
  } catch (error) {
    note({ error: damageOf(error), loses: 'nothing' });
    broken = true;
  }
  for (const error of list?.damage ?? []) note({ error, loses: 'nothing' });
  const counts = { freelist: list?.pages ?? 0, free: 0, unreachable: 0 };
  const { pages, pageSize } = db.file;
  if (pages > MAX_COUNTED) {
    const what = `${pages} pages, of which it is not counted what the unused ones are`;
    note({ error: new BoltError({ code: 'limit', what }), loses: 'nothing' });
    return counts;
  }
  let lost = 0;
  for (let id = 2; id <= pages; id += 1) {
    if (id % 0x1_0000 === 0) yield;
    const used = id === pages || db.file.leadsTo(id) !== undefined || isOfList(list, id);
    const free = id < pages && (list === undefined ? !used : list.free.has(id));
    const fault = (code: 'freelist' | 'unreachable', page: number, what: string): void => {
      note({ error: new BoltError({ code, page, offset: page * pageSize, what }), loses: 'nothing' });
    };
    if (free) counts.free += 1;
    if (free && used) fault('freelist', id, 'a page that is in use is on the freelist');
    if (!used && !free && !broken) lost += 1;
    else if (lost > 0) {
      counts.unreachable += lost;
      fault(
        'unreachable',
        id - lost,
        `${lost} ${lost === 1 ? 'page' : 'pages'} from here neither in use nor free`,
      );
      lost = 0;
    }
  }
  return counts;
}

function isOfList(list: ReturnType<typeof readFreelist>, id: number): boolean {
  return list !== undefined && id >= list.first && id < list.first + list.pages;
}

function pathOf(bucket: Bucket): Uint8Array[] {
  const path: Uint8Array[] = [];
  for (let at: Bucket | undefined = bucket; at !== undefined; at = at.parent) path.unshift(at.name);
  return path;
}

function damageOf(error: unknown): BoltError {
  if (error instanceof BoltError) return error;
  throw error;
}
