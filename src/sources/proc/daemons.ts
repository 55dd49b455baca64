/** The daemons and shims among the running processes, found by what they were started as. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import type { DaemonProcess } from '../../host/daemon.ts';
import { type Pid, pid as pidOf } from '../../host/ids.ts';
import { absent, type Gap, type Listing, type Observed, seen, unknown } from '../../host/observed.ts';

const READS_IN_FLIGHT = 32;
const MAX_CMDLINE = 64 * 1024;

/** A view of the kernel's processes: `/proc`, or a tree that looks like it. */
export interface ProcRoot {
  readonly path: string;
}

export const LIVE_PROC: ProcRoot = { path: '/proc' };

/** Reads every process's command line once, and more of those that are daemons or shims. */
export const listDaemons = async (proc: ProcRoot = LIVE_PROC): Promise<Listing<DaemonProcess>> => {
  const pids = (await readdir(proc.path)).filter((name) => /^\d+$/.test(name));
  const sockets = await listeningSockets(proc);
  const items: DaemonProcess[] = [];
  const gaps: Gap[] = sockets.state === 'seen' ? [] : [gapOf(sockets, proc)];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < pids.length; i = next++) {
      const daemon = await readDaemon(
        proc,
        Number(pids[i]),
        sockets.state === 'seen' ? sockets.value : new Map(),
      );
      if (daemon !== undefined) items.push(daemon);
    }
  };
  await Promise.all(Array.from({ length: READS_IN_FLIGHT }, worker));
  return { items: items.toSorted((a, b) => a.pid - b.pid), gaps };
};

