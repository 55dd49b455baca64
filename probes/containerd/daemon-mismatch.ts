/** Is the daemon that answers the one that was started to serve this address? */
import type { DaemonProcess, Endpoint } from '../../src/host/daemon.ts';
import type { Claim, Evidence, Probe } from '../../src/host/finding.ts';
import type { Pid } from '../../src/host/ids.ts';
import { isUnknown, seenValue } from '../../src/host/observed.ts';
import { facet } from '../../src/host/snapshot.ts';

export const daemonMismatch: Probe = {
  id: 'daemon-mismatch',
  title: 'the daemon that answers is the one that was started for this address',
  explain: `Three sources name the daemon behind a socket: the daemon itself (Introspection.Server gives its pid since 1.7), the kernel (which process has the listening socket open), and the command line or config it was started with.

They disagree when a second daemon was started on the same address: it unlinks the first one's socket file and takes its place, and the first runs on, unreachable, with its containers. The same happens when a socket file is moved or bind-mounted over another.`,
  wants: ['containerd.endpoint', 'containerd.identity', 'proc.daemons'],
  needs: ['containerd.endpoint', 'proc.daemons'],
  run: (host) => {
    const endpoint = seenValue(facet(host, 'containerd.endpoint'));
    const daemons = seenValue(facet(host, 'proc.daemons'));
    if (endpoint === undefined || daemons === undefined) {
      return { outcome: 'skip', reason: 'no containerd address is known' };
    }
    if (endpoint.answer.state !== 'answers') {
      return { outcome: 'skip', reason: `nothing answers at ${endpoint.address}` };
    }
    if (isUnknown(endpoint.listeners)) {
      return { outcome: 'skip', reason: `who listens cannot be read: ${endpoint.listeners.why}` };
    }
    const identity = seenValue(facet(host, 'containerd.identity'));
    const said = identity?.pid ?? null;
    const listeners = seenValue(endpoint.listeners) ?? [];
    const meant = daemons.items.filter((d) => d.role === 'containerd' && d.address === endpoint.address);
    const claims = [
      ...rivals(endpoint, listeners, meant, said),
      ...otherAnswers(endpoint, listeners, daemons.items, said),
    ];
    if (claims.length > 0) return { outcome: 'claims', claims: claims.slice(0, 1) };
    if (listeners.length === 0 && said === null) {
      return {
        outcome: 'skip',
        reason: 'neither the daemon nor the kernel names a pid (another pid or network namespace?)',
      };
    }
    const from = said === null ? 'the kernel names' : 'the daemon and the kernel name';
    return { outcome: 'pass', reason: `${from} pid ${said ?? listeners.join(', ')}` };
  },
};

// Several processes hold a listening socket of this path: only the one that bound it last can be reached.
function rivals(
  endpoint: Endpoint,
  listeners: readonly Pid[],
  meant: readonly DaemonProcess[],
  said: Pid | null,
): Claim[] {
  const all = [...new Set([...listeners, ...meant.map(({ pid }) => pid)])];
  if (all.length < 2) return [];
  const reached = said !== null && all.includes(said) ? said : null;
  const lost = all.filter((pid) => pid !== reached);
  return [
    mismatch(endpoint, listeners, said, {
      title:
        reached === null
          ? `${all.length} containerds (pids ${all.join(', ')}) were started on ${endpoint.address}; only one of them can be reached`
          : `pid ${reached} answers at ${endpoint.address}; pid ${lost.join(', ')} serves the same address and cannot be reached`,
      why: "A second daemon on the same address removes the first one's socket file and binds its own. The first keeps running.",
      impact:
        'Containers, images and tasks of the unreachable daemon look as if they were gone. They are not.',
    }),
  ];
}

// The daemon says a pid that the kernel does not see listening: a proxy, a bind mount, or a file moved here.
function otherAnswers(
  endpoint: Endpoint,
  listeners: readonly Pid[],
  daemons: readonly DaemonProcess[],
  said: Pid | null,
): Claim[] {
  if (said === null || listeners.includes(said)) return [];
  const speaker = daemons.find(({ pid }) => pid === said);
  // A pid of another pid namespace means nothing here.
  if (speaker === undefined || speaker.role !== 'containerd') return [];
  const own = seenValue(speaker.listens) ?? [];
  return [
    mismatch(endpoint, listeners, said, {
      title: `what answers at ${endpoint.address} is the containerd of another address (pid ${said})`,
      why: `Pid ${said} listens on ${own.length === 0 ? 'no socket of that name' : own.join(', ')}, not on ${endpoint.address}: the socket file was moved, linked or mounted here${
        listeners.length === 0 ? '' : `, while pid ${listeners.join(', ')} listens under that name`
      }.`,
      impact: 'What is shown under this address belongs to another daemon.',
    }),
  ];
}

function mismatch(
  endpoint: Endpoint,
  listeners: readonly Pid[],
  said: Pid | null,
  words: Pick<Claim, 'title' | 'why' | 'impact'>,
): Claim {
  const evidence: Evidence[] = [
    {
      layer: 'containerd',
      source: 'Introspection.Server',
      field: 'pid',
      value: said === null ? 'not given before 1.7' : String(said),
      at: endpoint.checkedAt,
    },
    {
      layer: 'kernel',
      source: '/proc/net/unix, /proc/PID/fd',
      field: `pids that listen on ${endpoint.address}`,
      value: listeners.join(', ') || 'none',
      at: endpoint.checkedAt,
    },
  ];
  return {
    ...words,
    outcome: 'fail',
    confidence: 'certain',
    object: { layer: 'containerd', namespace: null, kind: 'daemon', id: endpoint.address, name: null },
    evidence,
    next: [
      {
        text: 'see which daemons run, and on which addresses',
        command: 'ctrscope doctor -v',
        effect: 'reads',
      },
      {
        text: 'see whose shims run: each names its containerd with -address',
        command: 'ps -eo pid,args | grep [c]ontainerd-shim',
        effect: 'reads',
      },
      {
        text: 'decide which daemon is the right one before stopping any: stopping the wrong one leaves its containers without a manager',
        command: null,
        effect: 'reads',
      },
    ],
    references: [],
  };
}
