/** Docker as a daemon with an event stream. */
import type { DockerCandidate, DockerEvent } from '../host/docker.ts';
import { isDockersNamespace } from '../host/docker-join.ts';
import { whyNoDocker } from '../host/docker-scope.ts';
import { gapEvent, type HostEvent } from '../host/event.ts';
import { ofDocker } from '../host/event-docker.ts';
import { dockerListsOf } from '../host/event-objects.ts';
import { type Absent, absent, isUnknown, type Timestamp, type Unknown } from '../host/observed.ts';
import { type FacetName, facet } from '../host/snapshot.ts';
import type { DockerConnection } from '../sources/docker/connection.ts';
import { type Endpoint, type Link, startLink } from './feed-link.ts';
import type { When } from './feed-work.ts';
import { type LiveHost, openLiveHost } from './live.ts';

/** What only a Docker that answers can tell. */
const OF_DAEMON: readonly FacetName[] = ['docker.endpoint', 'docker.containers', 'docker.images'];
const DOCKERS: readonly FacetName[] = ['docker.discovery', ...OF_DAEMON];
const DEFAULT_TIMEOUT_MS = 2000;
/** The events that Docker remembers. */
const KEPT = 256;

/** The Docker that belongs to the host's containerd, or why there is none to listen to. */
export const findDocker = async (outer: LiveHost): Promise<DockerCandidate | Absent | Unknown> => {
  const host = await outer.collect(['docker.discovery']);
  const found = facet(host, 'docker.discovery');
  if (isUnknown(found) || found.state === 'absent') return found;
  const { chosen } = found.value;
  if (chosen === null) return whyNoDocker(found.value, found.at);
  const { namespace: scope } = outer.options;
  const isOutside =
    scope !== undefined && chosen.namespace !== null && !isDockersNamespace(chosen.namespace, scope);
  return isOutside
    ? absent(found.from, found.at, `its containers are in ${chosen.namespace}, not in ${scope}`)
    : chosen;
};

/**
 * Docker keeps its last 256 events until it ends, so each stream begins where the one before it was whole, and none of them is
 * given twice.
 * @param from RFC 3339: events since then come first, as far as they are kept; without it, those from now on
 */
export const dockerEndpoint = (
  { address, namespace }: Pick<DockerCandidate, 'address' | 'namespace'>,
  { timeoutMs: deadlineMs = DEFAULT_TIMEOUT_MS }: LiveHost['options'],
  from?: Timestamp,
): Endpoint<DockerConnection> => {
  const isNew = newOnes();
  let opened: DockerConnection | undefined;
  return {
    source: 'docker',
    open: async (since) => {
      opened?.close();
      const { openDocker } = await import('../sources/docker/connection.ts');
      const { readApi } = await import('../sources/docker/engine.ts');
      const { isEvent, watchEvents } = await import('../sources/docker/events.ts');
      const start = since ?? from ?? new Date().toISOString();
      const plain = openDocker(address);
      opened = plain;
      const { used } = await readApi(plain, { deadlineMs });
      const connection = plain.speaking(used);
      return {
        channel: connection,
        events: async function* events(signal): AsyncGenerator<HostEvent> {
          const question = { since: unixSeconds(start), deadlineMs, signal };
          for await (const item of watchEvents(connection, question)) {
            if (!isEvent(item)) {
              yield gapEvent({ source: 'docker', since: item.at, until: item.at, why: item.why });
            } else if (isNew(item)) yield ofDocker(item, namespace);
          }
        },
        ping: (signal) => connection.plain('/_ping', { deadlineMs, signal, limit: 4096 }),
      };
    },
  };
};

// Of as many as Docker would give again: which of them have not been given before.
function newOnes(): (event: DockerEvent) => boolean {
  const given = new Set<string>();
  return ({ at, type, action, id }) => {
    const key = JSON.stringify([at, type, action, id]);
    if (given.has(key)) return false;
    given.add(key);
    const [oldest = ''] = given;
    if (given.size > 2 * KEPT) given.delete(oldest);
    return true;
  };
}

/** Docker's own form of a moment: seconds since 1970, with nanoseconds. */
export const unixSeconds = (at: Timestamp): string => {
  const fraction = /\.(\d+)/.exec(at)?.[1] ?? '';
  return `${Math.floor(Date.parse(at) / 1000)}.${fraction.padEnd(9, '0').slice(0, 9)}`;
};

/** What a Docker that is being followed gives. */
export interface DockerListener {
  event(event: HostEvent): void;
  /** These have to be listed again. */
  mark(facets: readonly FacetName[], when: When): void;
  /** Whether one of them was read, and so from a Docker. */
  has(facets: readonly FacetName[]): boolean;
}

/** Docker's part of a feed: its events, and when its facets have to be listed again. */
export interface DockerFollower {
  /** Reads Docker's facets: of the one that was found, without looking for it each time. */
  host(): LiveHost;
  /** Something ends, comes, or comes back: then is the time to look again for a Docker that there was not. */
  look(now: number): Promise<void>;
  close(): Promise<void>;
}

/** While there is none, it is looked for this often. */
const LOOK_MS = 15_000;

/** @param outer knows where to look */
export const followDocker = (outer: LiveHost, listener: DockerListener): DockerFollower => {
  let found: LiveHost | undefined;
  let link: Link | undefined;
  let lookedAt = -Infinity;
  let isClosed = false;
  const follow = (docker: DockerCandidate): void => {
    found = openLiveHost({ ...outer.options, dockerHost: docker.address });
    let isLost = false;
    // What cannot be read is listed, too: as unknown, for the reason that there is.
    const all = (): void => listener.mark(DOCKERS, 'now');
    link = startLink(dockerEndpoint(docker, outer.options), {
      up: (_, gap) => {
        isLost = false;
        if (gap !== null) listener.event(gap);
        all();
      },
      event: (event) => {
        listener.event(event);
        listener.mark(dockerListsOf(event), 'soon');
      },
      lost: () => {
        if (!isLost) all();
        isLost = true;
      },
      resumed: () => {
        isLost = false;
        all();
      },
      beat: () => {},
    });
  };
  return {
    host: () => found ?? outer,
    look: async (now) => {
      if (link !== undefined || now - lookedAt < LOOK_MS) return;
      lookedAt = now;
      const docker = await findDocker(outer);
      if (isClosed) return;
      if ('address' in docker) follow(docker);
      // One that was there a moment ago.
      else if (listener.has(OF_DAEMON)) listener.mark(DOCKERS, 'now');
    },
    close: async () => {
      isClosed = true;
      await link?.close();
      found?.close();
    },
  };
};
