/** Whether a cgroup holds a process frozen. Since Linux 6.1 neither its state nor its wchan says so. */
import { readFile } from 'node:fs/promises';

/**
 * The file that says that the cgroup of the process, or one above it, is frozen.
 * @param dir the process's folder in /proc
 * @returns null when no cgroup is, or when that cannot be read
 */
export const frozenBy = async (dir: string): Promise<string | null> => {
  for (const file of freezerFiles(await read(`${dir}/cgroup`))) {
    if (/^(FROZEN|frozen 1)$/m.test(await read(file))) return file;
  }
  return null;
};

/** Where the freezer of each hierarchy in /proc/PID/cgroup says its state: v1's own, v2's, and v2's beside v1. */
export const freezerFiles = (cgroups: string): readonly string[] =>
  cgroups.split('\n').flatMap((line) => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === '' || path === '/') return []; // a root is never frozen
    if (controllers.split(',').includes('freezer')) return [`/sys/fs/cgroup/freezer${path}/freezer.state`];
    if (controllers !== '') return [];
    return [`/sys/fs/cgroup${path}/cgroup.events`, `/sys/fs/cgroup/unified${path}/cgroup.events`];
  });

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
