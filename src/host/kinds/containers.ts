import { age } from '../../text/units.ts';
import type { Container, Task } from '../containerd.ts';
import type { DockerContainer } from '../docker.ts';
import { dockerContainers } from '../docker-join.ts';
import { type Gap, isKnown, type Observed } from '../observed.ts';
import { facet, type HostSnapshot } from '../snapshot.ts';
import { compareText, type Kind } from './kind.ts';
import { items } from './listing.ts';
import { nameItem, nameText, statusText, taskGaps, taskState, taskTone } from './tasks.ts';

/** A container record with the task of the same id, where there is one. */
export interface ContainerRow {
  readonly container: Container;
  /** Absent: no task, normal for a stopped container. Unknown: the tasks could not be listed. */
  readonly task: Task | null | undefined;
  /** Docker's container of the same id. Null: Docker has none. Undefined: Docker could not be read. */
  readonly docker: DockerContainer | null | undefined;
}

export const containerRows = (host: HostSnapshot): readonly ContainerRow[] => {
  const listing = facet(host, 'containerd.tasks');
  const byKey = new Map(
    items(host, 'containerd.tasks').map((task) => [`${task.namespace}/${task.id}`, task]),
  );
  const unread = unreadNamespaces(listing);
  const dockerOf = dockerContainers(host);
  return items(host, 'containerd.containers')
    .map((container) => ({
      container,
      task:
        byKey.get(`${container.namespace}/${container.id}`) ??
        (isKnown(listing) && !unread.has(container.namespace) ? null : undefined),
      docker: dockerOf(container.namespace, container.id),
    }))
    .toSorted(
      (a, b) =>
        compareText(a.container.namespace, b.container.namespace) ||
        compareText(a.container.id, b.container.id),
    );
};

const status = (row: ContainerRow): string =>
  row.task === undefined ? 'unknown' : row.task === null ? 'no task' : statusText(row.task);

export const containers: Kind<ContainerRow> = {
  name: 'containers',
  singular: 'container',
  facet: 'containerd.containers',
  wants: ['containerd.containers', 'containerd.tasks', 'docker.containers'],
  rows: containerRows,
  columns: [
    { id: 'namespace', title: 'NAMESPACE', priority: 2, cut: 'middle', text: (r) => r.container.namespace },
    { id: 'id', title: 'ID', priority: 1, cut: 'middle', text: (r) => r.container.id },
    { id: 'name', title: 'NAME', priority: 1, cut: 'middle', text: nameText },
    { id: 'status', title: 'STATUS', priority: 1, text: status },
    {
      id: 'pid',
      title: 'PID',
      align: 'right',
      priority: 2,
      text: (r) => pidText(r),
      sortKey: (r) => pidNumber(r),
    },
    { id: 'image', title: 'IMAGE', priority: 3, cut: 'middle', text: (r) => r.container.image },
    { id: 'runtime', title: 'RUNTIME', priority: 5, cut: 'middle', text: (r) => r.container.runtime },
    {
      id: 'age',
      title: 'AGE',
      align: 'right',
      priority: 4,
      text: (r, at) => age(r.container.createdAt, at),
      sortKey: (r) => r.container.createdAt ?? '',
    },
  ],
  item: ({ container: c, task, docker }) => ({
    namespace: c.namespace,
    id: c.id,
    ...nameItem(docker),
    ...(task === undefined ? {} : task === null ? { status: null, pid: null } : taskState(task)),
    image: c.image,
    runtime: c.runtime,
    snapshotter: c.snapshotter,
    snapshotKey: c.snapshotKey,
    sandbox: c.sandbox === '' ? null : c.sandbox,
    labels: c.labels,
    createdAt: c.createdAt,
    updatedAt: c.updatedAt,
  }),
  gaps: ({ task }): readonly Gap[] =>
    task === undefined || task === null
      ? []
      : taskGaps(task).map((gap) => ({ ...gap, object: { ...gap.object, kind: 'container' } })),
  id: (r) => r.container.id,
  names: (r) => r.docker?.names ?? [],
  key: (r) => `${r.container.namespace}/${r.container.id}`,
  tone: (r) => (r.task === undefined ? 'unknown' : r.task === null ? 'ended' : taskTone(r.task)),
  whenEmpty: 'no containers',
};

function pidNumber(row: ContainerRow): number {
  return row.task?.pid.state === 'seen' ? row.task.pid.value : 0;
}

function pidText(row: ContainerRow): string {
  if (row.task === null) return '-';
  return row.task?.pid.state === 'seen' ? String(row.task.pid.value) : '?';
}

// Namespaces whose tasks could not be listed as a whole: their containers' state is unknown, not absent.
function unreadNamespaces(listing: Observed<{ readonly gaps: readonly Gap[] }>): ReadonlySet<string> {
  if (listing.state !== 'seen') return new Set();
  return new Set(
    listing.value.gaps.flatMap((gap) =>
      gap.object?.namespace !== undefined && gap.object.id === undefined ? [gap.object.namespace] : [],
    ),
  );
}
