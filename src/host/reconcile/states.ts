/** Whether the state that Docker gives a container fits what containerd has of it. */
import type { Container, Task } from '../containerd.ts';
import { containerdMayHave } from '../docker-agreement.ts';
import { isUnknown, type Observed, seenValue } from '../observed.ts';
import type { HostSnapshot } from '../snapshot.ts';
import { type Check, unread } from './row.ts';
import type { RuleName } from './rules.ts';
import { isFresh } from './stage.ts';

/**
 * @param said Docker's word: created running paused …
 * @param live whether the running Docker said so; its file may be older than what has happened since
 */
export const stateCheck = (
  host: HostSnapshot,
  said: string,
  record: Observed<Container>,
  task: Observed<Task>,
  live: boolean,
): Check => {
  if (isUnknown(task)) {
    // With neither record nor task, none of it runs; with a record, the task decides.
    if (record.state !== 'absent') return unread(task, "containerd's tasks");
  }
  if (isUnknown(record)) return unread(record, "containerd's records");
  const status = seenValue(task)?.status;
  if (status !== undefined && isUnknown(status)) return unread(status, 'its task');
  const word = status === undefined ? undefined : (seenValue(status) ?? 'none');
  const has = word ?? (record.state === 'seen' ? 'record' : 'none');
  const fits = containerdMayHave(said);
  if (fits === undefined)
    return { rule: 'unread', detail: `Docker's state "${said}" is not one of those it had` };
  const lost = word !== undefined && record.state === 'absent';
  if (fits.includes(has) && !lost) return { rule: fittingRule(said) };
  if (isUnknown(task)) return unread(task, "containerd's tasks");
  const moved = [seenValue(record)?.createdAt ?? null, seenValue(task)?.exitedAt ?? null];
  if (moved.some((time) => isFresh(host, time))) return { rule: 'changing' };
  const detail = `Docker: ${said}; containerd: ${has}${lost ? ', no record' : ''}`;
  return { rule: live ? ruleOf(said, has, lost) : 'file-behind', detail };
};

function fittingRule(said: string): RuleName {
  if (said === 'running' || said === 'paused') return 'running';
  return said === 'restarting' || said === 'removing' ? 'changing' : 'at-rest';
}

function ruleOf(said: string, has: string, lost: boolean): RuleName {
  const runs = said === 'running' || said === 'paused';
  const ended = has === 'none' || has === 'record' || has === 'STOPPED';
  if (runs) return ended ? 'running-without-task' : lost ? 'record-lost' : 'pause-unseen';
  if (has === 'record') return 'record-left';
  return ended ? 'task-left' : 'stopped-with-task';
}
