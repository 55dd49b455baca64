/** What is wrong inside one page: where its elements lie, and in which order their keys are. */
import { BoltError, type DamageFields, keptName } from './damage.ts';
import {
  BRANCH,
  BRANCH_POSITION,
  ELEMENT,
  HEADER,
  LEAF_POSITION,
  LEAF_VALUE_LENGTH,
  MAX_KEY_BYTES,
} from './format.ts';
import { type Leaf, offsetIn } from './leaf.ts';
import type { Page, PageFile } from './page-file.ts';

/** What became unreadable with it: all below a page, one entry, or nothing at all. */
export type Loss = 'pages' | 'entry' | 'nothing';

export interface Finding {
  readonly error: BoltError;
  readonly loses: Loss;
}

export interface PageKeys {
  /** Copies; undefined for those that are not inside the page. */
  readonly keys: readonly (Buffer | undefined)[];
  readonly findings: readonly Finding[];
}

/** The keys of a page or inline bucket, and whether keys and values follow each other as bbolt writes them (node.write). */
export const checkElements = (file: PageFile, page: Page, leaf: Leaf): PageKeys => {
  const { view, bytes } = page;
  const { littleEndian } = file;
  const { base, size, count } = leaf;
  const branch = page.flags === BRANCH;
  const position = branch ? BRANCH_POSITION : LEAF_POSITION;
  const keys: (Buffer | undefined)[] = [];
  const findings: Finding[] = [];
  // Where the next key has to begin; unknown after an element that lies elsewhere.
  let next: number | undefined = HEADER + count * ELEMENT;
  for (let i = 0; i < count; i += 1) {
    const at = base + HEADER + i * ELEMENT;
    const keyAt = at + view.getUint32(at + position, littleEndian) - base;
    const keyLength = view.getUint32(at + position + 4, littleEndian);
    const length = keyLength + (branch ? 0 : view.getUint32(at + LEAF_VALUE_LENGTH, littleEndian));
    const fault = (what: string, expected: string, loses: Loss): void => {
      const found = `${length} bytes at ${keyAt}`;
      const place = { page: page.id, offset: offsetIn(file, page, at) };
      findings.push({ error: new BoltError({ code: 'elements', ...place, what, expected, found }), loses });
    };
    const inside = keyAt >= HEADER + count * ELEMENT && keyAt + length <= size;
    if (!inside) {
      fault(
        `key and value of element ${i}`,
        `bytes ${HEADER + count * ELEMENT} to ${size}`,
        branch ? 'nothing' : 'entry',
      );
      keys.push(undefined);
      next = undefined;
      continue;
    }
    if (next !== undefined && keyAt !== next)
      fault(`key of element ${i}`, `at ${next}, where the one before ends`, 'nothing');
    if (keyLength === 0) fault(`key of element ${i}`, 'at least one byte', 'nothing');
    if (keyLength > MAX_KEY_BYTES) {
      fault(`key of element ${i}`, `at most ${MAX_KEY_BYTES} bytes`, branch ? 'nothing' : 'entry');
      keys.push(undefined);
      next = keyAt + length;
      continue;
    }
    keys.push(Buffer.from(bytes.subarray(base + keyAt, base + keyAt + keyLength)));
    next = keyAt + length;
  }
  return { keys, findings };
};

/** Keys from `low` on, below `high`; a page's first key may be the one that the branch above names. */
export interface KeyRange {
  readonly low: Buffer | undefined;
  readonly high: Buffer | undefined;
}

/** Keys that are not after the one before them, or outside of the range. */
export const checkOrder = (
  file: PageFile,
  page: Page,
  { base }: Leaf,
  keys: readonly (Buffer | undefined)[],
  { low, high }: KeyRange,
): readonly Finding[] => {
  const findings: Finding[] = [];
  let before = low;
  let first = true;
  keys.forEach((key, i) => {
    if (key === undefined) return;
    const order = before === undefined ? -1 : Buffer.compare(before, key);
    if (order > 0 || (order === 0 && !first) || (high !== undefined && Buffer.compare(key, high) >= 0)) {
      const offset = offsetIn(file, page, base + HEADER + i * ELEMENT);
      const what = `key of element ${i} is out of order`;
      const fields: DamageFields = { code: 'keyOrder', page: page.id, offset, what, key: keptName(key) };
      findings.push({ error: new BoltError(fields), loses: 'nothing' });
    }
    before = key;
    first = false;
  });
  return findings;
};
