/** The daemons and shims among the running processes, found by what they were started as. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import type { DaemonProcess } from '../../host/daemon.ts';
import { type Pid, pid as pidOf } from '../../host/ids.ts';
import {
  type Absent,
  absent,
  type Gap,
  isUnknown,
  type Listing,
  type Observed,
  seen,
  type Unknown,
  unknown,
} from '../../host/observed.ts';
import { frozenBy } from './frozen.ts';
import { LIVE_PROC, type ProcRoot } from './proc-root.ts';
import { identity, listeningSockets } from './unix-sockets.ts';

const READS_IN_FLIGHT = 32;
const MAX_CMDLINE = 64 * 1024;
const NOT_SERVING = new Set(
  'config oci-hook publish help h --help -h -help --version -v -version'.split(' '),
);
const DATABASE = '/io.containerd.metadata.v1.bolt/meta.db';

/** Reads every process's command line once, and more of those that are daemons or shims. */
export const listDaemons = async (proc: ProcRoot = LIVE_PROC): Promise<Listing<DaemonProcess>> => {
  const pids = (await readdir(proc.path)).filter((name) => /^\d+$/.test(name));
  const view = await viewOf(proc);
  const items: DaemonProcess[] = [];
  const gaps: Gap[] = isUnknown(view.sockets) ? [socketsGap(view.sockets)] : [];
  let hidden = pids.includes('1') ? 0 : 1;
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < pids.length; i = next++) {
      const found = await readDaemon(view, Number(pids[i]));
      if (found === 'hidden') hidden += 1;
      else if (found !== undefined) items.push(found);
    }
  };
  await Promise.all(Array.from({ length: READS_IN_FLIGHT }, worker));
  if (hidden > 0) gaps.push(hiddenGap(proc));
  return { items: items.toSorted((a, b) => a.pid - b.pid), gaps };
};

/** The tree and what in it is our own: what other processes are compared with. */
interface View {
  readonly proc: ProcRoot;
  readonly sockets: Observed<ReadonlyMap<string, string>>;
  readonly netns: string | undefined;
  readonly root: string | undefined;
}

async function viewOf(proc: ProcRoot): Promise<View> {
  return {
    proc,
    sockets: await listeningSockets(proc),
    netns: await link(`${proc.path}/self/ns/net`),
    root: await identity(`${proc.path}/self/root/`),
  };
}

async function readDaemon(view: View, number: number): Promise<DaemonProcess | 'hidden' | undefined> {
  const dir = `${view.proc.path}/${number}`;
  const argv = await readArgv(dir);
  if (argv === 'hidden') return argv;
  const role = roleOf(argv);
  if (role === undefined) return undefined;
  const stat = await readStat(dir);
  // A process that went away between the two reads is not there any more.
  if (stat === undefined) return undefined;
  const files = role === 'shim' ? notAsked(dir) : await readOpenFiles(dir);
  const root = await identity(`${dir}/root/`);
  return {
    role,
    pid: pidOf(number),
    ...stat,
    exe: await readExe(dir),
    argv,
    wchan: await readWchan(dir),
    frozenBy: role === 'containerd' ? await frozenBy(dir) : null,
    ownPid: await readOwnPid(dir),
    pidns: inodeOf(await link(`${dir}/ns/pid`)),
    sameRoot: root === undefined || view.root === undefined ? null : root === view.root,
    listens: await listensOf(view, dir, files),
    database: databaseOf(files),
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
    return argv.slice(1).some((arg) => NOT_SERVING.has(arg)) ? undefined : name;
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

async function readArgv(dir: string): Promise<string[] | 'hidden'> {
  try {
    const text = (await readFile(`${dir}/cmdline`)).subarray(0, MAX_CMDLINE).toString('utf8');
    return text.replace(/\0$/, '').split('\0');
  } catch (error) {
    return isDenied(error) ? 'hidden' : []; // else gone
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

async function readOwnPid(dir: string): Promise<Pid | null> {
  try {
    // One number for each pid namespace from ours to its own.
    const numbers = /^NSpid:\s*(.*)$/m.exec(await readFile(`${dir}/status`, 'utf8'))?.[1]?.split(/\s+/);
    const own = Number(numbers?.at(-1));
    return Number.isInteger(own) && own > 0 ? pidOf(own) : null;
  } catch {
    return null;
  }
}

/** What the file descriptors of a process lead to. */
async function readOpenFiles(dir: string): Promise<Observed<readonly string[]>> {
  const from = `${dir}/fd`;
  const at = new Date().toISOString();
  try {
    const links = (await readdir(from)).map((fd) => link(`${from}/${fd}`));
    return seen(
      (await Promise.all(links)).flatMap((target) => target ?? []),
      from,
      at,
    ); // else closed meanwhile
  } catch (error) {
    return refused(error, from, at);
  }
}

async function listensOf(
  view: View,
  dir: string,
  files: Observed<readonly string[]>,
): Promise<Observed<readonly string[]>> {
  if (files.state !== 'seen') return files;
  const netns = await link(`${dir}/ns/net`);
  // Rootless daemons and those in containers have a table of their own.
  const apart = netns !== undefined && view.netns !== undefined && netns !== view.netns;
  const sockets = apart ? await listeningSockets(view.proc, `${dir}/net/unix`) : view.sockets;
  if (sockets.state !== 'seen') return sockets;
  const paths = files.value.flatMap((file) => {
    const path = sockets.value.get(/^socket:\[(\d+)\]$/.exec(file)?.[1] ?? '');
    return path === undefined ? [] : [path];
  });
  return { ...files, value: [...new Set(paths)].toSorted() };
}

function databaseOf(files: Observed<readonly string[]>): Observed<string> {
  if (files.state !== 'seen') return files;
  const database = files.value.find((file) => file.endsWith(DATABASE));
  return database === undefined ? absent(files.from, files.at) : { ...files, value: database };
}

async function link(path: string): Promise<string | undefined> {
  return readlink(path).catch(() => undefined);
}

function inodeOf(namespace: string | undefined): bigint | null {
  const inode = /\[(\d+)\]$/.exec(namespace ?? '')?.[1];
  return inode === undefined ? null : BigInt(inode);
}

function notAsked(dir: string): Unknown {
  return unknown('notCollected', `${dir}/fd`, 'not read for shims', new Date().toISOString(), 0);
}

function refused(error: unknown, from: string, at: string): Absent | Unknown {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ESRCH') return absent(from, at, 'the process ended');
  return isDenied(error)
    ? unknown('denied', from, 'needs root', at, 0)
    : unknown('failed', from, String(error), at, 0);
}

function isDenied(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function socketsGap(sockets: Unknown): Gap {
  return { ...sockets, object: { kind: 'listening sockets' }, fields: ['listens'] };
}

function hiddenGap(proc: ProcRoot): Gap {
  const why = 'processes of other users are hidden (the hidepid option of /proc); needs root';
  return {
    ...unknown('denied', proc.path, why, new Date().toISOString(), 0),
    object: { kind: 'processes' },
  };
}
