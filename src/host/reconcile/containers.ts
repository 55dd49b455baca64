/** Containers: Docker's list and files ↔ containerd's record and task ↔ what holds the files that the container has written. */
import type { Container, Task } from '../containerd.ts';
import { DOCKERS_LABEL, fileOf } from '../docker-join.ts';
import { compareText } from '../kinds/kind.ts';
import { isUnknown, type Observed, seenValue, type Unknown } from '../observed.ts';
import type { FacetName, HostSnapshot } from '../snapshot.ts';
import { type Book, bookOf } from './book.ts';
import { ownersOf } from './owners.ts';
import { type Check, evidenceOf, type ReconcileRow, rowOf, sideOf, unread, unreadBeside } from './row.ts';
import { RULES } from './rules.ts';
import { isActive, isFresh, type Stage } from './stage.ts';
import { stateCheck } from './states.ts';
import { type StorageBooks, storageBooks, storageChecks } from './storage.ts';

export const CONTAINER_WANTS: readonly FacetName[] = [
  'docker.containers',
  'docker.containerRecords',
  'docker.layerMounts',
  'docker.graphDirectories',
  'containerd.containers',
  'containerd.tasks',
  'containerd.snapshots',
  'containerd.leases',
  'containerd.leaseResources',
];

/** One row for each container of Docker, and for each record and task in the namespace of its containers. */
export const containerRows = (stage: Stage): readonly ReconcileRow[] => {
  const books = booksOf(stage);
  const ids = new Set<string>([
    ...books.live.items.map(({ id }) => id),
    ...books.files.items.map(({ id }) => id),
    ...books.records.items.map(({ id }) => id),
    ...books.tasks.items.map(({ id }) => id),
  ]);
  return [...ids]
    .map((id) => containerRow(stage, books, id))
    .toSorted((a, b) => compareText(a.name, b.name) || compareText(a.id, b.id));
};

interface Books extends ReturnType<typeof ownersOf>, StorageBooks {
  readonly records: Book<Container>;
  readonly tasks: Book<Task>;
}

function booksOf(stage: Stage): Books {
  const { host, namespace } = stage;
  const only = (item: { readonly namespace: string }): boolean => item.namespace === namespace;
  const keys = ({ id }: { readonly id: string }): readonly string[] => [id];
  return {
    ...ownersOf(stage),
    ...storageBooks(stage),
    records: bookOf(host, 'containerd.containers', { keys, kinds: ['container'], only, namespace }),
    tasks: bookOf(host, 'containerd.tasks', { keys, kinds: ['task', 'container'], only, namespace }),
  };
}

function containerRow(stage: Stage, books: Books, id: string): ReconcileRow {
  const live = books.live.look(id);
  const file = books.files.look(id);
  const record = books.records.look(id);
  const task = books.tasks.look(id);
  const names = live.state === 'seen' ? live.value.names : [];
  const told = file.state === 'seen' ? { ...file, from: fileOf(file.value) } : file;
  const name = names[0] ?? seenValue(file)?.name ?? id;
  const docker = sideOf([live, file], seenValue(live)?.state ?? seenValue(file)?.state.status ?? '', [
    ...evidenceOf('docker', live, 'state', ({ state }) => state, 'no such container'),
    ...evidenceOf('docker', told, 'State.Status', ({ state }) => state.status, 'no folder of this id'),
  ]);
  const containerd = sideOf([record, task], whatRuns(record, task), [
    ...evidenceOf('containerd', record, 'record', ({ createdAt }) => `made ${createdAt ?? 'some time ago'}`),
    ...evidenceOf('containerd', task, 'task', statusOf),
  ]);
  const orphan = record.state === 'absent' && live.state !== 'seen' && file.state !== 'seen';
  return rowOf(
    { kind: orphan ? 'task' : 'container', namespace: stage.namespace, name, id },
    { docker, containerd },
    settled(
      stage,
      { id, live, file, record, task },
      checksOf(stage, books, { id, live, file, record, task }),
    ),
  );
}

// What comes and goes within moments may be seen half at either look: as it was made at the one, as it was removed at the other.
function settled({ host }: Stage, { live, file }: Known, checks: readonly Check[]): readonly Check[] {
  const state = live.state === 'seen' ? undefined : seenValue(file)?.state;
  const times = [
    seenValue(live)?.createdAt ?? seenValue(file)?.createdAt ?? null,
    state?.startedAt ?? null,
    state?.finishedAt ?? null,
  ];
  const moves = times.some((time) => isFresh(host, time)) || hasJustMoved(seenValue(live)?.status ?? '');
  if (!moves) return checks;
  return checks.map((check) => {
    const { state: said } = RULES[check.rule];
    return said === 'broken' || said === 'stale' ? { rule: 'changing' } : check;
  });
}

