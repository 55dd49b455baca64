/** The picture that a feed keeps up: what it is made of, and everything that changes it. */
import { eventWithoutSecrets, type HostEvent, toRemember } from '../host/event.ts';
import {
  type Change,
  changesOf,
  type FacetChange,
  outdatedImages,
  withChanges,
} from '../host/event-changes.ts';
import { namespaceKey, type ObjectKey, touchedBy } from '../host/event-objects.ts';
import { createEventRing } from '../host/event-order.ts';
import { RECENT_EVENTS } from '../host/feed.ts';
import { items } from '../host/kinds/listing.ts';
import type { Timestamp } from '../host/observed.ts';
import { type FacetName, facet, type HostSnapshot, withFacets } from '../host/snapshot.ts';
import type { Connection } from '../sources/containerd/connection.ts';
import { containerdEndpoint, pinned } from './feed-containerd.ts';
import { followDocker } from './feed-docker.ts';
import { startLink } from './feed-link.ts';
import { createOutbox, type Outbox } from './feed-outbox.ts';
import { readObject } from './feed-readers.ts';
import { createSweep, type Due, type Sweep, unanswered } from './feed-sweep.ts';
import { createWork, type Work } from './feed-work.ts';
import type { LiveHost, LiveOptions } from './live.ts';

/** A picture in which nothing changed is given again after this: it is as true as it was, only its ages are older. */
const REMIND_MS = 5000;
/** How a containerd was found, and which Docker uses it, is known to who looked for it and not to who was told its address. */
const OF_DISCOVERY: readonly string[] = ['containerd.discovery', 'containerd.endpoint'];
const SNAPSHOTTER = 'io.containerd.snapshotter.v1';
const METADATA = 'io.containerd.metadata.v1';

export interface Session {
  readonly outbox: Outbox;
  /** Everything again, or at once another try to reach who is lost. */
  refresh(): void;
  close(): Promise<void>;
}

/** @param outer reads what tells how the containerd was found; with an address that the user named, everything */
export const openSession = (outer: LiveHost, wants: readonly FacetName[]): Session => {
  const { options } = outer;
  const inner = pinned(outer);
  const ring = createEventRing(RECENT_EVENTS);
  const state: State = {
    connection: undefined,
    picture: undefined,
    pending: [],
    namespaces: new Set(),
    snapshotters: [],
    sweep: createSweep(undefined),
    generation: 0,
    isListing: false,
    isHung: false,
    listAgain: false,
    givenAt: 0,
  };

  const current = (): HostSnapshot | undefined => {
    if (state.picture !== undefined && state.pending.length > 0) {
      state.picture = withChanges(state.picture, state.pending, now());
    }
    state.pending = [];
    return state.picture;
  };

  const outbox = createOutbox(() => {
    const host = current();
    if (host === undefined) throw new Error('a picture was asked for before there was one');
    state.givenAt = performance.now();
    return { kind: 'snapshot', host: { ...host, at: now() }, recentEvents: ring.list() };
  });

  const apply = (changes: readonly Change[]): void => {
    state.pending.push(...changes);
    outbox.changed();
  };

  const work: Work = createWork({
    read: async (key) => {
      const { connection, picture, generation } = state;
      if (connection === undefined || picture === undefined) return;
      try {
        const changes = await readObject(connection, key, picture, options);
        if (generation === state.generation) apply(changes);
      } catch (error) {
        if (generation === state.generation) throw error;
      }
    },
    list: async (facets) => {
      const { generation } = state;
      const own = facets.filter(isDockers);
      const [first, second] = await Promise.all([
        collectSome(
          await inner.host(),
          facets.filter((name) => !isDockers(name)),
        ),
        collectSome(docker.host(), own),
      ]);
      if (generation !== state.generation) return;
      const read = [...first, ...second];
      apply(read.filter(({ facet: name }) => facets.includes(name)));
      afterLists(facets);
    },
  });

  const afterLists = (facets: readonly FacetName[]): void => {
    const host = current();
    if (host === undefined) return;
    if (facets.includes('containerd.namespaces')) {
      state.namespaces = new Set(items(host, 'containerd.namespaces').map(({ name }) => name));
    }
    if (!facets.includes('containerd.content')) return;
    for (const { namespace, name } of outdatedImages(host)) {
      work.touch({ facet: 'containerd.images', namespace, id: name });
    }
  };

  const listAll = async (through: Connection): Promise<void> => {
    state.generation += 1;
    const { generation } = state;
    state.isListing = true;
    state.listAgain = false;
    work.pause();
    work.clear();
    const { snapshotters, database } = await askPlugins(through, options);
    const sweep = createSweep(database);
    await sweep.listing(Date.now());
    const host = await collectAll(outer, await inner.host(), wants);
    if (generation !== state.generation) return;
    Object.assign(state, { connection: through, picture: host, pending: [], snapshotters, sweep });
    state.isListing = false;
    afterLists(['containerd.namespaces', 'containerd.content']);
    lookForDocker().catch(outbox.fail);
    if (state.isHung) return;
    if (state.listAgain) await listAll(through);
    else resume();
  };

  const lookForDocker = async (): Promise<void> => {
    if (wants.some(isDockers)) await docker.look(performance.now());
  };

  const resume = (): void => {
    work.resume();
    outbox.found();
  };

  const docker = followDocker(outer, {
    event: (event) => {
      remember(event);
      outbox.changed();
    },
    mark: (facets, when) => {
      for (const name of facets) if (isWanted(name)) work.mark(name, when);
    },
    has: (facets) => facets.some((name) => state.picture?.facets[name]?.state === 'seen'),
  });

  const remember = (event: HostEvent): void => {
    ring.add(toRemember(options.showSecrets === true ? event : eventWithoutSecrets(event)));
  };

  const heard = (event: HostEvent): void => {
    remember(event);
    state.sweep.heard(event);
    for (const key of touchedBy(event, state.snapshotters)) touch(key);
    const { namespace } = event;
    // Namespaces come to be with whatever is first put into them, and without an event of their own.
    if (namespace !== null && event.object?.kind !== 'namespace' && !state.namespaces.has(namespace)) {
      touch(namespaceKey(namespace));
    }
    if (event.object?.kind === 'sandbox' && isWanted('containerd.sandboxes')) {
      work.mark('containerd.sandboxes', 'settled');
    }
    outbox.changed();
  };

  const isWanted = (name: FacetName): boolean =>
    state.picture === undefined || facet(state.picture, name).state !== 'notCollected';

  const touch = (key: ObjectKey): void => {
    if (key.facet === 'containerd.namespaces') {
      if (key.gone === true) state.namespaces.delete(key.id);
      else state.namespaces.add(key.id);
    }
    if (isWanted(key.facet)) work.touch(key);
  };

  const readAgain = ({ facets, objects }: Due): void => {
    for (const name of facets) work.mark(name, 'now');
    for (const key of objects) work.touch(key);
  };

  const beat = async (): Promise<void> => {
    const host = current();
    if (host === undefined || state.isListing) return;
    readAgain(await state.sweep.beat(host, Date.now()));
    await lookForDocker();
    if (performance.now() - state.givenAt >= REMIND_MS) outbox.changed();
  };

  const link = startLink(containerdEndpoint(inner), {
    up: (connection, gap) => {
      state.isHung = false;
      if (gap !== null) ring.add(gap);
      listAll(connection).catch(outbox.fail);
    },
    event: heard,
    lost: (why, retryInMs, broken) => {
      state.isHung = !broken;
      // What is listed of a daemon that hangs has gaps that are not the host's.
      state.listAgain ||= state.isListing;
      work.pause();
      if (broken) {
        state.generation += 1;
        state.connection = undefined;
        state.isListing = false;
      }
      outbox.lost({ kind: 'lost', why, retryInMs });
    },
    resumed: () => {
      state.isHung = false;
      if (state.isListing) return;
      if (state.listAgain && state.connection !== undefined) listAll(state.connection).catch(outbox.fail);
      else {
        readAgain(unanswered(current()));
        resume();
      }
    },
    beat: () => {
      beat().catch(outbox.fail);
    },
  });

  return {
    outbox,
    refresh: () => {
      const { connection, isListing, isHung } = state;
      if (connection === undefined) link.retry();
      else if (!isListing && !isHung) listAll(connection).catch(outbox.fail);
    },
    close: async () => {
      state.generation += 1;
      work.close();
      await Promise.all([link.close(), docker.close()]);
      inner.close();
    },
  };
};

