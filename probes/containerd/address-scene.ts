/** What is around one containerd address: who serves it, who was meant to, and the evidence of that. */

import type { DaemonProcess, Endpoint } from '../../src/host/daemon.ts';
import type { Evidence } from '../../src/host/finding.ts';
import { isUnknown, seenValue } from '../../src/host/observed.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { duration } from '../../src/text/units.ts';
import { containerdsAmong } from './containerds.ts';

export interface Scene {
  readonly host: HostSnapshot;
  readonly endpoint: Endpoint;
  /** containerds that bound a socket at this address. */
  readonly bound: readonly DaemonProcess[];
  /** containerds that were told to serve this address and listen nowhere. */
  readonly meant: readonly DaemonProcess[];
  /** containerds that serve other addresses. */
  readonly elsewhere: readonly DaemonProcess[];
  readonly shims: number;
}

export const sceneOf = (host: HostSnapshot, endpoint: Endpoint): Scene => {
  const daemons = seenValue(facet(host, 'proc.daemons'))?.items ?? [];
  const { address } = endpoint;
  const listeners = seenValue(endpoint.listeners) ?? [];
  // The paths of a container are not ours.
  const containerds = containerdsAmong(daemons).filter(
    ({ pid, sameRoot }) => listeners.includes(pid) || sameRoot !== false,
  );
  const bound = containerds.filter(({ pid }) => listeners.includes(pid));
  return {
    host,
    endpoint,
    bound,
    meant: containerds.filter((daemon) => !bound.includes(daemon) && daemon.address === address),
    elsewhere: containerds.filter(
      (daemon) => !bound.includes(daemon) && daemon.address !== null && daemon.address !== address,
    ),
    shims: daemons.filter(({ role, address: served }) => role === 'shim' && served === address).length,
  };
};

/** Who listens may not be read, but the kernel's table is open to all. */
export const isHeldUnseen = ({ listeners, listening }: Endpoint): boolean =>
  isUnknown(listeners) && (seenValue(listening) ?? 0) > 0;

/** Addresses with their pids, the first five of them. */
export function placesOf(daemons: readonly DaemonProcess[]): string {
  const places = daemons.slice(0, 5).map(({ address, pid }) => `${address} (pid ${pid})`);
  return [...places, ...(daemons.length > 5 ? [`${daemons.length - 5} more`] : [])].join(', ');
}

/** The facts that a claim about the address rests on, of every layer that knows something. */
export function evidenceOf({ host, endpoint, bound, meant, elsewhere, shims }: Scene): Evidence[] {
  const { address, answer, checkedAt: at, listening, listeners } = endpoint;
  const version = facet(host, 'containerd.version');
  return [
    { layer: 'host', source: `connect ${address}`, field: 'answer', value: answerText(answer), at },
    ...(isUnknown(version)
      ? [
          {
            layer: 'containerd',
            source: version.from,
            field: version.state,
            value: version.why,
            at: version.at,
          } as const,
        ]
      : []),
    ...(listening.state === 'seen'
      ? [
          {
            layer: 'kernel',
            source: listening.from,
            field: `sockets that listen by the name ${address}`,
            value: String(listening.value),
            at: listening.at,
          } as const,
        ]
      : []),
    ...(listeners.state === 'seen'
      ? [
          {
            layer: 'process',
            source: '/proc/PID/fd',
            field: `containerds that listen on ${address}`,
            value: bound.map(({ pid }) => pid).join(', ') || 'none',
            at: listeners.at,
          } as const,
        ]
      : []),
    ...[...bound, ...meant].flatMap(({ pid, state, wchan, frozenBy }): Evidence[] => [
      {
        layer: 'process',
        source: `/proc/${pid}/stat`,
        field: 'state',
        value: wchan === null ? state : `${state} in ${wchan}`,
        at,
      },
      ...(frozenBy === null
        ? []
        : [{ layer: 'cgroup', source: frozenBy, field: 'state', value: 'frozen', at } as const]),
    ]),
    ...(elsewhere.length === 0 || !isNobody(answer)
      ? []
      : [
          {
            layer: 'process',
            source: '/proc',
            field: 'other containerds',
            value: placesOf(elsewhere),
            at,
          } as const,
        ]),
    ...(shims === 0
      ? []
      : [
          {
            layer: 'shim',
            source: '/proc',
            field: `shims with -address ${address}`,
            value: String(shims),
            at,
          } as const,
        ]),
  ];
}

// Only where nobody listens may another daemon be the one that was meant.
function isNobody({ state }: Endpoint['answer']): boolean {
  return state === 'missing' || state === 'refused';
}

function answerText(answer: Endpoint['answer']): string {
  switch (answer.state) {
    case 'silent':
      return `silent for ${duration(answer.ms)}`;
    case 'foreign':
      return `foreign: ${answer.said}`;
    case 'notSocket':
      return answer.is;
    case 'failed':
      return answer.why;
    default:
      return answer.state;
  }
}
