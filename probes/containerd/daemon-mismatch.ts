/** Is the daemon that answers the one that was started to serve this address? */
import type { ServerIdentity } from '../../src/host/containerd.ts';
import type { DaemonProcess, Endpoint } from '../../src/host/daemon.ts';
import type { Claim, Evidence, NextStep, Probe, ProbeAnswer } from '../../src/host/finding.ts';
import { isUnknown, type Observed, seenValue } from '../../src/host/observed.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { shellWord } from '../../src/text/shell.ts';
import { containerdsAmong } from './containerds.ts';

export const daemonMismatch: Probe = {
  id: 'daemon-mismatch',
  title: 'the daemon that answers is the one that listens under this address',
  explain: `Compares what three layers say of the daemon behind a socket: the daemon itself (its pid and pid namespace, since 1.7 and late 1.6; the database it uses), the kernel (which process bound a socket at this path), and that process (the database it has open, what it was started with).

They disagree when a second daemon was started on the same address: it removes the first one's socket file and takes its place, and the first runs on, unreachable, with its containers. The same comes of a socket file that was moved, linked or mounted over another.

Do not simply stop the daemon that cannot be reached: when a containerd stops in order it removes the socket file at its address, even when that is the other one's by now.

Daemons in other pid, mount or network namespaces are recognised by them, and a relay between is no fault. What cannot be compared (without root, most of it) is not checked.`,
  wants: ['containerd.endpoint', 'containerd.version', 'containerd.identity', 'proc.daemons'],
  needs: ['containerd.endpoint', 'proc.daemons'],
  run: (host) => {
    const endpoint = seenValue(facet(host, 'containerd.endpoint'));
    const daemons = seenValue(facet(host, 'proc.daemons'));
    if (endpoint === undefined || daemons === undefined) return skip('no containerd address is known');
    const answers = endpoint.answer.state === 'answers' || facet(host, 'containerd.version').state === 'seen';
    if (!answers) return skip(`nothing answers at ${endpoint.address}`);
    if (endpoint.listeners.state !== 'seen') {
      const why = isUnknown(endpoint.listeners) ? endpoint.listeners.why : 'nothing was looked at';
      return skip(`who listens at ${endpoint.address} cannot be read: ${why}`);
    }
    return compare(sceneOf(host, endpoint, endpoint.listeners.value, daemons.items));
  },
};

interface Scene {
  readonly endpoint: Endpoint;
  readonly identity: Observed<ServerIdentity>;
  /** containerds that bound a socket at this address, by the kernel. */
  readonly bound: readonly DaemonProcess[];
  /** The process that answers, by what the daemon says of itself. */
  readonly speaker: DaemonProcess | undefined;
  /** containerds that were started for this address and listen nowhere. */
  readonly waiting: readonly DaemonProcess[];
}

function sceneOf(
  host: HostSnapshot,
  endpoint: Endpoint,
  listeners: readonly number[],
  daemons: readonly DaemonProcess[],
): Scene {
  const containerds = containerdsAmong(daemons);
  const identity = facet(host, 'containerd.identity');
  const bound = containerds.filter(({ pid }) => listeners.includes(pid));
  return {
    endpoint,
    identity,
    bound,
    speaker: speakerAmong(containerds, bound, seenValue(identity)),
    waiting: containerds.filter(
      ({ pid, address, sameRoot, listens }) =>
        !listeners.includes(pid) &&
        sameRoot !== false &&
        address === endpoint.address &&
        seenValue(listens)?.length === 0,
    ),
  };
}

// By pid and pid namespace, which no two processes share; else by the database, which only one daemon can use.
function speakerAmong(
  containerds: readonly DaemonProcess[],
  bound: readonly DaemonProcess[],
  identity: ServerIdentity | undefined,
): DaemonProcess | undefined {
  if (identity === undefined) return undefined;
  if (identity.pid !== null && identity.pidns !== null) {
    return containerds.find(({ ownPid, pidns }) => ownPid === identity.pid && pidns === identity.pidns);
  }
  const holders = containerds.filter((daemon) => usesDatabase(daemon, identity));
  // One that waits for the database's lock has it open, too, and listens nowhere.
  return (
    holders.find((daemon) => bound.includes(daemon)) ??
    holders.find(({ listens }) => (seenValue(listens)?.length ?? 0) > 0)
  );
}

function usesDatabase({ database, sameRoot }: DaemonProcess, identity: ServerIdentity): boolean {
  return sameRoot === true && identity.database !== null && seenValue(database) === identity.database;
}

