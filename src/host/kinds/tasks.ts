import { age } from '../../text/units.ts';
import type { Task } from '../containerd.ts';
import type { DockerContainer } from '../docker.ts';
import { dockerContainers, nameOf } from '../docker-join.ts';
import { type Gap, isUnknown, seenValue } from '../observed.ts';
import { compareText, type Kind, type RowTone } from './kind.ts';
import { items } from './listing.ts';

/** `running`, `exited 137`, `unknown`: how people say it. */
export const statusText = (task: Task): string => {
  const status = seenValue(task.status);
  if (status === undefined) return 'unknown';
  return status === 'STOPPED' && task.exitStatus !== null
    ? `exited ${task.exitStatus}`
    : status.toLowerCase();
};

export const taskTone = (task: Task): RowTone => {
  switch (seenValue(task.status)) {
    case 'RUNNING':
      return 'ok';
    case 'PAUSED':
    case 'PAUSING':
      return 'paused';
    case 'CREATED':
      return 'created';
    case 'STOPPED':
      return task.exitStatus === 0 ? 'ended' : 'bad';
    case undefined:
      return 'unknown';
  }
};

/** What is unknown of a task, as one entry: status and pid fail together when a shim is silent. */
export const taskGaps = (task: Task): readonly Gap[] =>
  isUnknown(task.status)
    ? [
        {
          ...task.status,
          object: { kind: 'task', namespace: task.namespace, id: task.id },
          fields: ['status', 'pid'],
        },
      ]
    : [];

/** The task's keys that both a task and its container show; unknown ones are left out. */
export const taskState = (task: Task): Record<string, unknown> => {
  const state: Record<string, unknown> = {};
  if (!isUnknown(task.status)) state['status'] = seenValue(task.status) ?? null;
  if (!isUnknown(task.pid)) state['pid'] = seenValue(task.pid) ?? null;
  return state;
};

/** A task with Docker's container of the same id; null: none has it, undefined: that is not known. */
export interface TaskRow {
  readonly task: Task;
  readonly docker: DockerContainer | null | undefined;
}

/** The name as JSON: left out where it is not known. */
export const nameItem = (docker: TaskRow['docker']): { readonly name?: string | null } => {
  const name = nameOf(docker);
  return name === undefined ? {} : { name };
};

/** The name as a cell. */
export const nameText = ({ docker }: Pick<TaskRow, 'docker'>): string =>
  docker === undefined ? '?' : (nameOf(docker) ?? '-');

export const tasks: Kind<TaskRow> = {
  name: 'tasks',
  singular: 'task',
  facet: 'containerd.tasks',
  wants: ['containerd.tasks', 'docker.containers'],
  rows: (host) => {
    const dockerOf = dockerContainers(host);
    return items(host, 'containerd.tasks')
      .toSorted((a, b) => compareText(a.namespace, b.namespace) || compareText(a.id, b.id))
      .map((task) => ({ task, docker: dockerOf(task.namespace, task.id) }));
  },
  columns: [
    { id: 'namespace', title: 'NAMESPACE', priority: 2, cut: 'middle', text: (r) => r.task.namespace },
    { id: 'id', title: 'ID', priority: 1, cut: 'middle', text: (r) => r.task.id },
    { id: 'name', title: 'NAME', priority: 1, cut: 'middle', text: nameText },
    {
      id: 'pid',
      title: 'PID',
      align: 'right',
      priority: 1,
      text: ({ task }) => (isUnknown(task.pid) ? '?' : String(seenValue(task.pid) ?? '-')),
      sortKey: ({ task }) => Number(seenValue(task.pid) ?? 0),
    },
    { id: 'status', title: 'STATUS', priority: 1, text: (r) => statusText(r.task) },
    {
      id: 'exited',
      title: 'EXITED',
      align: 'right',
      priority: 3,
      text: (r, at) => age(r.task.exitedAt, at),
    },
  ],
  item: ({ task: t, docker }) => ({
    namespace: t.namespace,
    id: t.id,
    ...nameItem(docker),
    ...taskState(t),
    exitStatus: t.exitStatus,
    exitedAt: t.exitedAt,
    stdin: t.stdin,
    stdout: t.stdout,
    stderr: t.stderr,
    terminal: t.terminal,
  }),
  gaps: (r) => taskGaps(r.task),
  id: (r) => r.task.id,
  names: (r) => r.docker?.names ?? [],
  key: (r) => `${r.task.namespace}/${r.task.id}`,
  tone: (r) => taskTone(r.task),
  whenEmpty: 'no tasks: no container has been started, or all that were have been deleted',
};
