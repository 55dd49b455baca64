import { age } from '../../text/units.ts';
import type { Task } from '../containerd.ts';
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

export const tasks: Kind<Task> = {
  name: 'tasks',
  singular: 'task',
  facet: 'containerd.tasks',
  wants: ['containerd.tasks'],
  rows: (host) =>
    items(host, 'containerd.tasks').toSorted(
      (a, b) => compareText(a.namespace, b.namespace) || compareText(a.id, b.id),
    ),
  columns: [
    { id: 'namespace', title: 'NAMESPACE', priority: 2, cut: 'middle', text: (t) => t.namespace },
    { id: 'id', title: 'ID', priority: 1, cut: 'middle', text: (t) => t.id },
    {
      id: 'pid',
      title: 'PID',
      align: 'right',
      priority: 1,
      text: (t) => (isUnknown(t.pid) ? '?' : String(seenValue(t.pid) ?? '-')),
      sortKey: (t) => Number(seenValue(t.pid) ?? 0),
    },
    { id: 'status', title: 'STATUS', priority: 1, text: statusText },
    { id: 'exited', title: 'EXITED', align: 'right', priority: 3, text: (t, at) => age(t.exitedAt, at) },
  ],
  item: (t) => ({
    namespace: t.namespace,
    id: t.id,
    ...taskState(t),
    exitStatus: t.exitStatus,
    exitedAt: t.exitedAt,
    stdin: t.stdin,
    stdout: t.stdout,
    stderr: t.stderr,
    terminal: t.terminal,
  }),
  gaps: taskGaps,
  id: (t) => t.id,
  key: (t) => `${t.namespace}/${t.id}`,
  tone: taskTone,
  whenEmpty: 'no tasks: no container has been started, or all that were have been deleted',
};
