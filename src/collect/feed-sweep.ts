/**
 * What containerd sends no events about: ingests, leases, labels, views, what its garbage collector takes. Every such change is
 * written to its metadata database, so the database's file says when there is something to list, and nothing is listed while
 * it rests. The bytes of an ingest are the exception: they are looked at while somebody writes them.
 */
import { stat } from 'node:fs/promises';
import type { Ingest } from '../host/containerd.ts';
import type { HostEvent } from '../host/event.ts';
import type { ObjectKey } from '../host/event-objects.ts';
import { items } from '../host/kinds/listing.ts';
import { isUnknown, type Observed } from '../host/observed.ts';
import { type FacetName, facet, type HostSnapshot } from '../host/snapshot.ts';

/** Few objects, and over soon: listed at the next beat. */
const QUICK: readonly FacetName[] = ['containerd.namespaces', 'containerd.ingests', 'containerd.leases'];
/** Many objects, most of whose changes have events: listed when the database rests again, */
const WHOLE: readonly FacetName[] = [
  ...QUICK,
  'containerd.content',
  'containerd.snapshots',
  'containerd.sandboxes',
];
/** and while it never does, this often. */
const RESTLESS_MS = 10_000;
/** Where the file cannot be seen, events are all that says so; and, in case there was none, this much time. */
const BLIND_MS = 15_000;
/** What could not be read is tried again after this. */
const AGAIN_MS = 10_000;
/**
 * A shim ends with its task, and what it says last may be lost: a task that has exited is looked at after two seconds, and again
 * each time that it has been dead for twice as long.
 */
const EXITED_MS = 2000;
const LONGEST_MS = 60_000;
/** An ingest that nobody has written to for so long is not watched. */
const ABANDONED_MS = 15_000;
/** Two writes within one tick of the kernel's clock leave one time behind. */
const TICK_MS = 20;
/** An event comes after what it tells of was written; on a slow disk, this much later. */
const SLOW_WRITE_MS = 5000;
/** Objects whose events tell of a write to the database. */
const IN_DATABASE: ReadonlySet<string> = new Set(['namespace', 'container', 'image', 'snapshot', 'blob']);

export interface Due {
  readonly facets: readonly FacetName[];
  readonly objects: readonly ObjectKey[];
}

export interface Sweep {
  /** Everything is about to be listed. */
  listing(now: number): Promise<void>;
  /** What to read at this beat; `host` is the picture so far. */
  beat(host: HostSnapshot, now: number): Promise<Due>;
  /** An event came: where the database cannot be seen, it may have changed. */
  heard(event: HostEvent): void;
}

/**
 * @param database the file, where it is known
 * @param identify what changes with every write to a file; rejects where it cannot be seen
 */
export const createSweep = (
  database: string | undefined,
  identify: (path: string) => Promise<FileMark> = markOf,
): Sweep => {
  let swept: string | undefined;
  let last: string | undefined;
  let sweptAt = 0;
  let tried = 0;
  let heard = false;
  let isWholeDue = false;
  let writtenMs = 0;
  let isAnothers = false;
  const deadOnes = exitWatch();

  // Undefined where nobody can say.
  const mark = async (now: number): Promise<string | undefined> => {
    if (database === undefined || isAnothers) return undefined;
    const found = await identify(database).catch(() => undefined);
    if (found === undefined) return undefined;
    // The daemon has written since this file was written to: in its own mount namespace the path leads elsewhere.
    isAnothers = writtenMs > found.changedMs + SLOW_WRITE_MS;
    if (isAnothers) return undefined;
    // A write may follow within the same tick: what is that fresh is not taken for the last.
    return now - found.changedMs < TICK_MS ? `${found.mark} and perhaps more` : found.mark;
  };

  const fromDatabase = async (host: HostSnapshot, now: number): Promise<readonly FacetName[]> => {
    const current = await mark(now);
    if (current === undefined) {
      if (!heard && now - sweptAt < BLIND_MS) return [];
      heard = false;
      sweptAt = now;
      return present(host, WHOLE);
    }
    const rests = current === last;
    last = current;
    if (current === swept) return [];
    if (!rests && !isWholeDue && now - sweptAt < RESTLESS_MS) return present(host, QUICK);
    isWholeDue = false;
    swept = current;
    sweptAt = now;
    return present(host, WHOLE);
  };

  return {
    listing: async (now) => {
      swept = await mark(now);
      last = swept;
      sweptAt = now;
      tried = now;
      heard = false;
    },
    beat: async (host, now) => {
      const wanted = new Set(await fromDatabase(host, now));
      if (items(host, 'containerd.ingests').some((ingest) => isWritten(ingest, now)))
        wanted.add('containerd.ingests');
      const dead = deadOnes(host, now);
      if (now - tried < AGAIN_MS) return { facets: [...wanted], objects: dead };
      tried = now;
      const { facets, objects } = unanswered(host);
      return { facets: [...new Set([...wanted, ...facets])], objects: [...dead, ...objects] };
    },
    heard: ({ object, at }) => {
      heard = true;
      if (object !== null && IN_DATABASE.has(object.kind)) writtenMs = Math.max(writtenMs, Date.parse(at));
      // With an image its content comes and goes, mostly without events.
      isWholeDue ||= object?.kind === 'image';
    },
  };
};

