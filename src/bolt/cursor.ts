/** One bucket, entry by entry in the order of its keys, or by key. */
import { BoltError, inBucket } from './damage.ts';
import {
  BRANCH_CHILD,
  BRANCH_POSITION,
  BUCKET_HEADER,
  ELEMENT,
  HEADER,
  IS_BUCKET,
  LEAF,
  LEAF_FLAGS,
  LEAF_KEY_LENGTH,
  LEAF_POSITION,
  LEAF_VALUE_LENGTH,
  MAX_KEY_BYTES,
  readPageNumber,
} from './format.ts';
import {
  bucketInInline,
  bucketTooDeep,
  elementOutside,
  elementsOverlap,
  inlineCount,
  type Leaf,
  MAX_BUCKET_DEPTH,
  shortBucket,
} from './leaf.ts';
import { FROM_META, type Page, type PageFile, placeOf } from './page-file.ts';
import { compareKey, firstNotBefore } from './search.ts';

/** The root bucket, as the meta page names it. */
export interface RootBucket {
  readonly root: number;
  readonly sequence: bigint;
}

// More levels of pages than any file has that fits in 2^64 bytes.
const MAX_TREE_DEPTH = 64;

/**
 * Stands before the first entry, and on one after each `next` or `find` that returned true. What it returns is copied.
 * Damage below the bucket is told to the file's `onDamage`; what is behind it is left out and reading goes on. Only `find`
 * throws whatever it meets: a key that cannot be looked up is not a key that is not there.
 */
export class Cursor {
  readonly #file: PageFile;
  readonly #parent: Cursor | undefined;
  readonly #depth: number;
  #child: Cursor | undefined;

  /** The tree's first page; 0 for a bucket that lies in its parent's leaf. */
  #root = 0;
  #from = FROM_META;
  #rootSequence = 0n;
  #broken: BoltError | undefined;
  #isDamaged = false;

  // The branch pages from the root down, and at which of its elements each stands.
  readonly #branches: Page[] = [];
  readonly #at: number[] = [];
  #level = 0;

  #started = false;
  // The leaf: a page in its memory, or an inline bucket in its parent's page.
  #leaf: Page | undefined;
  #base = 0;
  #size = 0;
  #count = 0;
  #index = -1;
  /** Bytes of the keys and values of this leaf so far. */
  #used = 0;

  // The entry, in the leaf's memory.
  #flags = 0;
  #keyAt = 0;
  #keyLength = 0;
  #valueAt = 0;
  #valueLength = 0;

  private constructor(file: PageFile, parent: Cursor | undefined) {
    this.#file = file;
    this.#parent = parent;
    this.#depth = parent === undefined ? 0 : parent.#depth + 1;
  }

