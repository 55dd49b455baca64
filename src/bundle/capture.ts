/** A snapshot as the files of its facets, with the bodies of its containers read a few at a time. */
import { isDockersNamespace } from '../host/docker-join.ts';
import { items as itemsOf } from '../host/kinds/listing.ts';
import { type Gap, isUnknown, type Observed, seenValue, unknown } from '../host/observed.ts';
import { type FacetName, facet, type HostSnapshot, type Scope, type Timing } from '../host/snapshot.ts';
import { duration } from '../text/units.ts';
import type { BundleFile } from './archive-writer.ts';
import { namespacesById } from './by-id.ts';
import type { ManifestEntry } from './documents.ts';
import { type FacetWriter, writeFacet } from './facet-writer.ts';
import { ALL_FACETS, formOf, isPerContainer } from './forms.ts';
import { facetPath, LIMITS } from './layout.ts';

/** A file with what the manifest says of it. */
export type CapturedFile = BundleFile & Omit<ManifestEntry, 'path' | 'sha256' | 'bytes'>;

/** What a bundle has of a host; facets of single containers come on top. */
export const WANTED_AT_ONCE: readonly FacetName[] = ALL_FACETS.filter((name) => {
  const form = formOf(name);
  return !isPerContainer(name) && !('value' in form && form.onDemand === true);
});

const WANTED_PER_CONTAINER = ALL_FACETS.filter(isPerContainer);

/** Few enough that they are asked for one by one, and that their bodies are small in memory. */
const BODIES_AT_ONCE = 32;
/** Left for what is not of the host: the report and the lists made from it. */
export const DERIVED_BYTES: number = 48 << 20;

/** For the manifest and its like, and for what tar adds. */
const RESERVE_BYTES = 8 << 20;

type Containers = NonNullable<Scope['containers']>;

/**
 * Writes every facet.
 * @param readBodies the facets of some containers
 * @param bodiesMs how long reading all of them may take
 */
export const captureFacets = async (
  host: HostSnapshot,
  readBodies: (wants: readonly FacetName[], containers: Containers) => Promise<HostSnapshot>,
  bodiesMs: number,
): Promise<readonly CapturedFile[]> => {
  let budget = LIMITS.totalBytes - DERIVED_BYTES - RESERVE_BYTES;
  const spend = (file: CapturedFile): CapturedFile => {
    budget -= bytesOf(file);
    return file;
  };
  const files = WANTED_AT_ONCE.map((name) => spend(fileOf(host, name, budget)));
  const bodies = await bodyFiles(host, readBodies, bodiesMs, budget);
  return [...files, ...bodies];
};

/** The length of a file. */
export const bytesOf = ({ chunks }: BundleFile): number =>
  chunks.reduce((sum, chunk) => sum + chunk.length, 0);

function fileOf(host: HostSnapshot, name: FacetName, budget: number): CapturedFile {
  let fact: Observed<unknown> = facet(host, name);
  const writer = writeFacet(name, budget);
  const gaps: Gap[] = [];
  if (fact.state === 'seen') {
    if ('item' in formOf(name)) {
      const listing = fact.value as { readonly items: readonly unknown[]; readonly gaps: readonly Gap[] };
      for (const item of listing.items) writer.add(item);
      gaps.push(...listing.gaps);
    } else {
      const why = writer.add(fact.value);
      if (why !== undefined)
        fact = unknown('truncated', fact.from, `left out of the bundle: ${why}`, fact.at, 0);
    }
  }
  const timing = host.timings.find((one) => one.facet === name);
  return captured(name, fact, writer.end(fact, gaps, timing), timing, host.at);
}

