/** A HostSnapshot of the live host: exactly the facets that are wanted, each read once, each failing alone. */
import type { Observed } from '../host/observed.ts';
import {
  type FacetName,
  type Facets,
  type HostSnapshot,
  SCHEMA_VERSION,
  type Scope,
  type Timing,
} from '../host/snapshot.ts';
import { socketPath } from '../sources/containerd/address.ts';
import type { Connection } from '../sources/containerd/connection.ts';
import { filledFromDisk } from './fill-in.ts';
import { liveReaders } from './live-readers.ts';
import { factOf, type LiveOptions, outcomeOf, type ReaderContext } from './reader-context.ts';

export type { LiveOptions } from './reader-context.ts';

export interface LiveHost {
  /** What it was opened with. */
  readonly options: LiveOptions;
  /** Reads the wanted facets anew. */
  collect(wants: readonly FacetName[], scope?: Scope): Promise<HostSnapshot>;
  /** The channel to a containerd, the same that its facets are read through. */
  connect(address: string): Promise<Connection>;
  /** Closes the channel: the next call opens one at once, and does not wait until gRPC tries the old one again. */
  disconnect(): void;
  /** gRPC calls made so far. */
  calls(): number;
  close(): void;
}

/** A host to collect from; it connects when something is wanted that needs it. */
export const openLiveHost = (options: LiveOptions): LiveHost => {
  let connection: Connection | undefined;
  const known: ReaderContext['known'] = new Map();
  const connect = async (address: string): Promise<Connection> => {
    const path = socketPath(address) ?? address;
    const { openConnection } = await import('../sources/containerd/connection.ts');
    // Looked at only now: many facets are read at once, and all through one channel.
    if (connection?.address !== path) {
      connection?.close();
      connection = openConnection(path);
    }
    return connection;
  };
  const collect: LiveHost['collect'] = (wants, scope) =>
    collectOnce(options, connect, known, wants, scope ?? scopeOf(options));
  const disconnect = (): void => {
    connection?.close();
    connection = undefined;
  };
  return { options, collect, connect, disconnect, calls: () => connection?.calls() ?? 0, close: disconnect };
};

const scopeOf = (options: LiveOptions): Scope =>
  options.namespace === undefined ? {} : { namespaces: [options.namespace] };

async function collectOnce(
  options: LiveOptions,
  connect: (address: string) => Promise<Connection>,
  known: ReaderContext['known'],
  wants: readonly FacetName[],
  scope: Scope,
): Promise<HostSnapshot> {
  const at = new Date().toISOString();
  const timings: Timing[] = [];
  const read = new Map<FacetName, Promise<Observed<unknown>>>();
  const once = <K extends FacetName>(name: K): Promise<Observed<Facets[K]>> => {
    let pending = read.get(name);
    if (pending === undefined) {
      pending = timed(name, readers[name], timings);
      read.set(name, pending);
    }
    return pending as Promise<Observed<Facets[K]>>;
  };
  const context = { options, scope, connect, once, wants, known, unanswered: new Map() };
  const readers = filledFromDisk(liveReaders(context), context);
  await Promise.all(wants.map(once));
  const facets: Record<string, Observed<unknown>> = {};
  for (const [name, pending] of read) facets[name] = await pending;
  return {
    schemaVersion: SCHEMA_VERSION,
    at,
    from: 'live',
    scope,
    facets: facets as HostSnapshot['facets'],
    timings,
  };
}

async function timed<K extends FacetName>(
  name: K,
  reader: () => Promise<Observed<Facets[K]>>,
  timings: Timing[],
): Promise<Observed<Facets[K]>> {
  const startedAt = new Date().toISOString();
  const started = performance.now();
  const observed = await reader().catch(
    (error: unknown): Observed<Facets[K]> => factOf(error, name, performance.now() - started),
  );
  const ms = Math.round((performance.now() - started) * 10) / 10;
  timings.push({ facet: name, startedAt, ms, outcome: outcomeOf(observed) });
  return observed;
}
