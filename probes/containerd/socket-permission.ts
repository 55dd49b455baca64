/** May we open containerd's socket? */
import type { Endpoint, SocketFile } from '../../src/host/daemon.ts';
import type { Evidence, NextStep, Probe } from '../../src/host/finding.ts';
import { isUnknown, seenValue } from '../../src/host/observed.ts';
import { facet } from '../../src/host/snapshot.ts';
import { shellWord } from '../../src/text/shell.ts';

export const socketPermission: Probe = {
  id: 'socket-permission',
  title: "containerd's socket may be opened",
  explain: `Connecting to a unix socket needs write permission on its file and search permission on the folders above it. containerd makes the file 0660 and gives it to root, or to the uid and gid of [grpc] in its config.

Whoever may open the socket is root on this machine in all but name. Making it writable for everybody "fixes" the error and opens the host.`,
  wants: ['containerd.endpoint'],
  needs: ['containerd.endpoint'],
  run: (host) => {
    const endpoint = seenValue(facet(host, 'containerd.endpoint'));
    if (endpoint === undefined) return { outcome: 'skip', reason: 'no containerd address is known' };
    const { address, answer, self } = endpoint;
    switch (answer.state) {
      case 'missing':
        return { outcome: 'skip', reason: `there is no socket ${address}` };
      case 'notSocket':
        return { outcome: 'skip', reason: `${address} is ${answer.is}, not a socket` };
      case 'failed':
        return { outcome: 'skip', reason: `${address} cannot be connected to: ${answer.why}` };
      case 'answers':
      case 'silent':
      case 'foreign':
      case 'dropped':
      case 'refused': // The kernel checks the permission before it looks for a listener.
        return { outcome: 'pass', reason: `uid ${self.uid} may open ${address}` };
      case 'denied':
        return {
          outcome: 'claims',
          claims: [
            {
              title: `permission denied on ${address} for uid ${self.uid}`,
              outcome: 'fail',
              confidence: 'certain',
              object: { layer: 'containerd', namespace: null, kind: 'socket', id: address, name: null },
              evidence: evidenceOf(endpoint),
              ...reasonOf(endpoint),
              impact: 'The daemon may be healthy: nothing could be read from it as this user.',
              references: [],
            },
          ],
        };
    }
  },
};

function reasonOf({ address, origin, self, file }: Endpoint): { why: string; next: NextStep[] } {
  const me = `uid ${self.uid} with the groups ${self.gids.join(', ')}`;
  const named = origin === 'flag' || origin === 'environment' ? ` --address ${shellWord(address)}` : '';
  const asRoot: NextStep = {
    text: 'run ctrscope as root',
    command: `sudo ctrscope doctor${named}`,
    effect: 'reads',
  };
  if (self.uid === 0) {
    return {
      why: 'Root itself was refused: a security module (AppArmor, SELinux) forbids it, or this root is one of a user namespace and not of the host.',
      next: [
        {
          text: 'see which profile this process runs under, and which uids it really has',
          command: 'cat /proc/self/attr/current /proc/self/uid_map',
          effect: 'reads',
        },
        { text: 'see what was denied', command: 'journalctl -k -n 200 | grep -i denied', effect: 'reads' },
      ],
    };
  }
  if (isUnknown(file)) {
    const why = file.state === 'denied' ? `For this process, ${me}, ${file.why}.` : `${file.why}.`;
    return { why, next: [asRoot] };
  }
  const known = seenValue(file);
  if (known === undefined) return { why: 'The file was gone when it was looked at.', next: [asRoot] };
  if (mayWrite(known, self)) {
    return {
      why: `The file is ${fileText(known)}, and this process, ${me}, may write it: something else forbids it, such as a security module (AppArmor, SELinux).`,
      next: [
        { text: 'see what was denied', command: 'journalctl -k -n 200 | grep -i denied', effect: 'reads' },
        asRoot,
      ],
    };
  }
  return {
    why: `The file is ${fileText(known)}; this process is ${me}.`,
    next: [asRoot, ...groupStep(known)],
  };
}

// As the kernel decides: the first of owner, group and others that applies, and no other.
function mayWrite({ mode, uid, gid }: SocketFile, self: Endpoint['self']): boolean {
  if (self.uid === uid) return (mode & 0o200) !== 0;
  return (mode & (self.gids.includes(gid) ? 0o020 : 0o002)) !== 0;
}

// A group helps only where the file gives it write permission; gid 0 is root's own.
function groupStep({ mode, gid }: SocketFile): NextStep[] {
  if (gid === 0 || (mode & 0o020) === 0) return [];
  return [
    {
      text: `or be a member of the group with gid ${gid}: its members are root in all but name, and a new one counts after the next login`,
      command: `getent group ${gid}`,
      effect: 'reads',
    },
  ];
}

function evidenceOf({ address, file, self, checkedAt: at }: Endpoint): Evidence[] {
  return [
    { layer: 'host', source: `connect ${address}`, field: 'error', value: 'EACCES', at },
    ...(file.state === 'seen'
      ? [
          {
            layer: 'host',
            source: file.from,
            field: 'mode, uid, gid',
            value: fileText(file.value),
            at: file.at,
          } as const,
        ]
      : isUnknown(file)
        ? [{ layer: 'host', source: file.from, field: file.state, value: file.why, at: file.at } as const]
        : []),
    {
      layer: 'process',
      source: '/proc/self/status',
      field: 'uid, groups',
      value: `${self.uid}, ${self.gids.join(' ')}`,
      at,
    },
  ];
}

function fileText({ mode, uid, gid }: SocketFile): string {
  return `${mode.toString(8).padStart(4, '0')}, uid ${uid}, gid ${gid}`;
}
