/** May we open containerd's socket? */
import type { SocketFile } from '../../src/host/daemon.ts';
import type { NextStep, Probe } from '../../src/host/finding.ts';
import { seenValue } from '../../src/host/observed.ts';
import { facet } from '../../src/host/snapshot.ts';

export const socketPermission: Probe = {
  id: 'socket-permission',
  title: "containerd's socket may be opened",
  explain: `Connecting to a unix socket needs write permission on its file and search permission on the folders above it. containerd makes the file 0660 and gives it to root, or to the uid and gid of [grpc] in its config.

Whoever may open the socket is root on this machine in all but name. Making it readable for everybody "fixes" the error and opens the host.`,
  wants: ['containerd.endpoint'],
  needs: ['containerd.endpoint'],
  run: (host) => {
    const endpoint = seenValue(facet(host, 'containerd.endpoint'));
    if (endpoint === undefined) return { outcome: 'skip', reason: 'no containerd address is known' };
    const { address, answer, self, file, checkedAt } = endpoint;
    if (answer.state !== 'denied') {
      return answer.state === 'missing'
        ? { outcome: 'skip', reason: `there is no socket ${address}` }
        : { outcome: 'pass', reason: `uid ${self.uid} may open ${address}` };
    }
    const known = seenValue(file);
    const next: NextStep[] = [
      { text: 'run ctrscope as root', command: 'sudo ctrscope doctor', effect: 'reads' },
      ...groupStep(known, self.gids),
    ];
    return {
      outcome: 'claims',
      claims: [
        {
          title: `permission denied on ${address} for uid ${self.uid}`,
          outcome: 'fail',
          confidence: 'certain',
          object: { layer: 'containerd', namespace: null, kind: 'socket', id: address, name: null },
          evidence: [
            { layer: 'host', source: `connect ${address}`, field: 'error', value: 'EACCES', at: checkedAt },
            ...(known === undefined
              ? []
              : ([
                  {
                    layer: 'host',
                    source: `stat ${address}`,
                    field: 'mode, uid, gid',
                    value: fileText(known),
                    at: checkedAt,
                  },
                ] as const)),
            {
              layer: 'process',
              source: '/proc/self/status',
              field: 'uid, groups',
              value: `${self.uid}, ${self.gids.join(' ')}`,
              at: checkedAt,
            },
          ],
          why:
            known === undefined
              ? 'A folder above the socket may not be searched by this user.'
              : `The file is ${fileText(known)}; this process is uid ${self.uid} with the groups ${self.gids.join(', ')}.`,
          impact: 'The daemon may be healthy: nothing could be read from it as this user.',
          next,
          references: [],
        },
      ],
    };
  },
};

function fileText({ mode, uid, gid }: SocketFile): string {
  return `0${mode.toString(8)}, uid ${uid}, gid ${gid}`;
}

// A group helps only where the file gives it write permission; gid 0 is root's own.
function groupStep(file: SocketFile | undefined, gids: readonly number[]): NextStep[] {
  if (file === undefined || file.gid === 0 || (file.mode & 0o020) === 0 || gids.includes(file.gid)) return [];
  return [
    {
      text: `be a member of the group with gid ${file.gid}; a new group counts after the next login`,
      command: 'id',
      effect: 'reads',
    },
  ];
}
