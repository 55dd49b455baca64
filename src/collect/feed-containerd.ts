/** containerd as a daemon with an event stream. */

import { seenValue } from '../host/observed.ts';
import { facet } from '../host/snapshot.ts';
import { socketPath } from '../sources/containerd/address.ts';
import type { Connection } from '../sources/containerd/connection.ts';
import { callFailure, STATUS } from '../sources/containerd/failure.ts';
import { namedAddress } from './discover.ts';
import type { Endpoint } from './feed-link.ts';
import { type LiveHost, type LiveOptions, openLiveHost } from './live.ts';

const DEFAULT_TIMEOUT_MS = 2000;
/** How long a socket has to answer before a channel is opened to it. */
const SOCKET_MS = 1000;

/** A host whose containerd was found once and stays the same: whoever else answers later is another host. */
export interface Pinned {
  /** @throws Error, in words for people, while there is no containerd */
  host(): Promise<LiveHost>;
  /** Closes what was opened for it. */
  close(): void;
}

export const pinned = (outer: LiveHost): Pinned => {
  let found: LiveHost | undefined;
  return {
    host: async () => {
      found ??= await pin(outer);
      return found;
    },
    close: () => {
      if (found !== outer) found?.close();
    },
  };
};

async function pin(outer: LiveHost): Promise<LiveHost> {
  if (namedAddress(outer.options.address, outer.options.environment) !== undefined) return outer;
  const host = await outer.collect(['containerd.discovery']);
  const address = seenValue(facet(host, 'containerd.discovery'))?.chosen?.address;
  if (address === undefined) {
    throw new Error('no containerd on this machine: no process, and none of the sockets exists');
  }
  return openLiveHost({ ...outer.options, address });
}

/** The channel is the one through which the host's facets are read; each opening closes the one before it. */
export const containerdEndpoint = ({ host }: Pick<Pinned, 'host'>): Endpoint<Connection> => ({
  source: 'containerd',
  open: async () => {
    const live = await host();
    const { namespace, timeoutMs: deadlineMs = DEFAULT_TIMEOUT_MS } = live.options;
    const address = addressOf(live.options);
    await answering(address);
    live.disconnect();
    const channel = await live.connect(address);
    const { watchEvents } = await import('../sources/containerd/events.ts');
    const { readVersion } = await import('../sources/containerd/introspection.ts');
    const filters = namespace === undefined ? [] : [`namespace==${JSON.stringify(namespace)}`];
    return {
      channel,
      events: (signal) => watchEvents(channel, filters, signal),
      // On the channel on which the subscription went before it: when this is answered, that has arrived.
      ping: (signal) => readVersion(channel, { deadlineMs, signal }),
    };
  },
});

function addressOf({ address, environment }: LiveOptions): string {
  const named = namedAddress(address, environment)?.address ?? '';
  return socketPath(named) ?? named;
}

// A channel to a daemon that is not there fails, and then rests for longer than we do.
async function answering(address: string): Promise<void> {
  const { askSocket } = await import('../sources/containerd/socket.ts');
  const socket = await askSocket(address, SOCKET_MS);
  if (socket.state === 'answers') return;
  throw callFailure({
    code: STATUS.UNAVAILABLE,
    details: '',
    method: 'containerd.services.events.v1.Events/Subscribe',
    address,
    ms: SOCKET_MS,
    socket,
  });
}
