/** Does containerd answer? */

import type { DaemonProcess, Endpoint } from '../../src/host/daemon.ts';
import type { Claim, NextStep, Probe } from '../../src/host/finding.ts';
import { isKnown, isUnknown, seenValue } from '../../src/host/observed.ts';
import { facet } from '../../src/host/snapshot.ts';
import { shellWord } from '../../src/text/shell.ts';
import { duration } from '../../src/text/units.ts';
import { evidenceOf, isHeldUnseen, placesOf, type Scene, sceneOf } from './address-scene.ts';

export const notAnswering: Probe = {
  id: 'containerd-not-answering',
  title: 'containerd answers on its socket',
  explain: `Connects to the socket and asks for the version, which containerd answers from memory.

When nothing answers, the socket file, the kernel's table of listening sockets and the process together say which it is: no daemon (no socket file, or one that a killed daemon left), a daemon that has not come as far as listening, one that is stopped, frozen or hung (the kernel accepts the connection, nobody reads it), one whose socket file was removed or replaced under it, or something that is not containerd.

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
    const { answer } = endpoint;
    if (answer.state === 'denied') {
      return { outcome: 'skip', reason: 'the socket may not be opened; see socket-permission' };
    }
    if (answer.state === 'answers' && version.state === 'notCollected') {
      return { outcome: 'skip', reason: 'something answers, but nobody asked for its version' };
    }
    const scene = sceneOf(host, endpoint);
    switch (answer.state) {
      case 'missing':
      case 'refused':
        if (scene.bound.length > 0 || isHeldUnseen(endpoint)) return claim(scene, socketFileGone(scene));
        return claim(scene, scene.meant.length > 0 ? notListeningYet(scene) : down(scene));
      case 'silent':
        return claim(scene, silent(scene, answer.ms));
      case 'notSocket':
        return claim(scene, notSocket(scene, answer.is));
      case 'foreign':
      case 'dropped':
      case 'failed':
        return claim(scene, notContainerd(scene));
      case 'answers':
        return claim(scene, answersBadly(scene));
    }
  },
};

type Words = Pick<Claim, 'title' | 'why' | 'next'> & Partial<Pick<Claim, 'outcome' | 'confidence'>>;

function down({ endpoint, elsewhere }: Scene): Words {
  const { address, origin } = endpoint;
  const stale = endpoint.answer.state === 'refused';
  const who = elsewhere.length === 0 ? 'containerd is not running' : 'no containerd listens';
  const named =
    origin === 'flag'
      ? ' (named by --address)'
      : origin === 'environment'
        ? ' (named by CONTAINERD_ADDRESS)'
        : '';
  return {
    title: stale
      ? `${who}: ${address}${named} is a socket file without a listener`
      : `${who}: there is no socket ${address}${named}`,
    why: `${
      stale
        ? 'The file was left by a daemon that was killed or crashed; one that stops in order removes it.'
        : 'No process serves this address, and the file does not exist.'
    }${elsewhere.length === 0 ? '' : ` Other containerds run here: ${placesOf(elsewhere)}.`}`,
    next: [...nameAnother(elsewhere), ...startIt(address)],
  };
}

function notListeningYet({ endpoint, meant }: Scene): Words {
  const pids = meant.map(({ pid }) => pid).join(', ');
  return {
    title: `containerd runs (pid ${pids}), but does not listen on ${endpoint.address}`,
    confidence: 'likely',
    why: 'It was started for this address and has not come as far as opening it. That takes a moment after a start; longer, it waits for something: the lock of its database, a shim that does not answer, a disk.',
    next: [
      { text: 'see in its log what it did last', ...logOf(endpoint.address), effect: 'reads' },
      ...waitsFor(meant),
      {
        text: 'see whether another process holds its database',
        command: 'lslocks | grep meta.db',
        effect: 'reads',
      },
    ],
  };
}

function socketFileGone({ endpoint, bound }: Scene): Words {
  const { address, answer } = endpoint;
  const pids = bound.length === 0 ? '' : ` (pid ${bound.map(({ pid }) => pid).join(', ')})`;
  return {
    ...(bound.length === 0 ? { confidence: 'likely' } : {}),
    title: `${bound.length === 0 ? 'a daemon' : 'containerd'} runs${pids}, but its socket file ${address} ${
      answer.state === 'missing' ? 'is gone' : 'was replaced by one that nobody listens on'
    }`,
    why:
      answer.state === 'missing'
        ? 'The daemon still listens on the file that was there, so nobody can reach it. It was moved or removed: by hand, by a cleaner of temporary files, or by another daemon on the same address, which removes the file when it stops.'
        : 'The daemon still listens on the file that was there before. Another daemon on the same address put its own in its place and was killed.',
    next: unreachable(endpoint),
  };
}

function frozenWords(waited: string, { pid, frozenBy }: DaemonProcess): Words {
  const file = frozenBy ?? '';
  const thaw = file.endsWith('freezer.state')
    ? `echo THAWED > ${shellWord(file)}`
    : `echo 0 > ${shellWord(file.replace(/cgroup\.events$/, 'cgroup.freeze'))}`;
  return {
    title: `containerd is frozen by its cgroup (pid ${pid})`,
    why: `${waited}: ${file} says that the process is frozen, by this cgroup or one above.`,
    next: [
      {
        text: 'see who froze it: a pause that was not ended, a checkpoint, a backup',
        command: `cat ${shellWord(file)}`,
        effect: 'reads',
      },
      { text: 'thaw it', command: thaw, effect: 'writes' },
    ],
  };
}

// More sockets of this name than containerds that hold one: somebody else listens, too, and may be the one that is met.
function isSharedName({ endpoint, bound }: Scene): boolean {
  return (seenValue(endpoint.listening) ?? 0) > bound.length;
}

// The listener has no name any more: only moving the file back, or a restart, gives it one.
function unreachable({ address }: Endpoint): NextStep[] {
  return [
    {
      text: 'see that it still listens',
      command: `grep -F ${shellWord(address)} /proc/net/unix`,
      effect: 'reads',
    },
    {
      text: 'if the file was only moved, move it back: that is all it takes',
      command: null,
      effect: 'writes',
    },
    {
      text: "else restart the daemon at a quiet moment: only that makes the file anew. Containers survive it, unless their shims' sockets in /run/containerd/s were removed too: look there first",
      command: restartOf(address),
      effect: 'disrupts',
    },
  ];
}

function silent(scene: Scene, ms: number): Words {
  const { endpoint, bound } = scene;
  const { address } = endpoint;
  const waited = `The kernel accepted the connection to ${address}, but nothing was sent for ${duration(ms)}`;
  const stopped = bound.find(({ state }) => state === 'T');
  if (stopped !== undefined) {
    return {
      title: `containerd is stopped (pid ${stopped.pid}, state T)`,
      why: `${waited}: a signal stopped the process.`,
      next: [{ text: 'let it continue', command: `kill -CONT ${stopped.pid}`, effect: 'writes' }],
    };
  }
  const traced = bound.find(({ state }) => state === 't');
  if (traced !== undefined) {
    return {
      title: `containerd is held by a debugger (pid ${traced.pid}, state t)`,
      why: `${waited}: another process traces it and has stopped it.`,
      next: [
        { text: 'see who traces it', command: `grep TracerPid /proc/${traced.pid}/status`, effect: 'reads' },
      ],
    };
  }
  const frozen = bound.find(({ frozenBy }) => frozenBy !== null);
  if (frozen !== undefined) return frozenWords(waited, frozen);
  const other = bound.find((daemon) => daemon.address !== null && daemon.address !== address);
  if (other !== undefined) {
    return {
      title: `${address} is a socket of containerd (pid ${other.pid}), but not its gRPC one`,
      why: `${waited}: it waits for another protocol. ${whose(scene, other)}`,
      next: nameAnother([other]),
    };
  }
  const blocked = bound.find(({ state }) => state === 'D');
  const [first] = bound;
  if (isKnown(endpoint.listeners) && (first === undefined || isSharedName(scene))) {
    const held = first === undefined ? '' : ` containerd (pid ${first.pid}) bound it before;`;
    return {
      title: `something accepts connections at ${address} and never answers; it is no containerd that can be seen`,
      confidence: 'likely',
      why: `${waited}.${held} another program listens there, or a containerd in a container of its own.`,
      next: [whoListens(address), NAME_IT],
    };
  }
  return {
    title:
      blocked === undefined
        ? `containerd accepts connections at ${address} and does not answer`
        : `containerd waits for the kernel (pid ${blocked.pid}, state D)`,
    why: `${waited}${blocked === undefined ? '' : ': the process is in an uninterruptible wait, mostly for a disk'}.`,
    next: [
      ...waitsFor(bound),
      ...(first === undefined
        ? []
        : [
            {
              text: 'have it write its goroutines to its log; it goes on running',
              command: `kill -USR1 ${first.pid}`,
              effect: 'writes',
            } as const,
          ]),
      {
        text: 'then restart it; containers survive that when they are not in its cgroup (KillMode=process)',
        command: restartOf(address),
        effect: 'disrupts',
      },
    ],
  };
}

function notSocket({ endpoint, bound }: Scene, is: string): Words {
  const { address } = endpoint;
  const held = bound.map(({ pid }) => pid).join(', ');
  return {
    title: `${address} is ${is}, not a socket${held === '' ? '' : `; containerd (pid ${held}) listens on the one that was there`}`,
    why: `${
      is === 'a directory'
        ? 'A mount of a socket that did not exist yet, as `docker run -v` makes it, leaves a directory in its place.'
        : 'Something was put where the socket belongs.'
    }${held === '' ? '' : ' The daemon still listens on the file that was there, so nobody can reach it.'}`,
    next: [
      { text: 'see what it is', command: `ls -ld ${shellWord(address)}`, effect: 'reads' },
      ...(held === '' ? [NAME_IT] : unreachable(endpoint)),
    ],
  };
}

function notContainerd(scene: Scene): Words {
  const { endpoint, bound, elsewhere } = scene;
  const { address, answer } = endpoint;
  if (answer.state === 'failed') {
    return {
      title: `${address} cannot be connected to: ${answer.why}`,
      why: 'No connection could be made, for a reason of its own.',
      next: [NAME_IT],
    };
  }
  const other = bound.find((daemon) => daemon.address !== null && daemon.address !== address);
  const named = other === undefined ? elsewhere : [other];
  return {
    title: `${address} ${answer.state === 'dropped' ? 'accepts connections and closes them at once' : 'does not speak gRPC'}`,
    why: `${answer.state === 'foreign' ? `It answered "${answer.said}". ` : ''}${whose(scene, other)}`,
    next: [...(named.length === 0 ? [NAME_IT] : nameAnother(named)), whoListens(address)],
  };
}

function whose(scene: Scene, other: DaemonProcess | undefined): string {
  const [own] = scene.bound;
  if (other !== undefined) {
    return `It is a socket of containerd (pid ${other.pid}), but its ttrpc, debug or metrics one: it serves gRPC at ${other.address}.`;
  }
  if (own === undefined) return 'Another server listens there, or a part of containerd that is not its gRPC.';
  return isSharedName(scene)
    ? `Another server has taken the place of containerd (pid ${own.pid}), which still listens on the file that was there.`
    : `It is containerd (pid ${own.pid}) itself: it is about to stop, or out of file descriptors.`;
}

function answersBadly({ host, endpoint }: Scene): Words {
  const version = facet(host, 'containerd.version');
  const ping: NextStep = {
    text: 'measure each method',
    command: `ctrscope api ping --address ${shellWord(endpoint.address)}`,
    effect: 'reads',
  };
  if (version.state === 'timeout') {
    // Less than a second is what somebody asked for with --timeout, and no proof of much.
    const short = version.ms < 1000;
    return {
      outcome: short ? 'warn' : 'fail',
      confidence: 'likely',
      title: `containerd at ${endpoint.address} accepts calls, but did not answer one within ${duration(version.ms)}`,
      why: 'Version needs no database, no disk and no shim: the process gets no time (a CPU limit, a machine short of memory), or something stands between.',
      next: [
        ping,
        {
          text: 'see what the machine waits for',
          command: 'head /proc/pressure/cpu /proc/pressure/io /proc/pressure/memory',
          effect: 'reads',
        },
      ],
    };
  }
  return {
    title:
      version.state === 'unsupported'
        ? `what speaks gRPC at ${endpoint.address} is not containerd`
        : `${endpoint.address} speaks gRPC, but does not answer as containerd does`,
    why: isUnknown(version) ? version.why : 'It gave no version.',
    next: [whoListens(endpoint.address), ping],
  };
}

const NAME_IT: NextStep = {
  text: 'name the right socket',
  command: 'ctrscope doctor --address PATH',
  effect: 'reads',
};

function nameAnother(elsewhere: readonly DaemonProcess[]): NextStep[] {
  return elsewhere.slice(0, 3).map((daemon) => ({
    text: `if you mean the one of pid ${daemon.pid}, name it`,
    command: `ctrscope doctor --address ${shellWord(daemon.address ?? '')}`,
    effect: 'reads',
  }));
}

function whoListens(address: string): NextStep {
  return { text: 'see who listens there', command: `ss -xlp src ${shellWord(address)}`, effect: 'reads' };
}

function waitsFor(daemons: readonly DaemonProcess[]): NextStep[] {
  return daemons.slice(0, 1).map(({ pid }) => ({
    text: 'see what its threads wait for',
    command: `head /proc/${pid}/task/*/wchan`,
    effect: 'reads',
  }));
}

/** Units that start the containerds of well-known addresses; any other is the reader's own. */
const UNITS: Readonly<Record<string, string>> = {
  '/run/containerd/containerd.sock': 'containerd',
  '/run/docker/containerd/containerd.sock': 'docker',
  '/run/k3s/containerd/containerd.sock': 'k3s',
  '/var/snap/microk8s/common/run/containerd.sock': 'snap.microk8s.daemon-containerd',
};

function startIt(address: string): NextStep[] {
  const unit = UNITS[address];
  return [
    { text: 'read in its log why it stopped', ...logOf(address), effect: 'reads' },
    {
      text: 'start it; containers that still run are taken over, not touched',
      command: unit === undefined ? null : `systemctl start ${unit}`,
      effect: 'writes',
    },
  ];
}

function logOf(address: string): Pick<NextStep, 'command'> {
  const unit = UNITS[address];
  return { command: unit === undefined ? null : `journalctl -u ${unit} -n 50 --no-pager` };
}

function restartOf(address: string): string | null {
  const unit = UNITS[address];
  // Docker's and k3s's own containerd restarts with all of them.
  return unit === 'containerd' ? `systemctl restart ${unit}` : null;
}

function claim(scene: Scene, words: Words): { outcome: 'claims'; claims: readonly Claim[] } {
  const { endpoint, shims } = scene;
  const impact =
    shims === 0
      ? 'Nothing can be listed, started or stopped through it.'
      : `Nothing can be listed, started or stopped through it. ${shims} of its shims still run, and so do their containers.`;
  return {
    outcome: 'claims',
    claims: [
      {
        outcome: 'fail',
        confidence: 'certain',
        ...words,
        object: { layer: 'containerd', namespace: null, kind: 'daemon', id: endpoint.address, name: null },
        evidence: evidenceOf(scene),
        impact,
        references: [],
      },
    ],
  };
}
