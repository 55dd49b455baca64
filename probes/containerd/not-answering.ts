/** Does containerd answer? */

import type { DaemonProcess, Endpoint } from '../../src/host/daemon.ts';
import type { Claim, Evidence, NextStep, Probe } from '../../src/host/finding.ts';
import { isUnknown, seenValue } from '../../src/host/observed.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { duration } from '../../src/text/units.ts';

export const notAnswering: Probe = {
  id: 'containerd-not-answering',
  title: 'containerd answers on its socket',
  explain: `Connects to the socket and asks for the version, which containerd answers from memory.

When nothing answers, the socket file, the kernel's table of listening sockets and the process say which of four things it is: no daemon (a stale socket file, or none), a daemon that is stopped or hung (the kernel accepts the connection, nobody reads it), something that is not containerd, or a daemon whose socket file was removed under it.

Containers keep running without containerd: their shims do not need it. Nothing here is a reason to reboot.`,
  wants: ['containerd.endpoint', 'containerd.version', 'proc.daemons'],
  needs: ['containerd.endpoint'],
  run: (host) => {
    const endpoint = seenValue(facet(host, 'containerd.endpoint'));
    if (endpoint === undefined) return { outcome: 'skip', reason: 'no containerd address is known' };
    const version = facet(host, 'containerd.version');
    if (version.state === 'seen') {
      return {
        outcome: 'pass',
        reason: `containerd ${version.value.version} answers at ${endpoint.address}`,
      };
    }
    const daemons = seenValue(facet(host, 'proc.daemons'))?.items ?? [];
    const scene: Scene = { host, endpoint, daemons, served: serving(endpoint, daemons) };
    switch (endpoint.answer.state) {
      case 'denied':
        return { outcome: 'skip', reason: 'the socket may not be opened; see socket-permission' };
      case 'missing':
      case 'refused':
        return claim(scene.served.length > 0 ? socketFileGone(scene) : down(scene));
      case 'silent':
        return claim(hung(scene));
      case 'notSocket':
      case 'foreign':
      case 'dropped':
      case 'failed':
        return claim(notContainerd(scene));
      case 'answers':
        return claim(answersBadly(scene));
    }
  },
};

interface Scene {
  readonly host: HostSnapshot;
  readonly endpoint: Endpoint;
  readonly daemons: readonly DaemonProcess[];
  /** containerd processes that serve, or were started to serve, this address. */
  readonly served: readonly DaemonProcess[];
}

const claim = (one: Claim): { outcome: 'claims'; claims: readonly Claim[] } => ({
  outcome: 'claims',
  claims: [one],
});

function serving(endpoint: Endpoint, daemons: readonly DaemonProcess[]): DaemonProcess[] {
  const listeners = seenValue(endpoint.listeners) ?? [];
  return daemons.filter(
    (daemon) =>
      daemon.role === 'containerd' && (listeners.includes(daemon.pid) || daemon.address === endpoint.address),
  );
}

function down(scene: Scene): Claim {
  const stale = scene.endpoint.answer.state === 'refused';
  return base(scene, {
    title: stale
      ? `containerd is not running: ${scene.endpoint.address} is a socket file without a listener`
      : `containerd is not running: there is no socket ${scene.endpoint.address}`,
    why: stale
      ? 'The file was left by a daemon that was killed or crashed; a daemon that stops by itself removes or replaces it.'
      : 'No process serves this address, and the file does not exist.',
    next: [
      { text: 'read why it stopped', command: 'journalctl -u containerd -n 50 --no-pager', effect: 'reads' },
      {
        text: 'start it; running containers are not touched',
        command: 'systemctl start containerd',
        effect: 'writes',
      },
    ],
  });
}

function socketFileGone(scene: Scene): Claim {
  const pids = scene.served.map(({ pid }) => pid).join(', ');
  return base(scene, {
    title: `containerd runs (pid ${pids}), but its socket file ${scene.endpoint.address} is gone`,
    why: 'The daemon still listens on the removed file, so nobody can reach it: a cleaner of temporary files, an `rm`, or a second daemon that replaced the file.',
    next: [
      {
        text: 'see that it still listens',
        command: `grep -F '${scene.endpoint.address}' /proc/net/unix`,
        effect: 'reads',
      },
      {
        text: "restart containerd at a quiet moment: only that makes the file again; containers survive it unless their shims' sockets are gone too",
        command: 'systemctl restart containerd',
        effect: 'disrupts',
      },
    ],
  });
}