async function bodyFiles(
  host: HostSnapshot,
  readBodies: (wants: readonly FacetName[], containers: Containers) => Promise<HostSnapshot>,
  bodiesMs: number,
  budget: number,
): Promise<readonly CapturedFile[]> {
  const startedAt = new Date().toISOString();
  const started = performance.now();
  const bodies = WANTED_PER_CONTAINER.map((name) =>
    newBodies(name, budget / WANTED_PER_CONTAINER.length, host),
  );
  const wants = bodies.filter(({ isReadable }) => isReadable).map(({ name }) => name);
  const containers = containersOf(host);
  let from = 0;
  do {
    const some = containers.slice(from, from + BODIES_AT_ONCE);
    const isLate = performance.now() - started > bodiesMs;
    const read = isLate ? undefined : await readBodies(wants, some);
    for (const one of bodies) {
      if (one.isReadable)
        take(one, read === undefined ? tooLate(one.name, bodiesMs) : facet(read, one.name), some);
    }
    from += BODIES_AT_ONCE;
  } while (from < containers.length);
  const ms = Math.round((performance.now() - started) * 10) / 10;
  return bodies.map(({ name, writer, gaps, fact = tooLate(name, bodiesMs) }) => {
    const partial = fact.state === 'seen' && gaps.length > 0;
    const timing: Timing = { facet: name, startedAt, ms, outcome: partial ? 'partial' : fact.state };
    return captured(name, fact, writer.end(fact, partial ? gaps : [], timing), timing, startedAt);
  });
}

interface Bodies {
  readonly name: FacetName;
  readonly isReadable: boolean;
  readonly writer: FacetWriter;
  readonly gaps: Gap[];
  /** The first answer stands for the facet, until one was seen. */
  fact: Observed<unknown> | undefined;
}

function newBodies(name: FacetName, budget: number, host: HostSnapshot): Bodies {
  const fact = unreadable(host, name);
  return { name, isReadable: fact === undefined, writer: writeFacet(name, budget), gaps: [], fact };
}

function take(bodies: Bodies, fact: Observed<unknown>, containers: Containers): void {
  if (bodies.fact === undefined || (bodies.fact.state !== 'seen' && fact.state === 'seen'))
    bodies.fact = fact;
  if (fact.state === 'seen') {
    const { items, gaps } = fact.value as {
      readonly items: readonly unknown[];
      readonly gaps: readonly Gap[];
    };
    for (const item of items) bodies.writer.add(item);
    bodies.gaps.push(...gaps);
  } else if (isUnknown(fact)) {
    bodies.gaps.push(...containers.map((object): Gap => ({ ...fact, object })));
  }
}

function captured(
  name: FacetName,
  fact: Observed<unknown>,
  { chunks, kept, dropped }: ReturnType<ReturnType<typeof writeFacet>['end']>,
  timing: Timing | undefined,
  at: string,
): CapturedFile {
  return {
    path: facetPath(name),
    chunks,
    source: fact.from,
    startedAt: timing?.startedAt ?? at,
    ms: timing?.ms ?? 0,
    truncated: dropped === 0 ? null : { kept, dropped },
    error: isUnknown(fact) ? fact.why : null,
  };
}

function tooLate(name: FacetName, ms: number): Observed<unknown> {
  const why = `reading the containers took longer than ${duration(ms)}`;
  return unknown('timeout', name, why, new Date().toISOString(), ms);
}

// Those that any layer knows: what Docker has and containerd has not is just what one looks for.
function containersOf(host: HostSnapshot): Containers {
  const records = itemsOf(host, 'containerd.containers');
  const namespacesOf = namespacesById(records);
  const others = itemsOf(host, 'docker.containers').filter(
    ({ namespace, id }) =>
      namespacesOf.get(id)?.some((recorded) => isDockersNamespace(namespace, recorded)) !== true,
  );
  return [...records, ...others].map(({ namespace, id }) => ({ namespace, id }));
}

// Without a Docker that could be read there are no records of it to read, for the same reason.
function unreadable(host: HostSnapshot, name: FacetName): Observed<unknown> | undefined {
  if (name !== 'docker.bodies') return undefined;
  const chosen = seenValue(facet(host, 'docker.discovery'))?.chosen ?? null;
  return chosen === null ? facet(host, 'docker.containers') : undefined;
}
