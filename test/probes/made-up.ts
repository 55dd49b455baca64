import type { ServerIdentity } from '../../src/host/containerd.ts';
import type { DaemonProcess, Endpoint, SocketAnswer } from '../../src/host/daemon.ts';
import type { Claim, Probe } from '../../src/host/finding.ts';
import { pid } from '../../src/host/ids.ts';
import { absent, type Observed, seen, unknown } from '../../src/host/observed.ts';
import { type FacetName, type Facets, type HostSnapshot, SCHEMA_VERSION } from '../../src/host/snapshot.ts';

/** When everything made up was seen. */
export const AT = '2026-01-02T03:04:05.678Z';
export const ADDRESS = '/run/containerd/containerd.sock';
/** Inode of the pid namespace that made-up processes are in. */
export const PIDNS = 4026531836n;

/** A snapshot of these facets; each as it was observed, or a value that was seen. */
export const snapshot = (facets: { readonly [K in FacetName]?: Observed<Facets[K]> }): HostSnapshot => ({
  schemaVersion: SCHEMA_VERSION,
  at: AT,
  from: 'live',
  scope: {},
  facets,
  timings: [],
});

/** The endpoint at {@link ADDRESS}; nobody listens there unless said. */
export const endpoint = (answer: SocketAnswer, more: Partial<Endpoint> = {}): Observed<Endpoint> =>
  seen(
    {
      address: ADDRESS,
      origin: 'well-known',
      answer,
      file: seen({ mode: 0o660, uid: 0, gid: 0 }, `stat ${ADDRESS}`, AT),
      listeners: seen([], '/proc', AT),
      listening: seen(0, '/proc/net/unix', AT),
      self: { uid: 0, gids: [0] },
      checkedAt: AT,
      ...more,
    },
    `connect ${ADDRESS}`,
    AT,
  );

/** Facts about who listens at the address: the pids of containerds, and how many sockets have its name. */
export const heldBy = (
  pids: readonly number[],
  sockets: number = pids.length,
): Pick<Endpoint, 'listeners' | 'listening'> => ({
  listeners: seen(pids.map(pid), '/proc', AT),
  listening: seen(sockets, '/proc/net/unix', AT),
});

/** A process of the container stack; without more, containerd on the address. */
export const daemon = (number: number, more: Partial<DaemonProcess> = {}): DaemonProcess => ({
  role: 'containerd',
  pid: pid(number),
  ppid: pid(1),
  state: 'S',
  exe: seen('/usr/bin/containerd', `/proc/${number}/exe`, AT),
  argv: ['/usr/bin/containerd'],
  startTicks: 100n,
  wchan: 'futex_wait_queue',
  frozenBy: null,
  ownPid: pid(number),
  pidns: PIDNS,
  sameRoot: true,
  listens: seen([ADDRESS, `${ADDRESS}.ttrpc`], `/proc/${number}/fd`, AT),
  database: seen(database(number), `/proc/${number}/fd`, AT),
  address: ADDRESS,
  config: null,
  namespace: null,
  id: null,
  ...more,
});

/** The database of the made-up daemon with this pid. */
export const database = (number: number): string =>
  `/var/lib/c${number}/io.containerd.metadata.v1.bolt/meta.db`;

/** A shim of the containerd at the address. */
export const shim = (number: number, more: Partial<DaemonProcess> = {}): DaemonProcess =>
  daemon(number, {
    role: 'shim',
    argv: [
      '/usr/bin/containerd-shim-runc-v2',
      '-namespace',
      'moby',
      '-id',
      `c${number}`,
      '-address',
      ADDRESS,
    ],
    listens: unknown('notCollected', '/proc', 'not read for shims', AT, 0),
    database: absent('/proc', AT),
    namespace: 'moby',
    id: `c${number}`,
    ...more,
  });

export const daemons = (...items: readonly DaemonProcess[]): Observed<Facets['proc.daemons']> =>
  seen({ items, gaps: [] }, '/proc', AT);

export const version = (): Observed<Facets['containerd.version']> =>
  seen({ version: '1.7.24', revision: 'abc' }, 'Version.Version', AT);

/** Why the version is not known. */
export const noVersion = (
  state: Parameters<typeof unknown>[0] = 'unreachable',
  ms = 2000,
): Observed<Facets['containerd.version']> =>
  unknown(state, 'Version.Version', `Version.Version at ${ADDRESS}: it said no`, AT, ms);

/** What the daemon says of itself: by pid and namespace, by its database, or neither. */
export const identity = (more: Partial<ServerIdentity>): Observed<ServerIdentity> =>
  seen(
    { uuid: 'u', pid: null, pidns: null, database: null, deprecations: [], ...more },
    'Introspection.Server',
    AT,
  );

/** The claims of a probe. @throws when it makes none */
export const claimsOf = (probe: Probe, host: HostSnapshot): readonly Claim[] => {
  const answer = probe.run(host);
  if (answer.outcome !== 'claims') throw new Error(`${probe.id} answers ${answer.outcome}: ${answer.reason}`);
  return answer.claims;
};

/** The one claim of a probe. @throws when there are others or none */
export const claimOf = (probe: Probe, host: HostSnapshot): Claim => {
  const [claim, ...others] = claimsOf(probe, host);
  if (claim === undefined || others.length > 0)
    throw new Error(`${probe.id} makes ${1 + others.length} claims`);
  return claim;
};