function compare(scene: Scene): ProbeAnswer {
  const { endpoint, bound, speaker, waiting, identity } = scene;
  const { address } = endpoint;
  if (bound.length > 1 && (speaker === undefined || bound.includes(speaker))) return rivals(scene);
  if (bound.length > 0 && speaker !== undefined && !bound.includes(speaker)) return another(scene, speaker);
  const [only] = bound;
  if (only !== undefined && speaker === only) {
    if (waiting.length > 0) return aboutToTakeOver(scene, only);
    const by = seenValue(identity)?.pid === null ? 'its database' : 'its pid';
    return { outcome: 'pass', reason: `pid ${only.pid} listens at ${address} and answers, by ${by}` };
  }
  if (only !== undefined) return unseenSpeaker(scene, only);
  // A moved or mounted file: nobody bound a socket here, and the one who answers did so somewhere else.
  if (speaker !== undefined && speaker.sameRoot === true && seenValue(endpoint.listening) === 0) {
    if ((seenValue(speaker.listens)?.length ?? 0) > 0) return borrowed(scene, speaker);
  }
  return skip(
    (seenValue(endpoint.listening) ?? 0) > 0
      ? `what listens at ${address} is no containerd process that can be seen: a relay, or a daemon under another name`
      : `no process that can be seen listens at ${address}: the daemon runs in another namespace`,
  );
}

// Several daemons bound this path: only the one that did so last can be reached.
function rivals({ endpoint, bound, speaker, ...rest }: Scene): ProbeAnswer {
  const { address } = endpoint;
  const lost = bound.filter((daemon) => daemon !== speaker);
  const [first] = lost;
  return claim(
    { endpoint, bound, speaker, ...rest },
    {
      title:
        speaker === undefined
          ? `${bound.length} containerds (pids ${pidsOf(bound)}) serve ${address}; only one of them can be reached`
          : `pid ${speaker.pid} answers at ${address}; pid ${pidsOf(lost)} serves the same address and cannot be reached`,
      why: 'The socket file was replaced: a daemon that is started on an address removes the file that is there and binds its own. The one that was there before runs on.',
      impact:
        'Containers, images and tasks of the daemon that cannot be reached look as if they were gone. They are not: its shims and containers run on.',
      next: [
        ...seeThem(bound),
        {
          text: 'decide which of them is the right one before stopping any',
          command: null,
          effect: 'reads',
        },
        ...(speaker === undefined || first === undefined ? [] : [retire(address, lost)]),
        {
          text: "stopping either in order removes the socket file, also when it is the other one's: whichever stays has to be restarted then",
          command: null,
          effect: 'disrupts',
        },
      ],
    },
  );
}

// A daemon that stops removes whatever is at its address: the file is out of its way meanwhile.
function retire(address: string, lost: readonly DaemonProcess[]): NextStep {
  const file = shellWord(address);
  const aside = shellWord(`${address}.aside`);
  const pids = lost.map(({ pid }) => pid).join(' ');
  return {
    text: 'when the one that answers is right, stop the other with the socket file out of its way',
    command: `mv ${file} ${aside} && kill -TERM ${pids} && tail --pid=${lost[0]?.pid} -f /dev/null; mv ${aside} ${file}`,
    effect: 'disrupts',
  };
}

// Another daemon's socket file stands where this one bound its own.
function another(scene: Scene, speaker: DaemonProcess): ProbeAnswer {
  const { endpoint, bound } = scene;
  const { address } = endpoint;
  return claim(scene, {
    title: `what answers at ${address} is the containerd of another address (pid ${speaker.pid}), not pid ${pidsOf(bound)}, which listens under it`,
    why: `Pid ${speaker.pid} listens on ${pathsOf(speaker)}: its socket file was moved, linked or mounted over the one of pid ${pidsOf(bound)}.`,
    impact: `What is shown under this address belongs to another daemon; pid ${pidsOf(bound)} cannot be reached, and its containers look as if they were gone. They are not.`,
    next: [...seeThem([...bound, speaker]), ...seeFile(address), putBack(bound)],
  });
}

function unseenSpeaker(scene: Scene, only: DaemonProcess): ProbeAnswer {
  const { endpoint, identity } = scene;
  const said = seenValue(identity);
  if (said === undefined || !isOther(only, said)) {
    return skip(
      isUnknown(identity)
        ? `the daemon does not say who it is: ${identity.why}`
        : 'the daemon names neither a pid nor a database that can be compared',
    );
  }
  return claim(scene, {
    title: `what answers at ${endpoint.address} is not pid ${only.pid}, which listens under it`,
    why: `The daemon that answers is pid ${said.pid} of pid namespace ${said.pidns}, which is no process that can be seen from here; pid ${only.pid} is pid ${only.ownPid} of ${only.pidns}. The socket file of a daemon in another namespace was moved, linked or mounted over the one of pid ${only.pid}.`,
    impact: `What is shown under this address belongs to another daemon; pid ${only.pid} cannot be reached.`,
    next: [...seeThem([only]), ...seeFile(endpoint.address), putBack([only])],
  });
}

// Both sides have to name pid and namespace: only then is a difference one of processes and not of views.
function isOther({ ownPid, pidns }: DaemonProcess, said: ServerIdentity): boolean {
  if (said.pid === null || said.pidns === null || ownPid === null || pidns === null) return false;
  return said.pid !== ownPid || said.pidns !== pidns;
}

