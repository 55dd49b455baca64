/**
 * The tasks of a namespace, none of them blocking the rest.
 *
 * Tasks.List asks the shims one after another and waits two seconds for each that is silent. With a deadline that is
 * shorter than all those waits, 1.6 and 1.7 answer OK and report healthy tasks as UNKNOWN with pid 0. So List always has
 * ten seconds, is never believed when they are over, and when it is slow the tasks are read one by one beside it.
 */
import { Tasks } from '../../gen/containerd/services/tasks/v1/tasks_pb.js';
import { type Process, Status } from '../../gen/containerd/v1/types/task_pb.js';
import type { Task, TaskStatus } from '../../host/containerd.ts';
import { containerId, namespaceName, pid } from '../../host/ids.ts';
import { type Gap, type Listing, seen, type Unknown, unknown } from '../../host/observed.ts';
import type { CallOptions, Connection } from './connection.ts';
import { CallFailure, STATUS } from './failure.ts';
import { timestamp } from './time.ts';

const LIST_DEADLINE_MS = 10_000;
const PATIENCE_MS = 300;
const GET_DEADLINE_MS = 2500;
const GETS_IN_FLIGHT = 64;

const STATUSES: Readonly<Record<Status, TaskStatus | undefined>> = {
  [Status.UNKNOWN]: undefined,
  [Status.CREATED]: 'CREATED',
  [Status.RUNNING]: 'RUNNING',
  [Status.STOPPED]: 'STOPPED',
  [Status.PAUSED]: 'PAUSED',
  [Status.PAUSING]: 'PAUSING',
};

export interface TaskQuestion {
  readonly namespace: string;
  /** Ids of the container records: the tasks that can be asked for one by one. Called only when List is slow. */
  containerIds(): Promise<readonly string[]>;
  /** When to answer with what is known by then. */
  readonly answerWithinMs: number;
}

/**
 * Tasks.List, or Tasks.Get for every container record.
 * @throws CallFailure when List fails and is not merely slow
 */
export const listTasks = async (connection: Connection, question: TaskQuestion): Promise<Listing<Task>> => {
  const abort = new AbortController();
  const endAt = performance.now() + question.answerWithinMs;
  const left = (): number => Math.max(0, endAt - performance.now());
  try {
    const list = listAll(connection, question.namespace, abort.signal);
    // Where there is little time, most of it is for asking one by one.
    const early = await within(list, Math.min(PATIENCE_MS, left() / 3));
    if (early !== undefined) return early;

    const each = getEach(connection, question, left, abort.signal);
    // Without the container records there is nobody to ask one by one; List then answers alone.
    const one = each.all.catch(() => list);
    const first = (await within(Promise.race([list, one]), left())) ?? each.soFar();
    if (first === undefined) throw tooSlow(connection.address, question);
    const gets = await within(one, 0);
    // Every task answered and List did not: it may only be slow, and it alone sees tasks without a record.
    if (gets !== undefined && gets === first && gets.items.every((task) => task.status.state === 'seen')) {
      return (await within(list, left())) ?? gets;
    }
    return first;
  } finally {
    abort.abort();
  }
};

/** Tasks.Get: the task as {@link listTasks} gives it, undefined when there is none. One that does not answer is unknown. */
export const readTask = (
  connection: Connection,
  id: string,
  { namespace, deadlineMs, signal }: CallOptions & { readonly namespace: string },
): Promise<Task | undefined> =>
  getOne(connection, namespace, id, deadlineMs, signal ?? new AbortController().signal);

async function listAll(
  connection: Connection,
  namespace: string,
  signal: AbortSignal,
): Promise<Listing<Task>> {
  const started = performance.now();
  const reply = await connection.unary(
    Tasks.method.list,
    {},
    { namespace, deadlineMs: LIST_DEADLINE_MS, signal },
  );
  const ms = performance.now() - started;
  if (ms >= LIST_DEADLINE_MS) throw tooSlow(connection.address, { namespace, answerWithinMs: ms });
  return { items: reply.tasks.map((process) => taskOf(process, namespace, 'Tasks.List', ms)), gaps: [] };
}

function getEach(
  connection: Connection,
  question: TaskQuestion,
  left: () => number,
  signal: AbortSignal,
): {
  readonly all: Promise<Listing<Task>>;
  /** What is known when the time is over; undefined when containerd has answered for none, and all may be well. */
  readonly soFar: () => Listing<Task> | undefined;
} {
  const { namespace } = question;
  // No entry: not asked yet. A number: asked at that time, and not answered yet. Undefined: there is no task.
  const answers = new Map<string, Task | undefined | number>();
  let ids: readonly string[] = [];
  const listing = (): Listing<Task> =>
    listingOf(
      connection,
      question,
      ids.flatMap((id) => {
        const answer = answers.get(id);
        if (typeof answer === 'number') return unanswered(namespace, id, performance.now() - answer);
        return answer ?? (answers.has(id) ? [] : unasked(namespace, id));
      }),
    );
  const all = async (): Promise<Listing<Task>> => {
    ids = await question.containerIds();
    const entries = ids.values();
    const worker = async (): Promise<void> => {
      for (const id of entries) {
        if (left() <= 0) return;
        answers.set(id, performance.now());
        answers.set(id, await getOne(connection, namespace, id, left(), signal));
      }
    };
    await Promise.all(Array.from({ length: Math.min(GETS_IN_FLIGHT, ids.length) }, worker));
    return listing();
  };
  const isAnswered = (answer: Task | undefined | number): boolean =>
    typeof answer !== 'number' && answer?.status.state !== 'timeout';
  return {
    all: all(),
    soFar: () => ([...answers.values()].some(isAnswered) ? listing() : undefined),
  };
}

