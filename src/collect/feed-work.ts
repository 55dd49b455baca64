/**
 * What has to be read again, and when: single objects at once, so many at a time; a facet as a whole where more of its objects
 * are waiting than are worth reading one by one, and then only when it has settled.
 */
import { keyText, type ObjectKey } from '../host/event-objects.ts';
import type { FacetName } from '../host/snapshot.ts';

/** Objects read at the same time. */
const READS_IN_FLIGHT = 16;
/** More waiting objects of a facet than this are read as one list. */
const MANY = 256;
/** A facet has settled when nothing of it has changed for so long, */
const SETTLE_MS = 300;
/** and one that never settles is listed all the same after so long. */
const PATIENCE_MS = 2000;
/** Between two lists, however short. */
const LEAST_REST_MS = 100;
/** Listing stays below this share of the time, however large the host is. */
const MOST_SHARE = 0.1;

export interface WorkOptions {
  /** Reads one object. A rejection means that its facet has to be listed. */
  read(key: ObjectKey): Promise<void>;
  /** Lists facets as a whole; it does not reject. */
  list(facets: readonly FacetName[]): Promise<void>;
}

export type When = 'now' | 'soon' | 'settled';

export interface Work {
  /** Something may have changed. */
  touch(key: ObjectKey): void;
  /** The facet has to be listed anew: at once, as soon as listing may go on, or when it has settled. */
  mark(facet: FacetName, when: When): void;
  /** Starts nothing until it is resumed; what is touched meanwhile waits. */
  pause(): void;
  resume(): void;
  /** Forgets all that waits: it has been read otherwise. */
  clear(): void;
  /** Nothing waits and nothing is being read. */
  idle(): boolean;
  close(): void;
}

interface Reading {
  readonly key: ObjectKey;
  /** It was touched since the reading began. */
  again: ObjectKey | undefined;
}

interface Dirty {
  readonly since: number;
  touchedAt: number;
  when: When;
}

export const createWork = ({ read, list }: WorkOptions): Work => {
  const waiting = new Map<FacetName, Map<string, ObjectKey>>();
  const reading = new Map<string, Reading>();
  const dirty = new Map<FacetName, Dirty>();
  let listing: ReadonlySet<FacetName> = new Set();
  let restUntil = 0;
  let timer: NodeJS.Timeout | undefined;
  let running = true;
  let closed = false;

  const touch = (key: ObjectKey): void => {
    const { facet } = key;
    const whole = dirty.get(facet);
    if (whole !== undefined) {
      whole.touchedAt = performance.now();
      return;
    }
    const name = `${facet} ${keyText(key)}`;
    const current = reading.get(name);
    if (current !== undefined) {
      current.again = key;
      return;
    }
    const keys = waiting.get(facet) ?? new Map<string, ObjectKey>();
    waiting.set(facet, keys.set(name, key));
    if (keys.size > MANY) mark(facet, 'settled');
    else pump();
  };

  const mark = (facet: FacetName, when: When): void => {
    waiting.delete(facet);
    const at = performance.now();
    const whole = dirty.get(facet) ?? { since: at, touchedAt: at, when };
    if (when === 'now' || whole.when === 'settled') whole.when = when;
    dirty.set(facet, whole);
    schedule();
  };

  const pump = (): void => {
    if (!running || closed) return;
    for (const [facet, keys] of waiting) {
      // What is read while its facet is being listed would be overwritten by what may be older.
      if (listing.has(facet)) continue;
      for (const [name, key] of keys) {
        if (reading.size >= READS_IN_FLIGHT) return;
        keys.delete(name);
        start(name, key);
      }
      if (keys.size === 0) waiting.delete(facet);
    }
  };

  const start = (name: string, key: ObjectKey): void => {
    const current: Reading = { key, again: undefined };
    reading.set(name, current);
    read(key)
      .catch(() => mark(key.facet, 'settled'))
      .finally(() => {
        reading.delete(name);
        if (closed) return;
        if (current.again !== undefined) touch(current.again);
        pump();
      })
      .catch(() => undefined);
  };

  const dueAt = ({ since, touchedAt, when }: Dirty): number => {
    if (when === 'now') return 0;
    return when === 'soon'
      ? restUntil
      : Math.max(restUntil, Math.min(touchedAt + SETTLE_MS, since + PATIENCE_MS));
  };

  const schedule = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (!running || closed || listing.size > 0 || dirty.size === 0) return;
    const due = Math.min(...[...dirty.values()].map(dueAt));
    timer = setTimeout(listDue, Math.max(0, due - performance.now()));
  };

  const listDue = (): void => {
    timer = undefined;
    const started = performance.now();
    const due = [...dirty].flatMap(([facet, whole]) => (dueAt(whole) <= started ? [facet] : []));
    if (due.length === 0) {
      schedule();
      return;
    }
    for (const facet of due) dirty.delete(facet);
    listing = new Set(due);
    list(due)
      .catch(() => undefined)
      .finally(() => {
        const ended = performance.now();
        restUntil = ended + Math.max(LEAST_REST_MS, (ended - started) * (1 / MOST_SHARE - 1));
        // A reading that began before the list may bring what is older than the list.
        for (const current of reading.values()) {
          if (listing.has(current.key.facet)) current.again ??= current.key;
        }
        listing = new Set();
        schedule();
        pump();
      })
      .catch(() => undefined);
  };

  return {
    touch,
    mark,
    pause: () => {
      running = false;
      clearTimeout(timer);
    },
    resume: () => {
      running = true;
      schedule();
      pump();
    },
    clear: () => {
      waiting.clear();
      dirty.clear();
      for (const current of reading.values()) current.again = undefined;
      schedule();
    },
    idle: () => waiting.size === 0 && reading.size === 0 && dirty.size === 0 && listing.size === 0,
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
};
