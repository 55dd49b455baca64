/**
 * What containerd does not answer, its files tell: as it was when it last wrote them, and with the failure beside it. A daemon
 * that answers is never contradicted.
 */
import { isUnknown, type Listing, type Observed, type Unknown, type UnknownState } from '../host/observed.ts';
import type { FacetName, Facets } from '../host/snapshot.ts';
import { HERE } from '../sources/disk/disk.ts';
import { normalAddress } from './discover.ts';
import { chosenAddress, factOf, type ReaderContext, type Readers } from './reader-context.ts';
import { insteadOf, type StorageFacet } from './storage.ts';
import { storageOfPlugins } from './storage-files.ts';
import { type OpenedStorage, openStorage } from './storage-readers.ts';

/** What both the API and the files have. */
const FILLED = [
  'containerd.namespaces',
  'containerd.containers',
  'containerd.bodies',
  'containerd.images',
  'containerd.manifests',
  'containerd.content',
  'containerd.ingests',
  'containerd.snapshots',
  'containerd.leases',
  'containerd.sandboxes',
  'containerd.leaseResources',
  'containerd.usage',
] as const satisfies readonly StorageFacet[];

type Filled = (typeof FILLED)[number];

/** What is asked of the daemon for each item of another facet: where that came from the disk, this does at once. */
const FOR_EACH_OF: Readonly<Partial<Record<Filled, Filled>>> = {
  'containerd.manifests': 'containerd.images',
  'containerd.leaseResources': 'containerd.leases',
  'containerd.usage': 'containerd.snapshots',
};

/** How a call ends that a sound daemon would have answered. */
const UNANSWERED: ReadonlySet<UnknownState> = new Set([
  'timeout',
  'unreachable',
  'failed',
  'denied',
  'truncated',
]);

/** The readers, with the disk behind those that it can stand in for. */
export const filledFromDisk = (readers: Readers, context: ReaderContext): Readers => {
  let opened: Promise<OpenedStorage | Unknown> | undefined;
  const wants = context.wants.filter((name) => FILLED.some((filled) => filled === name));
  const failureOf = async (name: Filled | undefined): Promise<Unknown | undefined> => {
    if (name === undefined) return undefined;
    await context.once(name);
    return context.unanswered.get(name);
  };
  const filled = <K extends Filled>(name: K): [K, () => Promise<Observed<Facets[K]>>] => [
    name,
    async () => {
      const live = (await failureOf(FOR_EACH_OF[name])) ?? (await settled(name, readers[name]));
      if (!isUnknown(live) || !UNANSWERED.has(live.state)) return live;
      opened ??= openStorage(context, false, wants);
      const storage = await opened;
      if ('state' in storage) return live;
      const disk = (await storage.readers[name]()) as Observed<Listing<unknown>>;
      const fact = insteadOf(live, disk, storage.by);
      if (fact.state === 'seen') context.unanswered.set(name, live);
      return fact as Observed<Facets[K]>;
    },
  ];
  return {
    ...readers,
    ...(Object.fromEntries(FILLED.map(filled)) as Pick<Readers, Filled>),
    'containerd.plugins': async () => {
      const plugins = await readers['containerd.plugins']();
      const files = plugins.state === 'seen' ? storageOfPlugins(plugins.value.items, HERE) : undefined;
      if (files !== undefined)
        context.known.set(normalAddress((await chosenAddress(context)).address), files);
      return plugins;
    },
  };
};

async function settled<K extends FacetName>(
  name: K,
  read: () => Promise<Observed<Facets[K]>>,
): Promise<Observed<Facets[K]>> {
  const started = performance.now();
  return read().catch(
    (error: unknown): Observed<Facets[K]> => factOf(error, name, performance.now() - started),
  );
}
