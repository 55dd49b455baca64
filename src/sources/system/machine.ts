/** Facts of the machine that a reader of a report needs first. */
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import type { SystemInfo } from '../../host/daemon.ts';

/** Operating system, kernel and size, through systeminformation; the cgroup hierarchies from the mount table. */
export const readMachine = async (): Promise<SystemInfo> => {
  const { default: si } = await import('systeminformation');
  const [os, memory, cgroups] = await Promise.all([si.osInfo(), si.mem(), readCgroupMode()]);
  return {
    hostname: os.hostname,
    os: [os.distro, os.release].filter((part) => part !== '').join(' '),
    kernel: os.kernel,
    arch: os.arch,
    cpus: cpus().length,
    memory: BigInt(memory.total),
    cgroups,
  };
};

async function readCgroupMode(): Promise<SystemInfo['cgroups']> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const types = new Set(
    mounts.split('\n').flatMap((line) => {
      const [, path = '', type = ''] = line.split(' ');
      return path.startsWith('/sys/fs/cgroup') ? [type] : [];
    }),
  );
  if (types.has('cgroup')) return types.has('cgroup2') ? 'hybrid' : 'v1';
  return types.has('cgroup2') ? 'v2' : 'unknown';
}