function borrowed(scene: Scene, speaker: DaemonProcess): ProbeAnswer {
  const { endpoint } = scene;
  return claim(scene, {
    outcome: 'warn',
    title: `${endpoint.address} leads to the containerd of another address (pid ${speaker.pid})`,
    why: `Pid ${speaker.pid} listens on ${pathsOf(speaker)}, and nobody on ${endpoint.address}: its socket file was moved or mounted here.`,
    impact:
      'It works until that daemon restarts: it then makes its file at its own address, and this one leads nowhere.',
    next: [
      ...seeThem([speaker]),
      ...seeFile(endpoint.address),
      {
        text: 'use its own address; if its file was moved away from there, move it back',
        command: null,
        effect: 'writes',
      },
    ],
  });
}

function aboutToTakeOver(scene: Scene, only: DaemonProcess): ProbeAnswer {
  const { endpoint, waiting } = scene;
  return claim(scene, {
    outcome: 'warn',
    confidence: 'likely',
    title: `pid ${pidsOf(waiting)} was started for ${endpoint.address}, which pid ${only.pid} serves`,
    why: 'It listens nowhere yet: it is starting, or waits for the lock of a database that the other one holds. When it comes through, it takes the socket file away from the one that serves now.',
    impact: 'Nothing yet: what answers is the daemon that has listened all along.',
    next: [
      ...seeThem([only, ...waiting]),
      {
        text: 'see who holds the database, and who waits for it',
        command: 'lslocks | grep meta.db',
        effect: 'reads',
      },
      {
        text: 'when nobody wants it, end it with KILL: stopped in order, it might remove the socket file',
        command: `kill -KILL ${waiting.map(({ pid }) => pid).join(' ')}`,
        effect: 'disrupts',
      },
    ],
  });
}

function seeThem(daemons: readonly DaemonProcess[]): NextStep[] {
  return [
    {
      text: 'see when and how they were started, and by whom',
      command: `ps -o pid,ppid,lstart,cgroup,args -p ${daemons.map(({ pid }) => pid).join(',')}`,
      effect: 'reads',
    },
  ];
}

function seeFile(address: string): NextStep[] {
  const file = shellWord(address);
  return [
    {
      text: 'see what the file is: a mount, a link, or a socket that was moved here',
      command: `findmnt ${file}; ls -l ${file}`,
      effect: 'reads',
    },
  ];
}

function putBack(bound: readonly DaemonProcess[]): NextStep {
  return {
    text: `unmount it, or move it back to its own address; the file of pid ${pidsOf(bound)} is then there again if it was only covered, else that daemon needs a restart to make it anew`,
    command: null,
    effect: 'disrupts',
  };
}

function skip(reason: string): ProbeAnswer {
  return { outcome: 'skip', reason };
}

function pidsOf(daemons: readonly DaemonProcess[]): string {
  return daemons.map(({ pid }) => pid).join(', ');
}

function pathsOf({ listens }: DaemonProcess): string {
  const paths = seenValue(listens) ?? [];
  return paths.length === 0 ? 'no socket that can be seen' : paths.join(', ');
}

type Words = Pick<Claim, 'title' | 'why' | 'impact' | 'next'> &
  Partial<Pick<Claim, 'outcome' | 'confidence'>>;

function claim(scene: Scene, words: Words): ProbeAnswer {
  const id = scene.endpoint.address;
  return {
    outcome: 'claims',
    claims: [
      {
        outcome: 'fail',
        confidence: 'certain',
        ...words,
        object: { layer: 'containerd', namespace: null, kind: 'daemon', id, name: null },
        evidence: evidenceOf(scene),
        references: [],
      },
    ],
  };
}

function evidenceOf({ endpoint, identity, bound, speaker, waiting }: Scene): Evidence[] {
  const { address, listeners, listening } = endpoint;
  const said = seenValue(identity);
  const inSight = [...new Set([...bound, ...(speaker === undefined ? [] : [speaker]), ...waiting])];
  return [
    ...(said?.pid === null || said === undefined
      ? []
      : [evidence('containerd', 'Introspection.Server', 'pid, pid namespace', `${said.pid}, ${said.pidns}`)]),
    ...(said === undefined || said.database === null
      ? []
      : [evidence('containerd', 'Introspection.Plugins', 'metadata database', said.database)]),
    evidence(
      'kernel',
      '/proc/net/unix, /proc/PID/fd',
      `containerds that bound ${address}`,
      pidsOf(bound) || 'none',
      listeners.at,
    ),
    evidence(
      'kernel',
      listening.from,
      `sockets that listen by the name ${address}`,
      listening.state === 'seen' ? String(listening.value) : listening.state,
      listening.at,
    ),
    ...inSight.flatMap(({ pid, argv, listens, database }) => [
      evidence('process', `/proc/${pid}/cmdline`, 'arguments', argv.join(' ').slice(0, 300)),
      evidence('process', `/proc/${pid}/fd`, 'listens', (seenValue(listens) ?? []).join(', ') || 'nowhere'),
      ...(database.state === 'seen'
        ? [evidence('process', `/proc/${pid}/fd`, 'metadata database', database.value)]
        : []),
    ]),
  ];

  function evidence(
    layer: Evidence['layer'],
    source: string,
    field: string,
    value: string,
    at: string = endpoint.checkedAt,
  ): Evidence {
    return { layer, source, field, value, at };
  }
}
