/**
 * Whether Docker and containerd tell the same of one container. Docker learns of an end from containerd's events, so an
 * event that was lost leaves it believing in a process that is gone, or the other way round.
 */
import type { DockerBody, DockerContainer } from './docker.ts';
import type { ContainerRow } from './kinds/containers.ts';
import { isUnknown, seenValue } from './observed.ts';

export interface Agreement {
  /** `unknown`: one of the two could not be read. */
  readonly state: 'agree' | 'disagree' | 'unknown';
  readonly docker: string;
  readonly containerd: string;
}

/**
 * @param body Docker's own record of the container, where it was read: only it has the pid
 * @param row containerd's record and task; null: it has none, undefined: not known
 */
export const agreement = (
  container: DockerContainer,
  body: DockerBody | undefined,
  row: ContainerRow | null | undefined,
): Agreement => {
  const said = body?.state.status ?? container.state;
  const pid = body?.state.pid ?? null;
  const docker = dockerWords(container, body);
  const task = row === undefined || row === null ? row : row.task;
  if (row === undefined || task === undefined) {
    return { state: 'unknown', docker, containerd: 'its containers and tasks could not be read' };
  }
  const fits = FITS[said];
  if (task === null) {
    const containerd = row === null ? 'no record' : 'a record without a task';
    if (fits === undefined) return { state: 'unknown', docker, containerd };
    const agrees = fits.includes(row === null ? 'none' : 'record');
    return { state: agrees ? 'agree' : 'disagree', docker, containerd };
  }
  if (isUnknown(task.status)) return { state: 'unknown', docker, containerd: task.status.why };
  const status = seenValue(task.status) ?? 'none';
  const taskPid = seenValue(task.pid) ?? null;
  const containerd = `${status}${taskPid === null ? '' : `, pid ${taskPid}`}`;
  if (fits === undefined) return { state: 'unknown', docker, containerd };
  const samePid = pid === null || taskPid === null || pid === taskPid;
  return { state: fits.includes(status) && samePid ? 'agree' : 'disagree', docker, containerd };
};

// What containerd may have of a container in each of Docker's states: the status of its task, a record, or nothing.
// While it restarts or is removed, anything may be seen.
const ANYTHING = ['none', 'record', 'CREATED', 'RUNNING', 'PAUSED', 'PAUSING', 'STOPPED'];
const FITS: Readonly<Record<string, readonly string[]>> = {
  created: ['none'],
  running: ['RUNNING'],
  paused: ['PAUSED', 'PAUSING'],
  exited: ['none'],
  dead: ['none'],
  restarting: ANYTHING,
  removing: ANYTHING,
};

/** What containerd may have of a container in Docker's state; undefined for a state that is new to us. */
export const containerdMayHave = (state: string): readonly string[] | undefined =>
  Object.hasOwn(FITS, state) ? FITS[state] : undefined;

function dockerWords(container: DockerContainer, body: DockerBody | undefined): string {
  const state = body?.state.status ?? container.state;
  const ended = state === 'exited' || state === 'dead';
  const code = body === undefined ? container.exitCode : body.state.exitCode;
  const pid = body?.state.pid ?? null;
  return `${state}${ended && code !== null ? ` ${code}` : ''}${pid === null ? '' : `, pid ${pid}`}`;
}
