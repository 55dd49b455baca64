import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { listMounts } from './mounts.ts';
import { isLabName } from './paths.ts';
import { identify } from './processes.ts';
import { holdsWithin } from './until.ts';

/** The roots of all cgroup hierarchies, of v1 and v2. */
export const cgroupRoots = (): readonly string[] =>
  listMounts()
    .filter(({ fileSystem }) => fileSystem === 'cgroup' || fileSystem === 'cgroup2')
    .map(({ mountPoint }) => mountPoint);

/** Parents that runc makes for Docker's and CRI's containers, shared with whoever else has such. */
export const SHARED_PARENTS = ['docker', 'k8s.io'] as const;

/** Ids of containers below the shared parents: only these are the lab's there. */
export type SharedIds = Readonly<Record<(typeof SHARED_PARENTS)[number], readonly string[]>>;

/** The topmost cgroups of one lab in every hierarchy. */
export const labCgroups = (tag: string, ids: SharedIds): readonly string[] =>
  cgroupRoots().flatMap((root) =>
    [
      ...subfolders(root).filter((name) => isLabName(tag, name)),
      ...SHARED_PARENTS.flatMap((parent) => ids[parent].map((id) => join(parent, id))),
    ]
      .map((path) => join(root, path))
      .filter((path) => existsSync(path)),
  );

/** Sends KILL to whatever runs in these cgroups and those below, thawing them first; how many those were. */
export const sendKillInCgroups = (cgroups: readonly string[]): number => {
  for (const cgroup of cgroups) thaw(cgroup);
  const pids = cgroups.flatMap(pidsIn);
  for (const pid of pids) sendKill(pid);
  return pids.length;
};

/** Kills whatever runs in these cgroups, and returns when nothing does. */
export const killInCgroups = async (cgroups: readonly string[]): Promise<void> => {
  // A process may have forked between the listing and its end: look again until nobody is there.
  if (await holdsWithin(10_000, () => sendKillInCgroups(cgroups) === 0)) return;
  throw new Error(
    `processes ${cgroups.flatMap(pidsIn).join(', ')} are still in ${cgroups.join(', ')} 10 s after SIGKILL; see /proc/PID/stack, a frozen parent or file system holds them`,
  );
};

/** Removes these cgroups and those below, deepest first; a cgroup that somebody has entered stays, and is told. */
export const removeCgroups = async (cgroups: readonly string[]): Promise<void> => {
  // The kernel takes a moment to let the last process of a cgroup go.
  const removed = await holdsWithin(5_000, () => cgroups.map(removeTree).every((gone) => gone));
  if (removed) return;
  const left = cgroups.filter((cgroup) => existsSync(cgroup));
  throw new Error(`unable to remove the cgroups ${left.join(', ')}: processes or child cgroups are in them`);
};

const removeTree = (cgroup: string): boolean => {
  for (const child of subfolders(cgroup)) removeTree(join(cgroup, child));
  try {
    rmdirSync(cgroup);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
};

/** Processes of this cgroup and those below; zombies have gone. */
const pidsIn = (cgroup: string): readonly number[] => [
  ...readPids(join(cgroup, 'cgroup.procs')).filter((pid) => identify(pid) !== undefined),
  ...subfolders(cgroup).flatMap((child) => pidsIn(join(cgroup, child))),
];

/** SIGKILL does not reach a frozen process before it is thawed (v1), parents first. */
const thaw = (cgroup: string): void => {
  for (const [file, word] of [
    ['freezer.state', 'THAWED'],
    ['cgroup.freeze', '0'],
  ] as const) {
    if (!existsSync(join(cgroup, file))) continue;
    try {
      writeFileSync(join(cgroup, file), word);
    } catch {
      // Gone meanwhile; had it not been, killing would say so.
    }
  }
  for (const child of subfolders(cgroup)) thaw(join(cgroup, child));
};

const sendKill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
};

const readPids = (file: string): readonly number[] => {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

const subfolders = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
};
