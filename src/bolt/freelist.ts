/** The pages that a file says are free. */

import { BoltError } from './damage.ts';
import type { Database } from './database.ts';
import {
  FREELIST,
  HEADER,
  LONG_FREELIST,
  PAGE_COUNT,
  PAGE_FLAGS,
  PAGE_ID,
  PAGE_OVERFLOW,
  pageKind,
  readPageNumber,
} from './format.ts';

export interface Freelist {
  /** The pages that hold the list itself. */
  readonly first: number;
  readonly pages: number;
  readonly free: ReadonlySet<number>;
  /** Entries that are no page of the file, or are there twice. */
  readonly damage: readonly BoltError[];
}

/** Reads the list; undefined where the file keeps none (NoFreelistSync). @throws BoltError where it cannot be read at all */
export const readFreelist = ({ meta, file }: Database): Freelist | undefined => {
  const first = meta.freelist;
  if (first === null) return undefined;
  const { pageSize, littleEndian } = file;
  const fault = (what: string, expected: string, found: string, at = 0): BoltError =>
    new BoltError({ code: 'freelist', page: first, offset: first * pageSize + at, what, expected, found });
  if (first < 2 || first >= file.pages) {
    const expected = `from 2 to ${file.pages - 1}`;
    throw new BoltError({ code: 'freelist', what: 'page of the freelist', expected, found: String(first) });
  }
  const header = viewOf(file.readAt(first * pageSize, pageSize));
  const id = readPageNumber(header, PAGE_ID, littleEndian);
  if (id !== first) throw fault('number of the freelist page', String(first), String(id));
  const flags = header.getUint16(PAGE_FLAGS, littleEndian);
  if (flags !== FREELIST) throw fault('kind of page', 'freelist', pageKind(flags), PAGE_FLAGS);
  const pages = header.getUint32(PAGE_OVERFLOW, littleEndian) + 1;
  if (first + pages > file.pages) {
    throw fault('pages of the freelist', `at most ${file.pages - first}`, String(pages), PAGE_OVERFLOW);
  }
  const short = header.getUint16(PAGE_COUNT, littleEndian);
  const long = short === LONG_FREELIST;
  const count = long ? readPageNumber(header, HEADER, littleEndian) : short;
  const from = HEADER + (long ? 8 : 0);
  const room = (pages * pageSize - from) / 8;
  if (count > room) throw fault('entries of the freelist', `at most ${room}`, String(count), PAGE_COUNT);
  const bytes = viewOf(file.readAt(first * pageSize + from, count * 8));
  const free = new Set<number>();
  const damage: BoltError[] = [];
  for (let at = 0; at + 8 <= bytes.byteLength; at += 8) {
    const page = readPageNumber(bytes, at, littleEndian);
    if (!(page >= 2 && page < file.highWater)) {
      damage.push(fault('a free page', `from 2 to ${file.highWater - 1}`, String(page), from + at));
    } else if (free.has(page))
      damage.push(fault('a free page', 'to be listed once', `${page} again`, from + at));
    else free.add(page);
  }
  return { first, pages, free, damage };
};

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
