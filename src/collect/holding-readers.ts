/** What is asked of containerd for each lease and each snapshot: what the one keeps, and what the other takes of the disk. */
import type { Snapshot } from '../host/containerd.ts';
import {
  type Gap,
  type Listing,
  type ObjectRef,
  type Observed,
  type Unknown,
  unknown,
} from '../host/observed.ts';
import type { LeaseResources, SnapshotUsage } from '../host/storage.ts';
import { CallFailure } from '../sources/containerd/failure.ts';
import { count } from '../text/units.ts';
import { chosenAddress, now, type ReaderContext } from './reader-context.ts';

/** How long one call may take. */
const DEFAULT_TIMEOUT_MS = 2000;
/** A host that builds images has leases by thousands, and every one is a call: all of them may take this many times as long. */
const CALLS_TIME = 5;
const CALLS_IN_FLIGHT = 16;
/** For these a snapshotter walks folders: not more at once than it takes to keep a disk busy. */
const MEASURED_IN_FLIGHT = 2;
const MAX_MEASURED = 1000;

/** Leases.ListResources of every lease; a lease that ended meanwhile is left out. */
export const readLeased = async (context: ReaderContext): Promise<Observed<Listing<LeaseResources>>> => {
  const { readLeaseResources } = await import('../sources/containerd/leases.ts');
  const leases = await context.once('containerd.leases');
  if (leases.state !== 'seen') return leases;
  const calls = await callsOf(context, 'Leases.ListResources');
  const { items, gaps } = await calls.each(leases.value.items, CALLS_IN_FLIGHT, {
    ask: ({ namespace, id }, deadlineMs) =>
      readLeaseResources(calls.connection, id, { namespace, deadlineMs }),
    object: ({ namespace, id }) => ({ kind: 'lease', namespace, id }),
    group: ({ namespace }) => ({ kind: 'leases', namespace }),
  });
  return calls.listing(items, gaps, leases.value.gaps, leases.value.items.length);
};

/** Snapshots.Usage of every snapshot; of those that are measured, as many as time and number allow. */
export const readSnapshotUsage = async (
  context: ReaderContext,
): Promise<Observed<Listing<SnapshotUsage>>> => {
  const { readUsage } = await import('../sources/containerd/snapshots.ts');
  const snapshots = await context.once('containerd.snapshots');
  if (snapshots.state !== 'seen') return snapshots;
  const calls = await callsOf(context, 'Snapshots.Usage');
  const ask =
    (how: SnapshotUsage['how']) =>
    async (snapshot: Snapshot, deadlineMs: number): Promise<SnapshotUsage | undefined> => {
      const { namespace, snapshotter, key } = snapshot;
      const usage = await readUsage(calls.connection, snapshot, { namespace, deadlineMs });
      return usage && { namespace, snapshotter, key, ...usage, how };
    };
  const about = {
    object: ({ namespace, snapshotter, key }: Snapshot): ObjectRef => ({
      kind: 'snapshot',
      namespace,
      id: `${snapshotter}/${key}`,
    }),
    group: ({ namespace, snapshotter }: Snapshot): ObjectRef => ({
      kind: 'snapshotter',
      namespace,
      id: snapshotter,
    }),
  };
  const all = snapshots.value.items;
  const committed = all.filter(({ kind }) => kind === 'Committed');
  const others = all.filter(({ kind }) => kind !== 'Committed');
  const recorded = await calls.each(committed, CALLS_IN_FLIGHT, { ask: ask('recorded'), ...about });
  const measured = await calls.each(others.slice(0, MAX_MEASURED), MEASURED_IN_FLIGHT, {
    ask: ask('measured'),
    ...about,
  });
  const left = calls.unasked(others.slice(MAX_MEASURED), about.group, 'only so many are measured at once');
  return calls.listing(
    [...recorded.items, ...measured.items],
    [...recorded.gaps, ...measured.gaps, ...left],
    snapshots.value.gaps,
    all.length,
  );
};

interface Question<Item, Answer> {
  readonly ask: (item: Item, deadlineMs: number) => Promise<Answer | undefined>;
  readonly object: (item: Item) => ObjectRef;
  /** What stands for many that were not asked. */
  readonly group: (item: Item) => ObjectRef;
}

interface Calls {
  readonly connection: Awaited<ReturnType<ReaderContext['connect']>>;
  /** Asks for each until the time is over. */
  each<Item, Answer>(
    items: readonly Item[],
    inFlight: number,
    question: Question<Item, Answer>,
  ): Promise<{ readonly items: Answer[]; readonly gaps: Gap[] }>;
  unasked<Item>(items: readonly Item[], group: (item: Item) => ObjectRef, why: string): Gap[];
  /** The facet; where nothing at all could be read, the first reason. */
  listing<Answer>(
    items: readonly Answer[],
    gaps: readonly Gap[],
    inherited: readonly Gap[],
    asked: number,
  ): Observed<Listing<Answer>>;
}

async function callsOf(context: ReaderContext, from: string): Promise<Calls> {
  const connection = await context.connect((await chosenAddress(context)).address);
  const oneMs = context.options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const endAt = performance.now() + CALLS_TIME * oneMs;
  const at = `${from} at ${connection.address}`;

  const unasked: Calls['unasked'] = (items, group, why) => {
    const groups = new Map<string, { object: ObjectRef; number: number }>();
    for (const item of items) {
      const object = group(item);
      const key = JSON.stringify(object);
      groups.set(key, { object, number: (groups.get(key)?.number ?? 0) + 1 });
    }
    return [...groups.values()].map(({ object, number }) => ({
      ...gapOf('timeout', from, `${at}: ${count(number, 'object')} not asked for, ${why}`, 0),
      object,
    }));
  };
  const each: Calls['each'] = async (items, inFlight, { ask, object, group }) => {
    const answers: NonNullable<Awaited<ReturnType<typeof ask>>>[] = [];
    const gaps: Gap[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < items.length && performance.now() < endAt) {
        const item = items[next++];
        if (item === undefined) continue;
        try {
          const answer = await ask(item, Math.max(1, Math.min(oneMs, endAt - performance.now())));
          if (answer !== undefined && answer !== null) answers.push(answer);
        } catch (error) {
          if (!(error instanceof CallFailure)) throw error;
          gaps.push({ ...gapOf(error.state, from, error.message, error.ms), object: object(item) });
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(inFlight, items.length) }, worker));
    const why = 'the time was over; --timeout gives more';
    return { items: answers, gaps: [...gaps, ...unasked(items.slice(next), group, why)] };
  };
  const listing: Calls['listing'] = (items, gaps, inherited, asked) => {
    const [first] = gaps;
    if (first !== undefined && items.length === 0 && asked > 0) {
      const { object: _, ...reason } = first;
      return reason;
    }
    return now({ items, gaps: [...gaps, ...inherited] }, at);
  };
  return { connection, each, unasked, listing };
}

function gapOf(state: Unknown['state'], from: string, why: string, ms: number): Unknown {
  return unknown(state, from, why, new Date().toISOString(), ms);
}
