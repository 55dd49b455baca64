/** The chains of containers, as `inspect` prints them and the UI shows them. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Chain, chains } from '../host/chain.ts';
import { type Subject, subjectKey } from '../host/docker-subjects.ts';
import { type FacetName, facet, type HostSnapshot, type Scope, withFacets } from '../host/snapshot.ts';
import type { FactSource } from './host-source.ts';

/** What is listed of every container. */
export const LISTS: readonly FacetName[] = ['containerd.containers', 'containerd.tasks', 'docker.containers'];
/** What is read of Docker for each of its containers that is inspected. */
export const DOCKER: readonly FacetName[] = ['docker.bodies', 'docker.endpoint'];
const CONTAINERD: readonly FacetName[] = ['containerd.bodies', 'containerd.snapshots', 'containerd.images'];
const BODIES: readonly FacetName[] = ['containerd.bodies', 'docker.bodies'];
/** A container that starts or ends is known to one of the two before the other. */
const SETTLE_MS = 300;

/**
 * The chains of the wanted containers, and the snapshot that they were made from.
 * @param first has the lists; those of the other facets that it has too are not read again
 */
export const readChains = async (
  source: FactSource,
  first: HostSnapshot,
  wanted: readonly Subject[],
): Promise<{ readonly host: HostSnapshot; readonly inspected: readonly Chain[] }> => {
  const host = await readBodies(source, first, wanted);
  const keys = new Set(wanted.map(subjectKey));
  const inspected = await lookTwice(
    source,
    chains(host, (subject) => keys.has(subjectKey(subject))),
  );
  return { host, inspected };
};

async function readBodies(
  source: FactSource,
  first: HostSnapshot,
  wanted: readonly Subject[],
): Promise<HostSnapshot> {
  if (wanted.length === 0) return first;
  const docker = wanted.some((subject) => subject.docker) ? DOCKER : [];
  const names = [...CONTAINERD, ...docker].filter(
    (name) => BODIES.includes(name) || facet(first, name).state === 'notCollected',
  );
  return withFacets(first, await source.collect(names, scopeOf(wanted)));
}

/** Whoever disagrees is looked at once more: only what both looks see is said. */
async function lookTwice(source: FactSource, first: readonly Chain[]): Promise<readonly Chain[]> {
  const disagreeing = first.filter(disagrees).map(({ subject }) => subject);
  if (disagreeing.length === 0 || source.recheck === undefined) return first;
  await pause(SETTLE_MS);
  const host = await source.collect([...LISTS, ...CONTAINERD, ...DOCKER], scopeOf(disagreeing));
  const again = new Map(chains(host).map((chain) => [subjectKey(chain.subject), chain]));
  return first.map((chain) => (disagrees(chain) ? (again.get(subjectKey(chain.subject)) ?? chain) : chain));
}

const disagrees = ({ links }: Chain): boolean =>
  links.some(({ layer, state }) => layer === 'docker' && state === 'disagreeing');

const scopeOf = (wanted: readonly Subject[]): Scope => ({
  namespaces: [...new Set(wanted.map(({ namespace }) => namespace))],
  containers: wanted.map(({ namespace, id }) => ({ namespace, id })),
});
