/**
 * Pages of one file at one transaction: read where they are, kept in a cache of fixed size, and checked when they are loaded.
 *
 * The cache is one piece of memory in which every page has one place, its number modulo the number of places. So a page that
 * was pushed out comes back to the same bytes of memory, and whoever keeps a Page needs no more than `hold` before reading
 * it. Nothing is allocated per page but the small record that says where it is.
 *
 * In a sound file exactly one place leads to each page. The reader remembers which, and refuses any other: that is what ends
 * loops, and what keeps a file in which everything points to everything from being read more than once.
 */
import { BoltError, type DamageFields } from './damage.ts';
import {
  BRANCH,
  ELEMENT,
  HEADER,
  LEAF,
  PAGE_COUNT,
  PAGE_FLAGS,
  PAGE_ID,
  PAGE_OVERFLOW,
  pageKind,
  readPageNumber,
} from './format.ts';
import { readFully } from './io.ts';
import type { Meta } from './meta.ts';
import { type Preloaded, preload, reach } from './preload.ts';

/** A page that was found sound, in memory; it is there after `hold`. */
export interface Page {
  readonly id: number;
  /** BRANCH or LEAF. */
  readonly flags: number;
  readonly count: number;
  /** How many pages follow that belong to this one. */
  readonly overflow: number;
  /** How many it says there are; a wrong number is corrected, not refused. */
  readonly claimed: number;
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Where the page begins in `bytes`, and how long it is. */
  readonly at: number;
  readonly size: number;
  /** Its place in the cache; -1 for a page with memory of its own. */
  readonly place: number;
}

export interface PageFileOptions {
  /** Bytes of the cache. @default 16 MiB */
  readonly cacheBytes?: number;
  /** Bytes for the pages that are read at once when a walk turns out to want most of the file. @default 64 MiB */
  readonly preloadBytes?: number;
  /** A page with more bytes than this is refused before it is read. @default 64 MiB */
  readonly maxPageBytes?: number;
  /** Told of damage that the reader can go round, leaving out what is behind it. @default throws */
  readonly onDamage?: (damage: BoltError) => void;
}

/** The place that leads to the root bucket's first page: the meta page. */
export const FROM_META = -1;
/** In place of what leads to them, for the later pages of a run. */
export const INSIDE_A_RUN = -2;

/** The place of an element: the page it is on and its number there, as one number. */
export const placeOf = (page: number, element: number): number => page * 0x1_0000 + element;

/** Below this a walk is not worth preparing for. */
const MIN_SCATTERED = 2048;
const MAX_READ_AHEAD_BYTES = 128 << 10;
/** Pages whose references are kept in a table: 8 MiB of it. */
const MAX_TABLE = 1 << 20;
/** Longer runs get memory of their own: brought back again and again, they would cost more than all else. */
const MAX_SHARED_BYTES = 256 << 10;

export class PageFile {
  readonly pageSize: number;
  /** Bytes, when the transaction was chosen. */
  readonly fileSize: number;
  readonly highWater: number;
  /** Pages that the file has, of those the transaction counts. */
  readonly pages: number;
  readonly littleEndian: boolean;
  readonly onDamage: (damage: BoltError) => void;
  readonly #fd: number;
  readonly #maxPageBytes: number;
  readonly #preloadBytes: number;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  /** Which page is at which place of the cache; -1 for none. */
  readonly #held: Float64Array;
  /** What leads to each page that was loaded. */
  readonly #from: References;
  #large: Page | undefined;
  #preloaded: Preloaded | undefined;
  // Reads that went on where the last one ended get longer; those that did not are counted.
  #next = -1;
  #ahead = 1;
  #scattered = 0;
  #enough: number;

  constructor(fd: number, fileSize: number, meta: Meta, options: PageFileOptions = {}) {
    const { cacheBytes = 16 << 20, preloadBytes = 64 << 20, maxPageBytes = 64 << 20 } = options;
    this.#fd = fd;
    this.pageSize = meta.pageSize;
    this.fileSize = fileSize;
    this.highWater = meta.highWater;
    this.pages = Math.min(meta.highWater, Math.floor(fileSize / meta.pageSize));
    this.littleEndian = meta.littleEndian;
    this.onDamage = options.onDamage ?? rethrow;
    this.#maxPageBytes = maxPageBytes;
    this.#preloadBytes = preloadBytes;
    this.#enough = Math.max(MIN_SCATTERED, this.pages / 16);
    this.#from = newReferences(this.pages);
    const places = Math.max(1, Math.ceil(Math.min(cacheBytes, fileSize) / meta.pageSize));
    this.#bytes = Buffer.allocUnsafeSlow(places * meta.pageSize);
    this.#view = new DataView(this.#bytes.buffer);
    this.#held = new Float64Array(places).fill(-1);
  }

