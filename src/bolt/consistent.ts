/**
 * Reading a file while a daemon writes it, without the lock that the daemon holds.
 *
 * A transaction N + 1 never touches the pages that N leads to: it writes others, and then the meta page that N did not write.
 * Pages that N + 1 has given up are used anew by N + 2 at the earliest (db.go, freePages; freelist.go, release). So what was
 * read at N is of one moment as long as N is still the newest at the end. Where it is not, the file is read again; after
 * three times the last reading is returned, and called torn.
 */

import { BoltError } from './damage.ts';
import { type Database, type DatabaseOptions, openDatabase } from './database.ts';
import type { BoltSource } from './io.ts';
import { newest } from './meta.ts';

export interface Consistent<T> {
  readonly value: T;
  /** The transaction that was read. */
  readonly txid: bigint;
  /** Whether newer ones were finished meanwhile, each time: then the value may mix several. */
  readonly torn: boolean;
  readonly tries: number;
  /** Whether `salvage` has found a way in: without a valid meta page, and the transaction is then 0, or without the root. */
  readonly salvaged: boolean;
  /** What had to be left out, as far as it is listed. */
  readonly damage: readonly BoltError[];
  /** How many more there are. */
  readonly unlisted: number;
}

export interface ConsistentOptions extends Omit<DatabaseOptions, 'onDamage'> {
  readonly signal?: AbortSignal;
  /** @default 3 */
  readonly tries?: number;
  /** Damage that is kept word by word. @default 200 */
  readonly maxDamage?: number;
}

/** Others get their turn after so long; a terminal still answers keys at once. */
const SLICE_MS = 10;

/**
 * Opens a file, reads it in pieces and closes it.
 * @param read a generator that yields now and then; it must hold nothing of the database that outlives it
 * @throws BoltError `torn` when even the last try came upon damage while the file changed, any other where the file is at fault
 */
export const readConsistently = async <T>(
  source: BoltSource,
  read: (database: Database) => Generator<unknown, T>,
  options: ConsistentOptions = {},
): Promise<Consistent<T>> => {
  const { signal, tries = 3, maxDamage = 200, ...rest } = options;
  for (let attempt = 1; ; attempt += 1) {
    const damage: BoltError[] = [];
    let unlisted = 0;
    const onDamage = (error: BoltError): void => {
      if (damage.length < maxDamage) damage.push(error);
      else unlisted += 1;
    };
    using database = openDatabase(source, { ...rest, onDamage });
    const { txid } = database.meta;
    const outcome = await settled(inSlices(read(database), signal));
    const changed = database.newestTxid() !== newest(database.metas)?.txid;
    if (changed && attempt < tries) continue;
    if ('value' in outcome) {
      const { isSalvaged: salvaged } = database;
      return { value: outcome.value, txid, torn: changed, tries: attempt, salvaged, damage, unlisted };
    }
    if (changed && outcome.error instanceof BoltError) throw torn(attempt, outcome.error);
    throw outcome.error;
  }
};

/** Runs a generator, giving way to others every few milliseconds. @throws the signal's reason */
export const inSlices = async <T>(steps: Generator<unknown, T>, signal?: AbortSignal): Promise<T> => {
  try {
    for (;;) {
      signal?.throwIfAborted();
      const end = performance.now() + SLICE_MS;
      do {
        const { done, value } = steps.next();
        if (done) return value;
      } while (performance.now() < end);
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    steps.return(undefined as never);
  }
};

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

// Damage in a file that has changed meanwhile says nothing about the file: it is judged after the file was looked at again.
async function settled<T>(work: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work };
  } catch (error) {
    if (!(error instanceof BoltError)) throw error;
    return { error };
  }
}

function torn(tries: number, cause: BoltError): BoltError {
  return new BoltError({ code: 'torn', what: `the file changed during each of ${tries} readings`, cause });
}