// `Up Less than a second`, `Exited (0) 3 seconds ago`: the list says it in words only.
function hasJustMoved(status: string): boolean {
  return /^(?:Up|Exited \(-?\d+\)|Restarting \(-?\d+\)) (?:Less than a second|[1-5] seconds?)\b/.test(status);
}

type Known = {
  readonly id: string;
  readonly record: Observed<Container>;
  readonly task: Observed<Task>;
  readonly live: ReturnType<Books['live']['look']>;
  readonly file: ReturnType<Books['files']['look']>;
};

function checksOf(stage: Stage, books: Books, known: Known): Check[] {
  const { id, live, file, record, task } = known;
  const { host } = stage;
  if (live.state === 'seen') {
    return [
      stateCheck(host, live.value.state, record, task, true),
      ...(file.state === 'absent' ? [{ rule: 'container-unwritten' } as const] : []),
      ...(isUnknown(file) ? [unreadBeside(file, "the container's folder")] : []),
      ...storageChecks(stage, books, id, live.value.state, seenValue(stage.driver)),
    ];
  }
  if (file.state === 'seen') {
    const { driver, state } = file.value;
    const unreadDriver = books.files.unreadField(id, 'driver');
    if (unreadDriver !== undefined) return [unread(unreadDriver, 'its driver')];
    const store = stage.mode.state === 'seen' ? stage.mode.value : undefined;
    const active = store === undefined ? undefined : isActive(stage, store, driver);
    if (active === false) return [{ rule: 'other-store', detail: driver }];
    if (active === undefined) return [unread(doubtOf(stage), 'which image store Docker uses')];
    if (live.state === 'absent') return [{ rule: 'container-unloaded', detail: file.value.path }];
    return [
      stateCheck(host, state.status, record, task, false),
      ...(stage.filesDecide ? [] : [unread(live, "Docker's list of containers")]),
      ...storageChecks(stage, books, id, state.status, driver),
    ];
  }
  return [withoutDocker(stage, known)];
}

// A record or a task of the namespace that no container of Docker answers to.
function withoutDocker({ host, filesDecide, shared }: Stage, known: Known): Check {
  const { live, file, record, task } = known;
  if (isUnknown(live) && !(filesDecide && file.state === 'absent')) {
    return unread(live, "Docker's list of containers");
  }
  if (isUnknown(record)) return unread(record, "containerd's records");
  if (record.state === 'seen' && record.value.labels[DOCKERS_LABEL] === undefined) return { rule: 'foreign' };
  if (shared !== undefined) return unread(shared, 'whose it is');
  if (isUnknown(file)) return unread(file, "Docker's folders");
  if (isNew(host, record, task)) return { rule: 'changing' };
  if (isUnknown(task)) return unread(task, "containerd's tasks");
  const status = task.state === 'seen' ? task.value.status : undefined;
  if (status !== undefined && isUnknown(status)) return unread(status, 'its task');
  const runs = status?.state === 'seen' && status.value !== 'STOPPED';
  if (runs || record.state === 'absent') return { rule: 'task-unowned' };
  return { rule: 'record-unowned' };
}

const isNew = (host: HostSnapshot, record: Observed<Container>, task: Observed<Task>): boolean =>
  isFresh(host, seenValue(record)?.createdAt ?? null) || isFresh(host, seenValue(task)?.exitedAt ?? null);

function doubtOf({ mode, driver }: Stage): Unknown {
  if (isUnknown(mode)) return mode;
  if (isUnknown(driver)) return driver;
  return { state: 'failed', from: driver.from, why: 'it is not known', at: driver.at, ms: 0 };
}

function whatRuns(record: Observed<Container>, task: Observed<Task>): string {
  const status = task.state === 'seen' ? statusOf(task.value) : undefined;
  return [record.state === 'seen' ? 'a record' : undefined, status].filter(Boolean).join(', ') || 'nothing';
}

function statusOf({ status, pid }: Task): string {
  const said = status.state === 'seen' ? status.value : isUnknown(status) ? 'not known' : 'none';
  return pid.state === 'seen' ? `${said}, pid ${pid.value}` : said;
}