function listingOf(connection: Connection, question: TaskQuestion, items: readonly Task[]): Listing<Task> {
  const { namespace } = question;
  const at = new Date().toISOString();
  const gap: Gap = {
    ...unknown(
      'timeout',
      `Tasks.List ${namespace}`,
      `Tasks.List at ${connection.address} was still waiting for a shim, so each container's task was asked for by itself; a task without a container record would not be seen`,
      at,
      question.answerWithinMs,
    ),
    object: { kind: 'tasks without a container record', namespace },
  };
  return { items, gaps: [gap] };
}

async function getOne(
  connection: Connection,
  namespace: string,
  id: string,
  leftMs: number,
  signal: AbortSignal,
): Promise<Task | undefined> {
  const started = performance.now();
  const deadlineMs = Math.min(GET_DEADLINE_MS, leftMs);
  try {
    const reply = await connection.unary(
      Tasks.method.get,
      { containerId: id },
      { namespace, deadlineMs, signal },
    );
    const process = reply.process;
    return process === undefined
      ? undefined
      : taskOf(process, namespace, 'Tasks.Get', performance.now() - started);
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    if (error.code === STATUS.NOT_FOUND) return undefined;
    const at = new Date().toISOString();
    // A daemon that is stopped itself says nothing of its shims.
    const why = error.state === 'timeout' && error.socket !== 'silent' ? silentShim(error.ms) : error.message;
    return unknownTask(
      namespace,
      id,
      unknown(error.state, `Tasks.Get ${namespace}/${id}`, why, at, error.ms),
    );
  }
}

function taskOf(process: Process, namespace: string, call: string, ms: number): Task {
  const at = new Date().toISOString();
  const status = STATUSES[process.status];
  const from = `${call} ${namespace}/${process.id}`;
  const common = {
    namespace: namespaceName(namespace),
    id: containerId(process.id),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    terminal: process.terminal,
  };
  if (status === undefined) {
    // UNKNOWN with pid 0 is what containerd says of a shim that did not answer it; it is not a state of the task.
    const why =
      process.pid === 0
        ? silentShim(ms)
        : `containerd gives the task, pid ${process.pid}, no state that is known`;
    return {
      ...common,
      ...unknownState(unknown(process.pid === 0 ? 'timeout' : 'failed', from, why, at, ms)),
    };
  }
  const stopped = status === 'STOPPED';
  return {
    ...common,
    status: seen(status, from, at),
    pid: seen(pid(process.pid), from, at),
    exitStatus: stopped ? process.exitStatus : null,
    exitedAt: stopped ? timestamp(process.exitedAt) : null,
  };
}

function unanswered(namespace: string, id: string, ms: number): Task {
  const from = `Tasks.Get ${namespace}/${id}`;
  return unknownTask(namespace, id, unknown('timeout', from, silentShim(ms), new Date().toISOString(), ms));
}

function unasked(namespace: string, id: string): Task {
  const at = new Date().toISOString();
  const why = 'the time to answer was over before this task could be asked for; --timeout gives more';
  return unknownTask(namespace, id, unknown('timeout', `Tasks.Get ${namespace}/${id}`, why, at, 0));
}

function unknownTask(namespace: string, id: string, fact: Unknown): Task {
  return {
    namespace: namespaceName(namespace),
    id: containerId(id),
    ...unknownState(fact),
    stdin: '',
    stdout: '',
    stderr: '',
    terminal: false,
  };
}

function unknownState(fact: Unknown): Pick<Task, 'status' | 'pid' | 'exitStatus' | 'exitedAt'> {
  return { status: fact, pid: fact, exitStatus: null, exitedAt: null };
}

function silentShim(ms: number): string {
  // containerd's own wait is io.containerd.timeout.task.state, 2 s by default.
  return ms < 1900 ? 'its shim did not answer containerd' : 'its shim did not answer containerd within 2 s';
}

function tooSlow(
  address: string,
  { namespace, answerWithinMs }: Omit<TaskQuestion, 'containerIds'>,
): CallFailure {
  return new CallFailure({
    state: 'timeout',
    code: STATUS.DEADLINE_EXCEEDED,
    method: 'containerd.services.tasks.v1.Tasks/List',
    why: `Tasks.List at ${address}: no answer for namespace ${namespace} within ${Math.round(answerWithinMs)} ms`,
    ms: answerWithinMs,
  });
}

// The promise's value, or undefined when it is not there in time. Its rejection is the caller's only when it comes in time.
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  promise.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
