/** Binary search in the element table of a page or an inline bucket. */
import { BoltError } from './damage.ts';
import { ELEMENT, HEADER } from './format.ts';

/** An element table and the memory that its keys are in. */
export interface Elements {
  readonly page: number;
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Where the page or inline bucket begins in `bytes`, and how long it is. */
  readonly base: number;
  readonly size: number;
  readonly count: number;
  /** BRANCH_POSITION or LEAF_POSITION; the key's length stands right after the position in both. */
  readonly position: number;
  readonly littleEndian: boolean;
}

/** The first element whose key is not before the given one; the number of elements where all are. @throws BoltError */
export const firstNotBefore = (elements: Elements, key: Uint8Array): number => {
  let low = 0;
  let high = elements.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKey(elements, middle, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** How an element's key compares with a given one: below 0 when it is before it. @throws BoltError */
export const compareKey = (elements: Elements, index: number, key: Uint8Array): number => {
  const { bytes, view, base, size, position, littleEndian } = elements;
  const element = base + HEADER + index * ELEMENT;
  const at = element + view.getUint32(element + position, littleEndian);
  const length = view.getUint32(element + position + 4, littleEndian);
  if (at + length > base + size) {
    throw new BoltError({
      code: 'elements',
      page: elements.page,
      what: `key of element ${index}`,
      expected: `an end within ${size} bytes`,
      found: `${length} bytes at ${at - base}`,
    });
  }
  const shorter = Math.min(length, key.length);
  for (let i = 0; i < shorter; i += 1) {
    const difference = (bytes[at + i] ?? 0) - (key[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return length - key.length;
};