/** Paths of unix sockets that somebody listens on, by inode, as /proc/net/unix of our network namespace says. */
export const listeningSockets = async (
  proc: ProcRoot = LIVE_PROC,
): Promise<Observed<ReadonlyMap<string, string>>> => {
  const from = `${proc.path}/net/unix`;
  const at = new Date().toISOString();
  try {
    const lines = (await readFile(from, 'utf8')).split('\n').slice(1);
    const byInode = new Map<string, string>();
    for (const line of lines) {
      // Num RefCount Protocol Flags Type St Inode Path; flag 0x10000 is __SO_ACCEPTCON: it listens.
      const [, , , flags = '', , , inode = '', path] = line.trim().split(/\s+/);
      if ((Number.parseInt(flags, 16) & 0x10000) !== 0 && path !== undefined) {
        byInode.set(inode, path.replace(/^\/var\/run\//, '/run/'));
      }
    }
    return seen(byInode, from, at);
  } catch (error) {
    return unknown('failed', from, error instanceof Error ? error.message : String(error), at, 0);
  }
};

async function readDaemon(
  proc: ProcRoot,
  number: number,
  sockets: ReadonlyMap<string, string>,
): Promise<DaemonProcess | undefined> {
  const dir = `${proc.path}/${number}`;
  const argv = await readArgv(dir);
  const role = roleOf(argv);
  if (role === undefined) return undefined;
  const stat = await readStat(dir);
  // A process that went away between the two reads is not there any more.
  if (stat === undefined) return undefined;
  return {
    role,
    pid: pidOf(number),
    ...stat,
    exe: await readExe(dir),
    argv,
    wchan: await readWchan(dir),
    listens: role === 'shim' ? notAsked(dir) : await readListens(dir, sockets),
    address: addressOf(role, argv),
    config: flag(argv, role === 'containerd' ? ['-c', '--config', '-config'] : ['--config-file']) ?? null,
    namespace: role === 'shim' ? (flag(argv, ['-namespace', '--namespace']) ?? null) : null,
    id: role === 'shim' ? (flag(argv, ['-id', '--id']) ?? null) : null,
  };
}

function roleOf(argv: readonly string[]): DaemonProcess['role'] | undefined {
  const name = basename(argv[0] ?? '');
  if (name === 'containerd' || name === 'dockerd') {
    // `containerd config dump` and its like are commands, not daemons.
    const words = argv.slice(1).filter((arg) => !arg.startsWith('-'));
    return words.some((word) => ['config', 'oci-hook', 'publish', 'help'].includes(word)) ? undefined : name;
  }
  if (!name.startsWith('containerd-shim')) return undefined;
  // The start helper and `delete` are short-lived; the server has neither as its last word.
  return ['start', 'delete'].includes(argv.at(-1) ?? '') ? undefined : 'shim';
}

function addressOf(role: DaemonProcess['role'], argv: readonly string[]): string | null {
  switch (role) {
    case 'containerd':
      return flag(argv, ['-a', '--address', '-address']) ?? null;
    case 'dockerd':
      return flag(argv, ['--containerd']) ?? null;
    case 'shim':
      return flag(argv, ['-address', '--address']) ?? null;
  }
}

function flag(argv: readonly string[], names: readonly string[]): string | undefined {
  for (const [i, arg] of argv.entries()) {
    if (names.includes(arg)) return argv[i + 1];
    const name = names.find((n) => arg.startsWith(`${n}=`));
    if (name !== undefined) return arg.slice(name.length + 1);
  }
  return undefined;
}

async function readArgv(dir: string): Promise<string[]> {
  try {
    const text = (await readFile(`${dir}/cmdline`)).subarray(0, MAX_CMDLINE).toString('utf8');
    return text.replace(/\0$/, '').split('\0');
  } catch {
    return []; // Gone, or a process of somebody else under hidepid: not one that we can name.
  }
}

async function readStat(
  dir: string,
): Promise<Pick<DaemonProcess, 'ppid' | 'state' | 'startTicks'> | undefined> {
  try {
    const text = await readFile(`${dir}/stat`, 'utf8');
    // The command name may hold spaces and parentheses: fields are counted from the last one.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {
      state: fields[0] ?? '?',
      ppid: pidOf(Number(fields[1])) as Pid,
      startTicks: BigInt(fields[19] ?? '0'),
    };
  } catch {
    return undefined;
  }
}

async function readExe(dir: string): Promise<Observed<string>> {
  const at = new Date().toISOString();
  try {
    return seen(await readlink(`${dir}/exe`), `${dir}/exe`, at);
  } catch (error) {
    return refused(error, `${dir}/exe`, at);
  }
}

async function readWchan(dir: string): Promise<string | null> {
  try {
    const name = (await readFile(`${dir}/wchan`, 'utf8')).trim();
    return name === '' || name === '0' ? null : name;
  } catch {
    return null;
  }
}

async function readListens(
  dir: string,
  sockets: ReadonlyMap<string, string>,
): Promise<Observed<readonly string[]>> {
  const from = `${dir}/fd`;
  const at = new Date().toISOString();
  try {
    const links = await Promise.all(
      (await readdir(from)).map((fd) => readlink(`${from}/${fd}`).catch(() => '')), // closed meanwhile
    );
    const paths = links.flatMap((link) => {
      const path = sockets.get(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? '');
      return path === undefined ? [] : [path];
    });
    return seen([...new Set(paths)].toSorted(), from, at);
  } catch (error) {
    return refused(error, from, at);
  }
}

function notAsked(dir: string): Observed<readonly string[]> {
  return unknown('notCollected', `${dir}/fd`, 'not read for shims', new Date().toISOString(), 0);
}

function refused(error: unknown, from: string, at: string): Observed<never> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT' || code === 'ESRCH') return absent(from, at, 'the process ended');
  const denied = code === 'EACCES' || code === 'EPERM';
  return unknown(denied ? 'denied' : 'failed', from, denied ? 'needs root' : String(error), at, 0);
}

function gapOf(sockets: Observed<unknown>, proc: ProcRoot): Gap {
  const why = 'why' in sockets && sockets.why !== undefined ? sockets.why : 'not there';
  return {
    ...unknown('failed', `${proc.path}/net/unix`, why, sockets.at, 0),
    object: { kind: 'listening sockets' },
    fields: ['listens'],
  };
}
