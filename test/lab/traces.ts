import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What there is of a lab on the host, by kind; told from /proc and /sys alone, not from the lab's own code. */
export type Traces = {
  readonly processes: readonly string[];
  readonly mounts: readonly string[];
  readonly cgroups: readonly string[];
  readonly sockets: readonly string[];
  readonly files: readonly string[];
};

/** Everything that a host shows of the lab with this tag, and of the containers that Docker has named so. */
export const tracesOf = (tag: string, dockerIds: readonly string[] = []): Traces => ({
  processes: readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => read(join('/proc', pid, 'cmdline')).replaceAll('\0', ' '))
    .filter((command) => command.includes(`/run/ctrscope-lab/${tag}/`)),
  mounts: read('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => line.includes(tag)),
  cgroups: [...foldersBelow('/sys/fs/cgroup')].filter(
    (path) => path.includes(tag) || dockerIds.some((id) => path.includes(id)),
  ),
  sockets: read('/proc/net/unix')
    .split('\n')
    .filter((line) => line.includes(tag)),
  files: ['/run/ctrscope-lab', '/run/containerd/runc']
    .flatMap((folder) => (existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []))
    .filter((path) => path.includes(tag)),
});

/** No trace of any kind. */
export const NO_TRACES: Traces = { processes: [], mounts: [], cgroups: [], sockets: [], files: [] };

// Cgroups of other labs come and go meanwhile: readdirSync's own recursion ends at the first that went.
function* foldersBelow(folder: string): Generator<string> {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    yield path;
    yield* foldersBelow(path);
  }
}

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};
