import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';

import { labPaths } from './paths.ts';
import { identify, isAlive, type ProcessIdentity, stopProcesses } from './processes.ts';
import { type DaemonName, livingDaemon, writeDaemon } from './record.ts';
import { until } from './until.ts';

/** How to start one daemon of a lab and how to see that it answers. */
export type DaemonStart = {
  readonly tag: string;
  readonly name: DaemonName;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly socket: string;
  /** Asks the daemon something; `undefined` while it does not answer yet. */
  readonly answers: () => Promise<true | undefined>;
};

const READY_MS = 30_000;
const GRACE_MS = 5_000;

/** Starts a daemon in a session of its own and returns once it answers. */
export const startDaemon = async (start: DaemonStart): Promise<ProcessIdentity> => {
  const log = daemonLog(start.tag, start.name);
  const process = spawnDaemon(start, log);
  writeDaemon(start.tag, start.name, process);
  try {
    await until(
      `${start.name} (pid ${process.pid}) answers on ${start.socket}`,
      async () => {
        if (!isAlive(process)) throw new Error(`${start.name} (pid ${process.pid}) ended while starting`);
        return (await accepts(start.socket)) ? await start.answers() : undefined;
      },
      { deadlineMs: READY_MS },
    );
  } catch (error) {
    await stopProcesses([process], { graceMs: GRACE_MS });
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${reason}; the last lines of ${log}:\n${lastLines(log, 12)}`);
  }
  return process;
};

/** Ends a daemon: TERM, then KILL at the deadline; `meanwhile` is called over and over until then. */
export const stopDaemon = async (
  tag: string,
  name: DaemonName,
  options: { graceMs?: number; meanwhile?: () => void } = {},
): Promise<void> => {
  const process = livingDaemon(tag, name);
  if (process !== undefined) await stopProcesses([process], { graceMs: GRACE_MS, ...options });
};

/** Where a daemon's output goes. */
export const daemonLog = (tag: string, name: DaemonName): string => {
  const paths = labPaths(tag);
  return { containerd: paths.containerdLog, dockerd: paths.dockerdLog }[name];
};

const spawnDaemon = ({ tag, name, file, args, env }: DaemonStart, log: string): ProcessIdentity => {
  const output = openSync(log, 'a');
  try {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', output, output], env, cwd: '/' });
    child.once('error', () => {}); // said below, with the file's name
    child.unref();
    const process = child.pid === undefined ? undefined : identify(child.pid);
    if (process === undefined) throw new Error(`unable to start ${name} of lab ${tag} from ${file}`);
    return process;
  } finally {
    closeSync(output);
  }
};

/** Whether someone listens: cheaper than a client process as long as nobody does. */
const accepts = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const connection = createConnection(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });

const lastLines = (file: string, count: number): string => {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n') || '(empty)';
  } catch (error) {
    return `(unreadable: ${error instanceof Error ? error.message : String(error)})`;
  }
};