  /**
   * A branch or leaf page, checked.
   * @param from the place that leads to it
   * @throws BoltError
   */
  load(id: number, from: number): Page {
    if (!(id >= 2 && id < this.highWater)) throw this.#noSuchPage(id, from);
    if (id >= this.pages) throw this.#beyondEnd(id, 1);
    const known = this.#from.get(id);
    if (known !== undefined && known !== from) throw this.#secondReference(id, known, from);
    if (this.#large?.id === id) return this.#large;
    if (this.#scattered >= this.#enough) this.#preload();
    const page = this.#preloadedPage(id) ?? this.#checked(id, this.#read(id, 1));
    if (page.overflow > 0) return this.#loadRun(page, from, known === undefined);
    if (known === undefined) this.#from.set(id, from);
    return page;
  }

  /** Says that all that is in use will be read: then it is soon read from front to back, if it is much. */
  expectAll(): void {
    this.#enough = Math.max(MIN_SCATTERED / 8, this.pages / 256);
  }

  /** Makes sure that a page's memory holds the page. @throws BoltError `unreadable`, `truncated` */
  hold(page: Page): void {
    const { place } = page;
    if (place < 0 || (page.overflow === 0 && this.#held[place] === page.id)) return;
    for (let i = 0; i <= page.overflow; i += 1) {
      if (this.#held[place + i] !== page.id + i) {
        this.#read(page.id, page.overflow + 1);
        return;
      }
    }
  }

  /** What led to a page; undefined while nothing has. */
  leadsTo(id: number): number | undefined {
    return this.#from.get(id);
  }

  /** Bytes of the file, past the cache; fewer at its end. @throws BoltError `unreadable` */
  readAt(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, readFully(this.#fd, bytes, 0, length, offset));
  }

  /** Reads pages to their places, and more of those that follow where reading goes forward. @returns where they begin */
  #read(id: number, pages: number): number {
    const { pageSize } = this;
    const places = this.#held.length;
    const place = id % places;
    if (pages === 1 && this.#held[place] === id) return place * pageSize;
    if (id === this.#next) this.#ahead = Math.min(this.#ahead * 2, MAX_READ_AHEAD_BYTES / pageSize);
    else {
      this.#ahead = 1;
      this.#scattered += 1;
    }
    const wanted = Math.min(Math.max(pages, this.#ahead), places - place);
    const bytes = readFully(this.#fd, this.#bytes, place * pageSize, wanted * pageSize, id * pageSize);
    const read = Math.floor(bytes / pageSize);
    for (let i = 0; i < wanted; i += 1) this.#held[place + i] = i < read ? id + i : -1;
    if (read < pages) throw this.#beyondEnd(id, pages);
    this.#next = id + read;
    return place * pageSize;
  }

  /** After a sixteenth of the file in no order, the rest is worth reading in order. */
  #preload(): void {
    this.#scattered = Number.NEGATIVE_INFINITY;
    this.#preloaded = preload({
      pages: this.pages,
      pageSize: this.pageSize,
      littleEndian: this.littleEndian,
      maxBytes: this.#preloadBytes,
      read: (into, at, length, offset) => readFully(this.#fd, into, at, length, offset),
    });
  }

  #preloadedPage(id: number): Page | undefined {
    const preloaded = this.#preloaded;
    const at = preloaded?.at(id) ?? -1;
    if (preloaded === undefined || at < 0) return undefined;
    const { bytes, view } = preloaded;
    const flags = view.getUint16(at + PAGE_FLAGS, this.littleEndian);
    const count = view.getUint16(at + PAGE_COUNT, this.littleEndian);
    return {
      id,
      flags,
      count,
      overflow: 0,
      claimed: 0,
      bytes,
      view,
      at,
      size: preloaded.size(id),
      place: -1,
    };
  }

  #checked(id: number, at: number): Page {
    const { littleEndian, pageSize } = this;
    const view = this.#view;
    const ownId = readPageNumber(view, at + PAGE_ID, littleEndian);
    const flags = view.getUint16(at + PAGE_FLAGS, littleEndian);
    const count = view.getUint16(at + PAGE_COUNT, littleEndian);
    const overflow = view.getUint32(at + PAGE_OVERFLOW, littleEndian);
    const size = (overflow + 1) * pageSize;
    const fault = (fields: Omit<DamageFields, 'page' | 'offset'>, within: number): BoltError =>
      new BoltError({ ...fields, page: id, offset: id * pageSize + within });
    if (ownId !== id) {
      const what = 'number of the page';
      throw fault({ code: 'pageId', what, expected: String(id), found: String(ownId) }, PAGE_ID);
    }
    if (flags !== LEAF && flags !== BRANCH) {
      const expected = 'branch or leaf';
      throw fault({ code: 'pageKind', what: 'kind of page', expected, found: pageKind(flags) }, PAGE_FLAGS);
    }
    if (HEADER + count * ELEMENT > size) {
      const expected = `at most ${(size - HEADER) / ELEMENT}, which fit in ${size} bytes`;
      const what = 'number of elements';
      throw fault({ code: 'elements', what, expected, found: String(count) }, PAGE_COUNT);
    }
    const place = at / pageSize;
    return { id, flags, count, overflow, claimed: overflow, bytes: this.#bytes, view, at, size, place };
  }

  /**
   * A page of several. Its own word on how many is believed as far as the file and the high water mark go, and as far as its
   * elements reach: a wrong number must neither cost memory nor swallow the pages of others.
   */
  #loadRun(claimed: Page, from: number, first: boolean): Page {
    const { id } = claimed;
    const { pageSize } = this;
    const pages = Math.min(claimed.overflow + 1, this.pages - id);
    const reached = this.#reach(claimed, pages * pageSize);
    const needed = Math.ceil(reached / pageSize);
    // Where the content ends just with a page, bbolt took one more until 1.3.5: node.spill.
    const right =
      claimed.overflow === needed - 1 || (claimed.overflow === needed && reached === needed * pageSize);
    const overflow = right && claimed.overflow < pages ? claimed.overflow : needed - 1;
    const page = { ...claimed, overflow, size: (overflow + 1) * pageSize };
    if (first) this.#claimRun(page, from);
    if (page.size > this.#maxPageBytes) {
      const expected = `at most ${this.#maxPageBytes} bytes`;
      const found = `${page.size} bytes`;
      throw new BoltError({
        code: 'limit',
        page: id,
        offset: id * pageSize,
        what: 'a page',
        expected,
        found,
      });
    }
    if (page.size <= MAX_SHARED_BYTES && page.place + overflow < this.#held.length) {
      this.#read(id, overflow + 1);
      return page;
    }
    const bytes = this.readAt(id * pageSize, page.size);
    if (bytes.length < page.size) throw this.#beyondEnd(id, overflow + 1);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#large = { ...page, bytes, view, at: 0, place: -1 };
    return this.#large;
  }

  /** Where the last of a page's elements ends, of those that end within so many bytes. */
  #reach({ id, flags, count }: Page, limit: number): number {
    const table = HEADER + count * ELEMENT;
    const bytes = table > limit ? undefined : this.readAt(id * this.pageSize, table);
    if (bytes === undefined || bytes.length < table) {
      throw this.#beyondEnd(id, Math.ceil(table / this.pageSize));
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, table);
    return reach(view, 0, flags, count, limit, this.littleEndian);
  }

  // Claimed one by one up to a conflict, so that pages which all claim the rest of the file are not counted again and again.
  #claimRun({ id, overflow }: Page, from: number): void {
    this.#from.set(id, from);
    for (let i = 1; i <= overflow; i += 1) {
      const known = this.#from.get(id + i);
      if (known !== undefined) throw this.#secondReference(id + i, known, INSIDE_A_RUN);
      this.#from.set(id + i, INSIDE_A_RUN);
    }
  }

  #noSuchPage(id: number, from: number): BoltError {
    const expected = `a page from 2 to ${this.highWater - 1}`;
    const fields: DamageFields = {
      code: 'pageNumber',
      what: 'reference to a page',
      expected,
      found: String(id),
    };
    if (from === FROM_META) return new BoltError(fields);
    const page = Math.floor(from / 0x1_0000);
    return new BoltError({
      ...fields,
      page,
      offset: page * this.pageSize + HEADER + (from % 0x1_0000) * ELEMENT,
    });
  }

  #secondReference(id: number, known: number, from: number): BoltError {
    return new BoltError({
      code: 'doubleReference',
      page: id,
      offset: id * this.pageSize,
      what: 'two references to this page',
      found: `${placeWords(known)}, ${placeWords(from)}`,
    });
  }

  #beyondEnd(id: number, pages: number): BoltError {
    return new BoltError({
      code: 'truncated',
      page: id,
      offset: id * this.pageSize,
      what: 'the file ends before this page does',
      expected: `${(id + pages) * this.pageSize} bytes or more`,
      found: `${this.fileSize} bytes`,
    });
  }
}

interface References {
  readonly get: (id: number) => number | undefined;
  readonly set: (id: number, from: number) => void;
}

// A table is several times faster than a map, but of a sparse file that claims millions of pages it would be mostly empty.
function newReferences(pages: number): References {
  if (pages > MAX_TABLE) return new Map<number, number>();
  const table = new Float64Array(pages).fill(Number.NaN);
  return {
    get: (id) => {
      const from = table[id];
      return from === undefined || Number.isNaN(from) ? undefined : from;
    },
    set: (id, from) => {
      table[id] = from;
    },
  };
}

function rethrow(damage: BoltError): never {
  throw damage;
}

function placeWords(place: number): string {
  if (place === FROM_META) return 'the meta page';
  if (place === INSIDE_A_RUN) return 'a page before it that goes on for several';
  return `page ${Math.floor(place / 0x1_0000)} element ${place % 0x1_0000}`;
}