  /** On the root bucket. */
  static root(file: PageFile, { root, sequence }: RootBucket): Cursor {
    const cursor = new Cursor(file, undefined);
    [cursor.#root, cursor.#rootSequence] = [root, sequence];
    return cursor;
  }

  /** Steps to the next entry; false after the last. @throws BoltError where nobody takes damage */
  next(): boolean {
    if (!this.#started) this.#start();
    for (;;) {
      if (this.#index + 1 < this.#count) {
        this.#index += 1;
        const error = this.#element();
        if (error === undefined) return true;
        this.#damaged(error);
      } else if (!this.#nextLeaf()) return false;
    }
  }

  /**
   * Steps to the entry with just this key, down the tree and without reading the rest. Where there is none, `next` continues
   * with the first entry after it.
   * @throws BoltError
   */
  find(key: Uint8Array): boolean {
    this.rewind();
    this.#started = true;
    try {
      this.#seek(key);
    } catch (error) {
      throw this.#located(error);
    }
    if (this.#index < this.#count && this.keyIs(key)) return true;
    if (this.#index < this.#count) this.#index -= 1;
    return false;
  }

  /** Steps before the first entry again. */
  rewind(): void {
    this.#started = false;
    this.#level = 0;
    this.#leaf = undefined;
    this.#count = 0;
    this.#index = -1;
    this.#flags = 0;
  }

  /** Whether the entry is a bucket. */
  get isBucket(): boolean {
    return (this.#flags & IS_BUCKET) !== 0;
  }

  /**
   * On the bucket that the entry is, before its first entry. The same object each time: once this cursor has moved on, what
   * it gave before stands on another bucket.
   */
  child(): Cursor {
    if (!this.isBucket) throw new Error(`the entry is no bucket: ${this.keyText()}`);
    this.#child ??= new Cursor(this.#file, this);
    this.#child.#enterBucket(this);
    return this.#child;
  }

  /** The bucket's counter (NextSequence). */
  get sequence(): bigint {
    const parent = this.#parent;
    if (parent === undefined) return this.#rootSequence;
    if (parent.#valueLength < BUCKET_HEADER) return 0n;
    return parent.#memory().view.getBigUint64(parent.#valueAt + 8, this.#file.littleEndian);
  }

  /** Whether something of this bucket had to be left out so far; of its own entries, not of the buckets among them. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** Says that all of this bucket will be read; a hint that makes a large file faster, where it is the root. */
  expectAll(): void {
    if (this.#parent === undefined) this.#file.expectAll();
  }

  /** Whether the bucket lies in its parent's leaf. */
  get isInline(): boolean {
    return this.#root === 0 && this.#parent !== undefined;
  }

  /** The names of the buckets down to this one. */
  path(): Uint8Array[] {
    return this.#parent === undefined ? [] : [...this.#parent.path(), this.#parent.key()];
  }

  /** Whether the entry's key is just this; faster than any copy of it. */
  keyIs(key: Uint8Array): boolean {
    const length = this.#keyLength;
    if (length !== key.length) return false;
    const { bytes } = this.#memory();
    const at = this.#keyAt;
    for (let i = 0; i < length; i += 1) if (bytes[at + i] !== key[i]) return false;
    return true;
  }

  key(): Buffer {
    return Buffer.from(this.#memory().bytes.subarray(this.#keyAt, this.#valueAt));
  }

  /** As UTF-8; what is none of it becomes U+FFFD. */
  keyText(): string {
    return this.#memory().bytes.toString('utf8', this.#keyAt, this.#valueAt);
  }

  get keyLength(): number {
    return this.#keyLength;
  }

  value(): Buffer {
    return Buffer.from(this.#memory().bytes.subarray(this.#valueAt, this.#valueAt + this.#valueLength));
  }

  /** As UTF-8; what is none of it becomes U+FFFD. */
  valueText(): string {
    return this.#memory().bytes.toString('utf8', this.#valueAt, this.#valueAt + this.#valueLength);
  }

  get valueLength(): number {
    return this.#valueLength;
  }

  /** One byte of the value, without copying it; undefined past its end. */
  valueByte(index: number): number | undefined {
    return index < this.#valueLength ? this.#memory().bytes[this.#valueAt + index] : undefined;
  }

  /** Four bytes of the value as a big-endian number; 0 where it has not so many. */
  valueUint32(index: number): number {
    return index + 4 > this.#valueLength ? 0 : this.#memory().view.getUint32(this.#valueAt + index);
  }

  #enterBucket(parent: Cursor): void {
    this.rewind();
    this.#root = 0;
    this.#broken = undefined;
    this.#isDamaged = false;
    const leaf = parent.#memory();
    if (parent.#valueLength < BUCKET_HEADER) {
      this.#broken = shortBucket(this.#file, leaf, parent.#valueAt, parent.#valueLength);
      return;
    }
    this.#root = readPageNumber(leaf.view, parent.#valueAt, this.#file.littleEndian);
    this.#from = placeOf(leaf.id, parent.#index);
    if (parent.isInline) {
      this.#broken = bucketInInline(this.#file, leaf, parent.#valueAt);
    } else if (this.#depth > MAX_BUCKET_DEPTH) {
      this.#broken = bucketTooDeep(this.#file, leaf, parent.#valueAt);
    }
  }

  #start(): void {
    this.rewind();
    this.#started = true;
    try {
      this.#enterRoot();
    } catch (error) {
      this.#damaged(error);
    }
  }

  /** To the tree's first page, or the leaf that the bucket is. */
  #enterRoot(): void {
    if (this.#broken !== undefined) throw this.#broken;
    const parent = this.#parent;
    if (parent === undefined || this.#root !== 0) {
      this.#enter(this.#file.load(this.#root, this.#from));
      return;
    }
    const page = parent.#memory();
    const base = parent.#valueAt + BUCKET_HEADER;
    const size = parent.#valueLength - BUCKET_HEADER;
    this.#enterLeaf(page, base, size, inlineCount(this.#file, page, base, size));
  }

  #enter(page: Page): void {
    if (page.flags === LEAF) {
      this.#enterLeaf(page, page.at, page.size, page.count);
      return;
    }
    const what = `a tree of more than ${MAX_TREE_DEPTH} levels`;
    if (this.#level === MAX_TREE_DEPTH) throw new BoltError({ code: 'limit', page: page.id, what });
    this.#branches[this.#level] = page;
    this.#at[this.#level] = -1;
    this.#level += 1;
  }

  #enterLeaf(page: Page, base: number, size: number, count: number): void {
    this.#leaf = page;
    this.#base = base;
    this.#size = size;
    this.#count = count;
    this.#index = -1;
    this.#used = 0;
  }

  /** To the next leaf, around branches that cannot be read; false where there is none. */
  #nextLeaf(): boolean {
    while (this.#level > 0) {
      const top = this.#level - 1;
      const branch = this.#branches[top];
      const index = (this.#at[top] ?? 0) + 1;
      if (branch === undefined || index >= branch.count) {
        this.#level = top;
        continue;
      }
      this.#at[top] = index;
      try {
        this.#enterChild(branch, index);
        if (this.#level === top + 1) return true;
      } catch (error) {
        this.#damaged(error);
      }
    }
    this.#count = 0;
    this.#index = -1;
    return false;
  }

  #enterChild(branch: Page, index: number): void {
    this.#file.hold(branch);
    const at = branch.at + HEADER + index * ELEMENT + BRANCH_CHILD;
    const child = readPageNumber(branch.view, at, this.#file.littleEndian);
    this.#enter(this.#file.load(child, placeOf(branch.id, index)));
  }

  /** Reads the element that the index names, or says what is wrong with it. */
  #element(): BoltError | undefined {
    const { view } = this.#memory();
    const { littleEndian } = this.#file;
    const at = this.#base + HEADER + this.#index * ELEMENT;
    const keyAt = at + view.getUint32(at + LEAF_POSITION, littleEndian);
    const keyLength = view.getUint32(at + LEAF_KEY_LENGTH, littleEndian);
    const valueLength = view.getUint32(at + LEAF_VALUE_LENGTH, littleEndian);
    const table = this.#base + HEADER + this.#count * ELEMENT;
    const end = this.#base + this.#size;
    const length = keyLength + valueLength;
    if (keyAt < table || keyAt + length > end || keyLength > MAX_KEY_BYTES) {
      return elementOutside(this.#file, this.#memory(), this.#table(), this.#index, keyAt, length);
    }
    this.#used += length;
    if (this.#used > end - table) {
      const error = elementsOverlap(this.#file, this.#memory(), this.#table(), this.#index, this.#used);
      // The sum only grows: whatever else this leaf lists would be refused as well.
      this.#index = this.#count;
      return error;
    }
    this.#flags = view.getUint32(at + LEAF_FLAGS, littleEndian);
    this.#keyAt = keyAt;
    this.#keyLength = keyLength;
    this.#valueAt = keyAt + keyLength;
    this.#valueLength = valueLength;
    return undefined;
  }

  #table(): Leaf {
    return { base: this.#base, size: this.#size, count: this.#count };
  }

  /** Leaves the cursor on the first entry that is not before the key, or behind the leaf where it would be. */
  #seek(key: Uint8Array): void {
    const { littleEndian, pageSize } = this.#file;
    this.#enterRoot();
    while (this.#leaf === undefined) {
      const top = this.#level - 1;
      const branch = this.#branches[top];
      if (branch === undefined || branch.count === 0) {
        const page = branch?.id ?? this.#root;
        const what = 'a branch without elements';
        throw new BoltError({ code: 'elements', page, offset: page * pageSize, what });
      }
      this.#file.hold(branch);
      const { id: page, bytes, view, at: base, size, count } = branch;
      const elements = { page, bytes, view, base, size, count, position: BRANCH_POSITION, littleEndian };
      // A branch's key is the first in its child: the last one that is not after ours leads to it.
      const index = firstNotBefore(elements, key);
      const exact = index < count && compareKey(elements, index, key) === 0;
      this.#at[top] = Math.max(0, exact ? index : index - 1);
      this.#enterChild(branch, this.#at[top] ?? 0);
    }
    const { id: page, bytes, view } = this.#memory();
    this.#index = firstNotBefore(
      { page, bytes, view, ...this.#table(), position: LEAF_POSITION, littleEndian },
      key,
    );
    const error = this.#index < this.#count ? this.#element() : undefined;
    // Where the key is another one, the next step counts this element again.
    this.#used = 0;
    if (error !== undefined) throw error;
  }

  /** The leaf's memory, which other pages may have used meanwhile. */
  #memory(leaf: Page | undefined = this.#leaf): Page {
    if (leaf === undefined) throw new Error('the cursor stands on no entry');
    this.#file.hold(leaf);
    return leaf;
  }

  #damaged(error: unknown): void {
    const located = this.#located(error);
    if (!(located instanceof BoltError)) throw located;
    this.#isDamaged = true;
    this.#file.onDamage(located);
  }

  #located(error: unknown): unknown {
    return error instanceof BoltError ? inBucket(error, this.path()) : error;
  }
}
