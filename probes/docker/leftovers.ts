/** Is there something of Docker's that nothing of Docker answers to? */
import type { NextStep, Probe } from '../../src/host/finding.ts';
import { reconcileWants } from '../../src/host/reconcile/reconcile.ts';
import type { ReconcileRow } from '../../src/host/reconcile/row.ts';
import { shellWord } from '../../src/text/shell.ts';
import { type Advice, compared, type Tools } from './compared.ts';

export const dockerLeftovers: Probe = {
  id: 'docker-leftover',
  title: 'nothing is left of images and containers that Docker does not have any more',
  explain: `Leases that never end keep content and snapshots on the disk; a graphdriver's folders stay until somebody removes them. Docker removes both with the image or container that they are for. What an interrupted removal leaves is found by nobody: here the leases and snapshots of Docker's namespace, layerdb's mounts and the driver's folders are compared with the images and containers of every image store on the disk.

Not reported: leases that expire, BuildKit's leases, snapshots and folders, what was made so recently that its owner may still be under way, and everything where another Docker may be the owner.

Each is a waste of space and no fault. Remove one object at a time, by its name, and never all that looks unused.`,
  wants: reconcileWants(['leftovers']),
  needs: [],
  run: (host) => compared(host, 'leftovers', advise),
};

function advise({ rule, id, name }: ReconcileRow, { docker, ctr }: Tools): Advice | undefined {
  const word = shellWord(id);
  const seeAll: NextStep = {
    text: 'make sure that Docker does not know it',
    command: `${docker} ps --all --no-trunc --quiet; ${docker} image ls --all --no-trunc --quiet`,
    effect: 'reads',
  };
  switch (rule) {
    case 'lease-leaked':
      return {
        why: 'Docker deletes the lease with the image or container that it is for; here that failed, or Docker lost the object otherwise.',
        impact:
          'What it keeps stays on the disk: garbage collection does not touch it. Nothing else suffers.',
        next: [
          { text: 'see it and its age', command: `${ctr} leases ls`, effect: 'reads' },
          seeAll,
          { text: 'delete this lease', command: `${ctr} leases rm ${word}`, effect: 'writes' },
        ],
      };
    case 'snapshot-leaked': {
      const [snapshotter = '', key = ''] = [
        name.slice(0, name.indexOf('/')),
        name.slice(name.indexOf('/') + 1),
      ];
      return {
        why: 'It has the name of a container that Docker does not have, and no lease: a label or a snapshot upon it keeps it, or no collection has run since.',
        impact: 'It takes room on the disk. Nothing else suffers.',
        next: [
          {
            text: 'see it and what it is made of',
            command: `${ctr} snapshots --snapshotter ${shellWord(snapshotter)} info ${shellWord(key)}`,
            effect: 'reads',
          },
          seeAll,
          {
            text: 'remove this snapshot: what the container had written is gone then',
            command: `${ctr} snapshots --snapshotter ${shellWord(snapshotter)} rm ${shellWord(key)}`,
            effect: 'disrupts',
          },
        ],
      };
    }
    case 'mount-leaked':
    case 'directory-orphaned':
      return {
        why: 'The removal of a container, an image or a build was interrupted, or its records were lost.',
        impact: 'It takes room on the disk, and Docker never removes it. Nothing else suffers.',
        next: [
          {
            text: 'see whether it is mounted',
            command: `grep -F -- ${shellWord(name.slice(name.indexOf('/') + 1))} /proc/self/mounts`,
            effect: 'reads',
          },
          seeAll,
          {
            text: 'move this one folder aside with dockerd stopped, and delete it when nothing has missed it; not while a layer or a mount is missing elsewhere, for this may be it',
            command: null,
            effect: 'disrupts',
          },
        ],
      };
    default:
      return undefined;
  }
}
