import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

import { holdsWithin } from './until.ts';

/** A process that cannot be confused with a later one of the same number. */
export type ProcessIdentity = {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly startTime: string;
};

/** The identity of a living process; a zombie counts as gone, since not every pid 1 reaps. */
export const identify = (pid: number): ProcessIdentity | undefined => {
  const fields = statOf(pid);
  const [state, startTime] = [fields[0], fields[19]];
  if (state === undefined || startTime === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, startTime };
};

/** Whether this very process still runs. */
export const isAlive = (process: ProcessIdentity): boolean =>
  identify(process.pid)?.startTime === process.startTime;

/** Every process number there is. */
export const listPids = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** Every child of these processes, zombies too. */
export const childrenOf = (parents: readonly ProcessIdentity[]): readonly number[] => {
  const pids = new Set(parents.map(({ pid }) => String(pid)));
  return listPids().filter((pid) => pids.has(statOf(pid)[1] ?? ''));
};

/** The command line of a process, empty for a kernel thread, a zombie and one that has gone. */
export const argvOf = (pid: number): readonly string[] =>
  readProc(pid, 'cmdline')?.split('\0').slice(0, -1) ?? [];

/** The executable of a process, without the kernel's mark that the file was deleted since. */
export const executableOf = (pid: number): string | undefined => {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
  } catch {
    return undefined;
  }
};

/** What the open files of a process are. */
export const openFilesOf = (pid: number): readonly string[] => {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
};

/** Sends a signal to this very process, if it still runs. */
export const signal = (process: ProcessIdentity, name: NodeJS.Signals): void => {
  if (!isAlive(process)) return;
  try {
    globalThis.process.kill(process.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/** Ends processes: TERM, and KILL for those that are still there at the deadline. */
export const stopProcesses = async (
  processes: readonly ProcessIdentity[],
  { graceMs, meanwhile = () => {} }: { graceMs: number; meanwhile?: () => void },
): Promise<void> => {
  for (const process of processes) {
    signal(process, 'SIGTERM');
    signal(process, 'SIGCONT'); // one that a test has stopped sees TERM only once it runs on
  }
  const gone = (): boolean => !processes.some(isAlive);
  const left = await holdsWithin(graceMs, () => {
    meanwhile();
    return gone();
  });
  if (left) return;
  await killProcesses(processes);
};

/** Ends processes with KILL and waits until they are gone. */
export const killProcesses = async (processes: readonly ProcessIdentity[]): Promise<void> => {
  for (const process of processes) signal(process, 'SIGKILL');
  if (await holdsWithin(10_000, () => !processes.some(isAlive))) return;
  const pids = processes.filter(isAlive).map(({ pid }) => pid);
  throw new Error(
    `processes ${pids.join(', ')} are still there 10 s after SIGKILL; see /proc/PID/stack, a frozen cgroup or file system holds them`,
  );
};

/** /proc/PID/stat from its third field on: the name before that may hold blanks and parentheses. */
const statOf = (pid: number): readonly string[] => {
  const stat = readProc(pid, 'stat') ?? '';
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};

/** One file of /proc/PID, `undefined` once the process has gone. */
const readProc = (pid: number, file: string): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
};