function hung(scene: Scene): Claim {
  const stopped = scene.served.find(({ state }) => state === 'T' || state === 't');
  const blocked = scene.served.find(({ state }) => state === 'D');
  const next: NextStep[] = [];
  if (stopped !== undefined) {
    next.push({ text: 'let it continue', command: `kill -CONT ${stopped.pid}`, effect: 'writes' });
  } else {
    const pid = scene.served[0]?.pid;
    next.push({
      text: 'look at what its threads wait for',
      command: pid === undefined ? null : `cat /proc/${pid}/task/*/wchan`,
      effect: 'reads',
    });
    next.push({
      text: 'have it write its goroutines to its log; it goes on running',
      command: pid === undefined ? null : `kill -USR1 ${pid}`,
      effect: 'writes',
    });
  }
  const waited = scene.endpoint.answer.state === 'silent' ? scene.endpoint.answer.ms : 0;
  return base(scene, {
    title:
      stopped !== undefined
        ? `containerd is stopped (pid ${stopped.pid}, state ${stopped.state})`
        : blocked !== undefined
          ? `containerd waits for the kernel (pid ${blocked.pid}, state D)`
          : `containerd accepts connections and does not answer`,
    why: `The kernel accepted the connection to ${scene.endpoint.address}, but nothing was sent for ${duration(waited)}${
      stopped === undefined ? '.' : ': the process was stopped by a signal, a debugger or a frozen cgroup.'
    }`,
    next,
  });
}

function notContainerd(scene: Scene): Claim {
  const { answer, address } = scene.endpoint;
  const what =
    answer.state === 'notSocket'
      ? `is ${answer.is}, not a socket`
      : answer.state === 'foreign'
        ? 'does not speak gRPC'
        : answer.state === 'dropped'
          ? 'accepts connections and closes them at once'
          : 'cannot be connected to';
  return base(scene, {
    title: `${address} ${what}`,
    why:
      answer.state === 'foreign'
        ? `It answered "${answer.said}": another server, or containerd's ttrpc or debug socket.`
        : 'What is at this path is not a containerd.',
    next: [
      {
        text: 'see who has the path open',
        command: `ls -l ${address}; grep -F '${address}' /proc/net/unix`,
        effect: 'reads',
      },
      {
        text: 'name the right socket with --address',
        command: 'ctrscope doctor --address PATH',
        effect: 'reads',
      },
    ],
  });
}

function answersBadly(scene: Scene): Claim {
  const version = facet(scene.host, 'containerd.version');
  return base(scene, {
    title: `${scene.endpoint.address} speaks gRPC, but does not answer as containerd does`,
    why: isUnknown(version) ? version.why : 'It gave no version.',
    next: [
      {
        text: 'measure each method',
        command: `ctrscope api ping --address ${scene.endpoint.address}`,
        effect: 'reads',
      },
    ],
  });
}

function base(
  { host, endpoint, daemons, served }: Scene,
  words: Pick<Claim, 'title' | 'why' | 'next'>,
): Claim {
  const shims = daemons.filter(({ role, address }) => role === 'shim' && address === endpoint.address);
  const version = facet(host, 'containerd.version');
  const evidence: Evidence[] = [
    {
      layer: 'host',
      source: `connect ${endpoint.address}`,
      field: 'answer',
      value: endpoint.answer.state,
      at: endpoint.checkedAt,
    },
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
    ...served.map(
      ({ pid, state, wchan }): Evidence => ({
        layer: 'process',
        source: `/proc/${pid}/stat`,
        field: 'state',
        value: wchan === null ? state : `${state} in ${wchan}`,
        at: endpoint.checkedAt,
      }),
    ),
    ...(endpoint.listening.state === 'seen'
      ? [
          {
            layer: 'kernel',
            source: '/proc/net/unix',
            field: 'listening',
            value: String(endpoint.listening.value),
            at: endpoint.listening.at,
          } as const,
        ]
      : []),
  ];
  return {
    ...words,
    outcome: 'fail',
    confidence: 'certain',
    object: { layer: 'containerd', namespace: null, kind: 'daemon', id: endpoint.address, name: null },
    evidence,
    impact:
      shims.length === 0
        ? 'Nothing can be listed, started or stopped through it.'
        : `Nothing can be listed, started or stopped through it. ${shims.length} of its shims still run, and so do their containers.`,
    references: [],
  };
}