export interface FileMark {
  /** Another after every write. */
  readonly mark: string;
  /** Milliseconds since 1970. */
  readonly changedMs: number;
}

const markOf = async (path: string): Promise<FileMark> => {
  const { mtimeNs, mtimeMs, size, ino } = await stat(path, { bigint: true });
  return { mark: `${ino} ${size} ${mtimeNs}`, changedMs: Number(mtimeMs) };
};

function isWritten({ updatedAt }: Ingest, now: number): boolean {
  return updatedAt !== null && now - Date.parse(updatedAt) < ABANDONED_MS;
}

function present(host: HostSnapshot, names: readonly FacetName[]): FacetName[] {
  return names.filter((name) => facet(host, name).state === 'seen');
}

// A later answer may differ from these; a refusal, or what a daemon does not have, stays.
const PASSING = new Set(['timeout', 'unreachable', 'failed']);

/** What is unknown in part or whole for a reason that may pass; nothing tells when it has. */
export const unanswered = (host: HostSnapshot | undefined): Due => ({
  facets: Object.entries(host?.facets ?? {}).flatMap(([name, observed]) =>
    isPassing(observed) ? [name as FacetName] : [],
  ),
  objects: host === undefined ? [] : silentTasks(host),
});

// Which of the tasks that have exited to look at now.
function exitWatch(): (host: HostSnapshot, now: number) => readonly ObjectKey[] {
  let waits = new Map<string, { readonly dueAt: number; readonly ms: number }>();
  return (host, now) => {
    const next: typeof waits = new Map();
    const due: ObjectKey[] = [];
    for (const { namespace, id, status } of items(host, 'containerd.tasks')) {
      if (status.state !== 'seen' || status.value !== 'STOPPED') continue;
      const name = `${namespace}/${id}`;
      const wait = waits.get(name) ?? { dueAt: now + EXITED_MS, ms: EXITED_MS };
      const isDue = wait.dueAt <= now;
      const ms = isDue ? Math.min(2 * wait.ms, LONGEST_MS) : wait.ms;
      next.set(name, isDue ? { dueAt: now + ms, ms } : wait);
      if (isDue) due.push({ facet: 'containerd.tasks', namespace, id });
    }
    waits = next;
    return due;
  };
}

// Their shims did not answer.
function silentTasks(host: HostSnapshot): ObjectKey[] {
  return items(host, 'containerd.tasks').flatMap(({ namespace, id, status }): ObjectKey[] =>
    isUnknown(status) ? [{ facet: 'containerd.tasks', namespace, id }] : [],
  );
}

function isPassing(observed: Observed<unknown>): boolean {
  if (isUnknown(observed)) return PASSING.has(observed.state);
  const { value } = observed.state === 'seen' ? observed : { value: undefined };
  if (typeof value !== 'object' || value === null || !('gaps' in value) || !Array.isArray(value.gaps)) {
    return false;
  }
  return (value.gaps as readonly { readonly state: string }[]).some(({ state }) => PASSING.has(state));
}
