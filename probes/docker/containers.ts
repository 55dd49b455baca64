/** Does each container run where Docker says so, and only there? */
import type { NextStep, Probe } from '../../src/host/finding.ts';
import { reconcileWants } from '../../src/host/reconcile/reconcile.ts';
import type { ReconcileRow } from '../../src/host/reconcile/row.ts';
import { shellWord } from '../../src/text/shell.ts';
import { type Advice, compared, type Tools } from './compared.ts';

export const dockerContainers: Probe = {
  id: 'docker-container-disagrees',
  title: 'Docker and containerd say the same of each container',
  explain: `Docker learns what becomes of a container from containerd's events. An event that is lost leaves it believing in a process that is gone, or a process running that it does not know of. Here Docker's list and its own files are compared with containerd's records and tasks, and with what holds the files that a container has written.

Normal, and not reported: a container that does not run has neither record nor task in containerd, in both image stores; with a graphdriver it has no snapshot and no lease, with containerd's store one of each, called like the container; another client's containers in Docker's namespace; containers of the image store that is not in use.

A restart of dockerd repairs most disagreements and ends, without live-restore, every container: it is the last thing to try, not the first.`,
  wants: reconcileWants(['containers']),
  needs: [],
  run: (host) => compared(host, 'containers', advise),
};

function advise(row: ReconcileRow, { docker, ctr }: Tools): Advice | undefined {
  const id = shellWord(row.id);
  const both: readonly NextStep[] = [
    { text: 'see the whole chain', command: `ctrscope inspect ${id}`, effect: 'reads' },
  ];
  const stop: NextStep = {
    text: 'stop it through Docker, which notices then that nothing runs, and start it again',
    command: `${docker} stop ${id} && ${docker} start ${id}`,
    effect: 'disrupts',
  };
  switch (row.rule) {
    case 'running-without-task':
      return {
        why: 'Docker missed its end: the shim died while containerd was down, or the event was lost.',
        impact:
          'Nothing of it runs, though `docker ps` says so; exec fails, and no restart policy starts it again.',
        next: [...both, stop],
      };
    case 'stopped-with-task':
      return {
        why: 'Docker missed its start, or believed in an end that did not happen.',
        impact:
          'It runs, uses what it was given, and `docker stop` does nothing to it. Starting it once more may end it, or fail.',
        next: [
          ...both,
          {
            text: 'end the task in containerd, gently first; what the container has written stays',
            command: `${ctr} tasks kill --signal SIGTERM ${id}`,
            effect: 'disrupts',
          },
        ],
      };
    case 'record-lost':
      return {
        why: "containerd's database has lost the record, or somebody removed it: the process is not touched by that.",
        impact:
          'It runs on, and can be neither stopped nor entered through Docker or containerd. Removing it there would not end it.',
        next: [
          ...both,
          {
            text: 'end its process by its pid when that may be, and let Docker start it again',
            command: null,
            effect: 'disrupts',
          },
        ],
      };
    case 'pause-unseen':
      return {
        why: 'It was paused or resumed behind the back of one of the two.',
        impact: 'While it is paused nothing in it moves: exec and stop wait for it.',
        next: [
          ...both,
          { text: 'resume it in containerd', command: `${ctr} tasks resume ${id}`, effect: 'writes' },
        ],
      };
    case 'task-left':
    case 'record-left':
    case 'record-unowned':
      return {
        why: 'Docker deletes task and record when a container ends; here that failed, or was not done before a crash.',
        impact:
          'It keeps a shim and some memory. An older Docker cannot start the container again: "id already in use".',
        next: [
          ...both,
          {
            text: 'delete the task, if there is one that has ended, then the record; what the container has written stays',
            command: `${ctr} tasks rm ${id}; ${ctr} containers rm ${id}`,
            effect: 'writes',
          },
        ],
      };
    case 'task-unowned':
      return {
        why: 'It outlived its record: in Docker, in containerd, or in both.',
        impact: 'It runs, uses memory and ports, and nobody will ever end it.',
        next: [
          ...both,
          { text: 'see what it is', command: `${ctr} tasks ps ${id}`, effect: 'reads' },
          {
            text: 'when nobody needs it, end it',
            command: `${ctr} tasks kill --signal SIGTERM ${id}`,
            effect: 'disrupts',
          },
        ],
      };
    case 'file-behind':
      return {
        why: 'Docker writes the file when a state changes. It does not answer, or does not run: it could not have written what has happened since.',
        impact: 'Docker finds out when it runs again, and then ends or forgets what does not fit.',
        next: [
          ...both,
          { text: 'see why Docker does not answer', command: 'ctrscope doctor', effect: 'reads' },
        ],
      };
    case 'container-unloaded':
      return {
        why: 'dockerd could not load it when it started: its config is damaged, its image or a layer is missing.',
        impact: 'It is not listed and cannot be started; its folder and what it has written are there.',
        next: [
          {
            text: 'see what dockerd said of it at its start',
            command: `journalctl -u docker.service | grep ${shellWord(row.id.slice(0, 12))}`,
            effect: 'reads',
          },
          {
            text: 'repair what is missing, then restart dockerd when its other containers may stop',
            command: null,
            effect: 'disrupts',
          },
        ],
      };
    case 'container-unwritten':
      return {
        why: 'Its folder in the data directory was removed while dockerd ran.',
        impact: 'It goes on until dockerd restarts, and is gone then.',
        next: [
          ...both,
          {
            text: 'keep what it has written',
            command: `${docker} export ${id} > ${id}.tar`,
            effect: 'reads',
          },
        ],
      };
    case 'snapshot-missing':
    case 'mount-missing':
    case 'mount-directory-missing':
      return {
        why: 'What the container has written is kept there; it was removed by hand, or lost with a database.',
        impact:
          'It cannot start any more, and what it has written is gone unless there is a backup. Volumes are not touched.',
        next: [
          ...both,
          { text: 'look for a backup of the data directory', command: null, effect: 'reads' },
          { text: 'else make the container anew from its image', command: null, effect: 'disrupts' },
        ],
      };
    case 'lease-missing':
      return {
        why: "Docker holds a container's snapshot by a lease of the same name; it was deleted.",
        impact:
          'The next garbage collection of containerd removes what the container has written. Any removal of an image or a container may start one.',
        next: [
          ...both,
          {
            text: 'keep what it has written, now',
            command: `${docker} export ${id} > ${id}.tar`,
            effect: 'reads',
          },
          {
            text: 'then make the container anew: Docker does not make the lease again, and ctr cannot put a snapshot into one',
            command: null,
            effect: 'disrupts',
          },
        ],
      };
    default:
      return undefined;
  }
}
