/** What every reader of a live host is given, and whom it asks. */
import {
  type Absent,
  absent,
  isUnknown,
  type Observed,
  seen,
  type Unknown,
  unknown,
} from '../host/observed.ts';
import type { FacetName, Facets, Scope, Timing } from '../host/snapshot.ts';
import type { Connection } from '../sources/containerd/connection.ts';
import { CallFailure } from '../sources/containerd/failure.ts';
import { type Named, namedAddress } from './discover.ts';
import type { StorageFiles } from './storage-files.ts';

export interface LiveOptions {
  /** `--address`. */
  readonly address?: string;
  /** `--docker-host`. */
  readonly dockerHost?: string;
  /** `--namespace` or CONTAINERD_NAMESPACE; without it, all. */
  readonly namespace?: string;
  /** `--timeout`. */
  readonly timeoutMs?: number;
  readonly showSecrets?: boolean;
  readonly environment: NodeJS.ProcessEnv;
}

/** There is nobody to ask: the fact that every facet of containerd then is. */
export class NoContainerd extends Error {
  readonly fact: Absent | Unknown;
  constructor(fact: Absent | Unknown) {
    super(fact.why ?? 'no containerd');
    this.fact = fact;
  }
}

export interface ReaderContext {
  readonly options: LiveOptions;
  readonly scope: Scope;
  readonly connect: (address: string) => Promise<Connection>;
  /** A facet, read once per snapshot however many need it. */
  readonly once: <K extends FacetName>(name: K) => Promise<Observed<Facets[K]>>;
  /** All that is collected this time. */
  readonly wants: readonly FacetName[];
  /** By address, where a daemon's plugins have said that its files are: they stay there until it is started anew. */
  readonly known: Map<string, StorageFiles>;
  /** Facets that come from the disk because the daemon did not answer, with its failure. */
  readonly unanswered: Map<FacetName, Unknown>;
}

export type Readers = { readonly [K in FacetName]: () => Promise<Observed<Facets[K]>> };

/** The containerd that is read: the one that was named, else discovery's choice. @throws NoContainerd */
export async function chosenAddress({ options, once }: ReaderContext): Promise<Named> {
  const named = namedAddress(options.address, options.environment);
  if (named !== undefined) return named;
  const discovery = await once('containerd.discovery');
  if (isUnknown(discovery)) throw new NoContainerd(discovery);
  const chosen = discovery.state === 'seen' ? discovery.value.chosen : null;
  if (chosen === null) {
    const why = 'no containerd on this machine: no process, and none of the sockets exists';
    throw new NoContainerd(absent(discovery.from, discovery.at, why));
  }
  return chosen;
}

/** A value seen at this moment. */
export const now = <T>(value: T, from: string): Observed<T> => seen(value, from, new Date().toISOString());

/** What a reader that has thrown leaves to be known. @param ms how long it took */
export const factOf = (error: unknown, name: FacetName, ms: number): Absent | Unknown => {
  if (error instanceof NoContainerd) return error.fact;
  const at = new Date().toISOString();
  if (error instanceof CallFailure) return unknown(error.state, error.method, error.message, at, error.ms);
  return unknown('failed', name, error instanceof Error ? error.message : String(error), at, ms);
};

/** A fact in one word, for the timings. */
export const outcomeOf = (fact: Observed<unknown>): Timing['outcome'] => {
  if (fact.state !== 'seen' || typeof fact.value !== 'object' || fact.value === null) return fact.state;
  const isPartial = 'gaps' in fact.value && Array.isArray(fact.value.gaps) && fact.value.gaps.length > 0;
  return isPartial ? 'partial' : fact.state;
};
