/** A listing in the making: what was read, and what could not be, with a bound on the words about it. */
import {
  absent,
  type Gap,
  type Listing,
  type ObjectRef,
  type Observed,
  seen,
  type UnknownState,
  unknown,
} from '../../../host/observed.ts';
import { Malformed } from '../json.ts';
import { FileFault } from './files.ts';

/** Gaps that are listed word by word: a hostile file can have millions. */
const MAX_GAPS = 200;

export class Draft<T> {
  readonly items: T[] = [];
  readonly #gaps: Gap[] = [];
  #more = 0;
  #last: { readonly from: string; readonly state: UnknownState } | undefined;

  /** Notes that an object, or some fields of it, could not be read. */
  miss(
    object: ObjectRef,
    from: string,
    why: string,
    state: UnknownState = 'failed',
    fields?: string[],
  ): void {
    if (this.#gaps.length >= MAX_GAPS) {
      this.#more += 1;
      this.#last = { from, state };
      return;
    }
    const fact = unknown(state, from, why, new Date().toISOString(), 0);
    this.#gaps.push({ ...fact, object: kept(object), ...(fields === undefined ? {} : { fields }) });
  }

  /**
   * Runs what reads an object or one of its fields; a fault of a file or of what stands in it is noted, and undefined returned.
   * @param fields what is missing of the object without it; without them the object itself
   */
  attempt<R>(object: ObjectRef, path: string, read: () => R, fields?: string[]): R | undefined {
    try {
      return read();
    } catch (error) {
      if (error instanceof FileFault) this.miss(object, error.path, error.message, error.state, fields);
      else if (error instanceof Malformed)
        this.miss(object, path, `${path}: ${error.message}`, 'failed', fields);
      else throw error;
      return undefined;
    }
  }

  done(): Listing<T> {
    const { items } = this;
    if (this.#last === undefined) return { items, gaps: this.#gaps };
    const { from, state } = this.#last;
    const why = `${this.#more} more faults of this kind of file are not listed`;
    return { items, gaps: [...this.#gaps, unknown(state, from, why, new Date().toISOString(), 0)] };
  }
}

const MAX_ID = 256;

function kept(object: ObjectRef): ObjectRef {
  return object.id === undefined ? object : { ...object, id: object.id.slice(0, MAX_ID) };
}

/** What a reader makes, or that there is nothing to read, or why it could not be. */
export const observed = async <T>(
  from: string,
  read: (from: string) => Promise<T>,
  whyAbsent: string,
): Promise<Observed<T>> => {
  const at = new Date().toISOString();
  const started = performance.now();
  try {
    return seen(await read(from), from, at);
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    if (error.missing) return absent(error.path, at, whyAbsent);
    return unknown(error.state, error.path, error.message, at, performance.now() - started);
  }
};
