/** What is at the chosen address, without speaking gRPC. */
import type { DaemonProcess, Endpoint } from '../host/daemon.ts';
import { isUnknown, type Listing, type Observed } from '../host/observed.ts';
import { ask, normalAddress } from './discover.ts';
import { chosenAddress, now, type ReaderContext } from './reader-context.ts';

/** The socket's file, its answer, and who listens. @throws NoContainerd */
export async function readEndpoint(context: ReaderContext): Promise<Observed<Endpoint>> {
  const { readSocketFile, ownIdentity } = await import('../sources/containerd/endpoint.ts');
  const { listeningSockets } = await import('../sources/proc/unix-sockets.ts');
  const named = await chosenAddress(context);
  const path = normalAddress(named.address);
  const [candidate, file, sockets, daemons] = await Promise.all([
    ask(named),
    readSocketFile(path),
    listeningSockets(),
    context.once('proc.daemons'),
  ]);
  const listening: Observed<number> =
    sockets.state === 'seen'
      ? { ...sockets, value: [...sockets.value.values()].filter((bound) => bound === path).length }
      : sockets;
  return now(
    {
      address: path,
      origin: named.origin,
      answer: candidate.answer,
      file,
      listening,
      listeners: await listenersOf(path, daemons),
      self: ownIdentity(),
      checkedAt: new Date().toISOString(),
    },
    `connect ${path}`,
  );
}

async function listenersOf(
  path: string,
  daemons: Observed<Listing<DaemonProcess>>,
): Promise<Endpoint['listeners']> {
  if (daemons.state !== 'seen') return daemons;
  const containerds = daemons.value.items.filter(({ role }) => role === 'containerd');
  const unread = daemons.value.gaps[0] ?? containerds.map(({ listens }) => listens).find(isUnknown);
  if (unread !== undefined) return unread;
  const { boundAt } = await import('../sources/proc/unix-sockets.ts');
  const here = await Promise.all(containerds.map((daemon) => boundAt(daemon, path)));
  return { ...daemons, value: containerds.filter((_, i) => here[i]).map(({ pid }) => pid) };
}
