/**
 * The file format of bbolt, data file version 2; the same from v1.3.6 to v1.5 (page.go, bucket.go, db.go, freelist.go; since
 * 1.4 internal/common/{page,meta,bucket,types}.go).
 *
 *     file
 *     ├── page 0      meta                     the transaction with an even number writes this one,
 *     ├── page 1      meta                     the next one that one; the valid one with the larger number holds
 *     ├── page 2 …    branch, leaf, freelist or free
 *     └── page H …    never used; H is the high water mark of the meta page
 *
 *     page: one page, or a run of them ("overflow") whose later pages have no header
 *     0         8       10      12        16
 *     ├─ id ────┼ flags ┼ count ┼ overflow ┼─ elements, then their keys and values ─────────────────────
 *       u64       u16     u16     u32        flags: 1 branch · 2 leaf · 4 meta · 16 freelist, just one of them
 *                                            overflow: how many pages follow that belong to this one
 *
 *     meta, after the header                 branch element            leaf element
 *      0 u32 magic ED0CDAED                  0 u32 position of key     0 u32 flags: 1 the value is a bucket
 *      4 u32 version 2                       4 u32 length of key       4 u32 position of key
 *      8 u32 page size                       8 u64 page of the child   8 u32 length of key
 *     12 u32 flags                                                    12 u32 length of value, right after the key
 *     16 u64 root bucket: page               A position counts from the beginning of its own element.
 *     24 u64 root bucket: sequence           Keys are sorted by their bytes; a branch's key is the
 *     32 u64 freelist: page, or all ones     first one in its child.
 *     40 u64 high water mark
 *     48 u64 transaction                     freelist: u64 page numbers; with a count of 65535
 *     56 u64 FNV-1a of bytes 0 to 55         the first of them is the number of the others.
 *
 *     bucket, as a value in a leaf
 *     0             8              16
 *     ├─ root page ─┼─ sequence ───┼─ where the root is 0: the whole bucket as one leaf page, "inline"
 *       u64           u64
 *
 * Numbers are in the byte order of the machine that wrote them.
 */

export const HEADER = 16;
export const ELEMENT = 16;
export const BUCKET_HEADER = 16;

export const PAGE_ID = 0;
export const PAGE_FLAGS = 8;
export const PAGE_COUNT = 10;
export const PAGE_OVERFLOW = 12;

export const BRANCH = 0x01;
export const LEAF = 0x02;
export const META = 0x04;
export const FREELIST = 0x10;

export const BRANCH_POSITION = 0;
export const BRANCH_KEY_LENGTH = 4;
export const BRANCH_CHILD = 8;

export const LEAF_FLAGS = 0;
export const LEAF_POSITION = 4;
export const LEAF_KEY_LENGTH = 8;
export const LEAF_VALUE_LENGTH = 12;
/** Of a leaf element's flags. */
export const IS_BUCKET = 0x01;

/** db.go, MaxKeySize. */
export const MAX_KEY_BYTES = 32_768;

/** A freelist page with this count has the real one as its first number. */
export const LONG_FREELIST = 0xffff;

/** A 64-bit number as far as a number holds it exactly; what is larger is larger than any page of a file. */
export const readPageNumber = (view: DataView, at: number, littleEndian: boolean): number => {
  const first = view.getUint32(at, littleEndian);
  const second = view.getUint32(at + 4, littleEndian);
  return littleEndian ? second * 0x1_0000_0000 + first : first * 0x1_0000_0000 + second;
};

/** What a page says it is. */
export const pageKind = (flags: number): string => {
  switch (flags) {
    case BRANCH:
      return 'branch';
    case LEAF:
      return 'leaf';
    case META:
      return 'meta';
    case FREELIST:
      return 'freelist';
    default:
      return `flags 0x${flags.toString(16)}`;
  }
};
