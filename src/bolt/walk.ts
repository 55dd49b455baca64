/** A whole database, depth first, in the order of the keys. */
import type { Cursor } from './cursor.ts';

export interface Visitor {
  /** A key and its value. */
  readonly value: (entry: Cursor) => void;
  /** A bucket, before what is in it: the entry in its parent and the bucket itself, not to be stepped. */
  readonly enter: (entry: Cursor, bucket: Cursor) => void;
  /** After what is in it. */
  readonly leave?: () => void;
}

/** Entries between two pauses. */
const STRIDE = 256;

/** Visits everything below a bucket. A generator that yields now and then, so that a long walk can be paused or given up. */
export function* walk(bucket: Cursor, visitor: Visitor): Generator<void, void> {
  bucket.expectAll();
  const open: Cursor[] = [];
  let current = bucket;
  for (let entries = 1; ; entries += 1) {
    if (entries % STRIDE === 0) yield;
    if (!current.next()) {
      const parent = open.pop();
      if (parent === undefined) return;
      visitor.leave?.();
      current = parent;
    } else if (current.isBucket) {
      const child = current.child();
      visitor.enter(current, child);
      open.push(current);
      current = child;
    } else visitor.value(current);
  }
}

/** Runs such a generator to its end without a pause. */
export const drain = <T>(steps: Generator<unknown, T>): T => {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
};
