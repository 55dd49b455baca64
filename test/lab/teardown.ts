import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { killInCgroups, labCgroups, removeCgroups, type SharedIds, sendKillInCgroups } from './cgroups.ts';
import { releaseLab, withLabsLock } from './claim.ts';
import { stopDaemon } from './daemon.ts';
import { unmountBelow } from './mounts.ts';
import { cacheFolder, isLabName, labPaths } from './paths.ts';
import {
  argvOf,
  childrenOf,
  executableOf,
  identify,
  killProcesses,
  listPids,
  type ProcessIdentity,
  signal,
} from './processes.ts';
import { labState, listTags, livingDaemon } from './record.ts';
import { knownContainers, shimSocket, shimsOf, strayFifoFolders } from './shims.ts';
import { holdsWithin } from './until.ts';

/**
 * Stops everything of the lab with this tag and removes every trace of it. Works from the tag alone, so that
 * any process can do it, however the lab's starter has ended and however sick the daemons are: no step asks
 * a daemon for anything. Doing it twice, or for a lab that is only half there, is fine.
 */
export const tearDown = async (tag: string): Promise<void> => {
  const fifoFolders = strayFifoFolders(shimsOf(tag));
  const sockets = knownContainers(tag).map(({ namespace, id }) => shimSocket(tag, namespace, id));
  const ids = sharedIds(tag);
  const cgroups = (): readonly string[] => labCgroups(tag, ids);

  // dockerd waits for its containers before it ends, and restarts some: they go under its hands.
  await stopDaemon(tag, 'dockerd', {
    meanwhile: () => sendKillInCgroups(cgroups()),
    // Without containerd it would wait in vain.
    ...(livingDaemon(tag, 'containerd') === undefined && { graceMs: 500 }),
  });
  await killInCgroups(cgroups());
  await shimsHaveReaped(tag);
  await stopDaemon(tag, 'containerd');
  await killOwnProcesses(tag);
  await killInCgroups(cgroups()); // what those had just started

  await unmountBelow(labPaths(tag).root);
  await removeCgroups(cgroups());
  for (const path of [...sockets, ...fifoFolders]) rmSync(path, { recursive: true, force: true });
  removeRuncState(tag);
  await releaseLab(tag);
};

/** Removes the labs whose starter has gone without stopping them; returns their tags. */
export const sweepAbandoned = async (): Promise<readonly string[]> => {
  const abandoned = await withLabsLock(async () => listTags().filter((tag) => labState(tag) === 'abandoned'));
  for (const tag of abandoned) await tearDown(tag);
  return abandoned;
};

/** Lets shims see the end of their containers, so that no zombie is left to a pid 1 that does not reap. */
const shimsHaveReaped = async (tag: string): Promise<void> => {
  const shims = shimsOf(tag).map(({ process }) => process);
  for (const shim of shims) signal(shim, 'SIGCONT');
  await holdsWithin(1_000, () => childrenOf(shims).length === 0);
};

/** Kills shims, clients, runc: programs of the lab's own suites whose command line names the lab's root. */
const killOwnProcesses = async (tag: string): Promise<void> => {
  const own = (): readonly ProcessIdentity[] => [
    ...shimsOf(tag).map(({ process }) => process),
    ...listPids()
      .filter((pid) => isOwn(pid, tag))
      .flatMap((pid) => identify(pid) ?? []),
  ];
  // A shim that is being killed may just have started runc: look again until nobody is there.
  for (let processes = own(); processes.length > 0; processes = own()) await killProcesses(processes);
};

const isOwn = (pid: number, tag: string): boolean => {
  const root = labPaths(tag).root;
  if (!argvOf(pid).some((argument) => argument.includes(`${root}/`))) return false;
  const executable = executableOf(pid) ?? '';
  return executable.startsWith(`${cacheFolder()}/`) || executable.includes('runc'); // a sealed copy of runc
};

/** Containers of this lab's dockerd and CRI, whose cgroups stand beside those of other daemons. */
const sharedIds = (tag: string): SharedIds => {
  const { dockerRoot, state } = labPaths(tag);
  const bundles = (namespace: string): readonly string[] =>
    list(join(state, 'io.containerd.runtime.v2.task', namespace));
  return {
    docker: [...new Set([...list(join(dockerRoot, 'containers')), ...bundles('moby')])],
    'k8s.io': bundles('k8s.io'),
  };
};

/** What a task leaves that was started without `--runc-root`. */
const removeRuncState = (tag: string): void => {
  for (const namespace of list('/run/containerd/runc').filter((name) => isLabName(tag, name))) {
    rmSync(join('/run/containerd/runc', namespace), { recursive: true, force: true });
  }
};

const list = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};