interface State {
  /** What is listed is listed through it; undefined while there is none. */
  connection: Connection | undefined;
  picture: HostSnapshot | undefined;
  /** What was read since. */
  pending: Change[];
  /** Names of the namespaces that are known, or are being read. */
  namespaces: Set<string>;
  snapshotters: readonly string[];
  sweep: Sweep;
  /** What was read in an earlier one says nothing of the host that is there now. */
  generation: number;
  isListing: boolean;
  isHung: boolean;
  listAgain: boolean;
  /** When a picture was last given. */
  givenAt: number;
}

async function collectAll(
  outer: LiveHost,
  found: LiveHost,
  wants: readonly FacetName[],
): Promise<HostSnapshot> {
  const own = found === outer ? [] : wants.filter((name) => OF_DISCOVERY.includes(name) || isDockers(name));
  const rest = found.collect(wants.filter((name) => !own.includes(name)));
  return own.length === 0 ? rest : withFacets(await outer.collect(own), await rest);
}

function isDockers(name: FacetName): boolean {
  return name.startsWith('docker.');
}

async function collectSome(host: LiveHost, facets: readonly FacetName[]): Promise<readonly FacetChange[]> {
  return facets.length === 0 ? [] : changesOf(await host.collect(facets));
}

async function askPlugins(
  connection: Connection,
  { timeoutMs = 2000 }: LiveOptions,
): Promise<{ readonly snapshotters: readonly string[]; readonly database: string | undefined }> {
  const { listPlugins } = await import('../sources/containerd/introspection.ts');
  const plugins = await listPlugins(connection, { deadlineMs: timeoutMs }).catch(() => []);
  return {
    snapshotters: plugins.flatMap(({ type, id, status }) =>
      type === SNAPSHOTTER && status === 'ok' ? [id] : [],
    ),
    database: plugins.find(({ type }) => type === METADATA)?.exports['path'],
  };
}

function now(): Timestamp {
  return new Date().toISOString();
}
