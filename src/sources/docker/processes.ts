/**
 * The running dockerds, out of the kernel's list of processes. Only their own files are read: on a host with hundreds of
 * containers there are a thousand others, and every command that shows a name would pay for them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { type Pid, pid as pidOf } from '../../host/ids.ts';

const MAX_CMDLINE = 64 * 1024;
// Num RefCount Protocol Flags Type St Inode Path
const SOCKET = /^\S+: \S+ \S+ ([0-9A-Fa-f]+) \S+ \S+ +(\d+) (.+)$/;
const SO_ACCEPTCON = 0x10000;
// These print and end.
const NOT_SERVING = new Set(['--version', '-v', '--help', '-h', '--validate']);

export interface DockerProcess {
  readonly pid: Pid;
  readonly argv: readonly string[];
  readonly uid: number;
  /** SIGSTOP or a debugger holds it. */
  readonly stopped: boolean;
  /** Whether its root directory is ours. In a container it is not; null where unreadable. */
  readonly sameRoot: boolean | null;
  /** It has started a containerd of its own. */
  readonly manages: boolean;
  /** Paths of the unix sockets that it listens on, as it named them; none where that needs more rights. */
  listens(): Promise<readonly string[]>;
}

export interface DockerProcesses {
  readonly dockerds: readonly DockerProcess[];
  /** Processes of others are hidden from us: there may be more. */
  readonly hidden: boolean;
  /** pid 1 is systemd, which may listen on Docker's socket and start dockerd for whoever connects. */
  readonly underSystemd: boolean;
}

/** One short read for each process, more for each dockerd. */
export const readDockerds = async (proc: string = '/proc'): Promise<DockerProcesses> => {
  const named = new Map<string, string[]>();
  const pids = readNames(proc);
  for (const [pid, name] of pids) named.set(name, [...(named.get(name) ?? []), pid]);
  const dockerds = named.get('dockerd') ?? [];
  const parents = new Set(
    dockerds.length === 0
      ? []
      : (named.get('containerd') ?? []).map((pid) => statusOf(`${proc}/${pid}`)?.parent ?? ''),
  );
  const found = await Promise.all(dockerds.map((pid) => readDockerd(proc, pid, parents.has(pid))));
  return {
    dockerds: found.flatMap((dockerd) => dockerd ?? []),
    // hidepid leaves us our own; pid 1 is none of them.
    hidden: !pids.has('1'),
    underSystemd: pids.get('1') === 'systemd',
  };
};

// Not worth a thread each: the kernel answers from memory, and no process can hold it up.
function readNames(proc: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  try {
    for (const pid of readdirSync(proc)) {
      if (!/^\d+$/.test(pid)) continue;
      const name = textOf(`${proc}/${pid}/comm`);
      if (name !== undefined) names.set(pid, name.trimEnd());
    }
  } catch {
    // Without /proc nothing is known of processes, which is what an empty list with `hidden` says.
  }
  return names;
}

async function readDockerd(proc: string, pid: string, manages: boolean): Promise<DockerProcess | undefined> {
  const dir = `${proc}/${pid}`;
  const status = statusOf(dir);
  const argv = await argvOf(dir);
  // It ended meanwhile, or is a zombie.
  if (status === undefined || argv.length === 0 || argv.some((arg) => NOT_SERVING.has(arg))) return undefined;
  const [own, ours] = await Promise.all([identityOf(`${dir}/root/`), identityOf(`${proc}/self/root/`)]);
  return {
    pid: pidOf(Number(pid)),
    argv,
    uid: await stat(dir).then(
      ({ uid }) => uid,
      () => 0,
    ),
    stopped: status.state === 'T' || status.state === 't',
    sameRoot: own === undefined || ours === undefined ? null : own === ours,
    manages,
    listens: () => listensOf(dir),
  };
}

async function argvOf(dir: string): Promise<readonly string[]> {
  try {
    const text = (await readFile(`${dir}/cmdline`)).subarray(0, MAX_CMDLINE).toString('utf8');
    return text === '' ? [] : text.replace(/\0$/, '').split('\0');
  } catch {
    return [];
  }
}

function statusOf(dir: string): { readonly state: string; readonly parent: string } | undefined {
  const text = textOf(`${dir}/stat`);
  if (text === undefined) return undefined;
  // The name may hold blanks and parentheses: fields are counted from the last one.
  const [state = '?', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state, parent };
}

async function listensOf(dir: string): Promise<readonly string[]> {
  try {
    // The table of its own network namespace: rootless daemons have another than we.
    const table = await readFile(`${dir}/net/unix`, 'utf8');
    const byInode = new Map(
      table.split('\n').flatMap((line): [string, string][] => {
        const [, bits = '', inode = '', path = ''] = SOCKET.exec(line) ?? [];
        return (Number.parseInt(bits, 16) & SO_ACCEPTCON) === 0 ? [] : [[`socket:[${inode}]`, path]];
      }),
    );
    const links = (await readdir(`${dir}/fd`)).map((fd) => readlink(`${dir}/fd/${fd}`).catch(() => ''));
    return [...new Set((await Promise.all(links)).flatMap((link) => byInode.get(link) ?? []))].toSorted();
  } catch {
    return [];
  }
}

async function identityOf(path: string): Promise<string | undefined> {
  return stat(path).then(
    ({ dev, ino }) => `${dev}:${ino}`,
    () => undefined,
  );
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
