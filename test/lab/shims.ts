import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { labPaths } from './paths.ts';
import { argvOf, identify, listPids, openFilesOf, type ProcessIdentity } from './processes.ts';

/** Where shims listen, whatever the state directory of their containerd. */
const SHIM_SOCKETS = '/run/containerd/s';

/** Where ctr and other Go clients make FIFOs unless told otherwise. */
const DEFAULT_FIFOS = '/run/containerd/fifo';

/** A running shim that belongs to one containerd. */
export type Shim = { readonly process: ProcessIdentity; readonly namespace: string; readonly id: string };

/** The shims of a lab: those whose own command line names its containerd. */
export const shimsOf = (tag: string): readonly Shim[] =>
  listPids().flatMap((pid) => {
    const argv = argvOf(pid);
    if (!basename(argv[0] ?? '').startsWith('containerd-shim-')) return [];
    const option = (name: string): string | undefined =>
      argv.includes(name) ? argv[argv.indexOf(name) + 1] : undefined;
    const [namespace, id] = [option('-namespace'), option('-id')];
    if (option('-address') !== labPaths(tag).address || namespace === undefined || id === undefined)
      return [];
    const process = identify(pid);
    return process === undefined ? [] : [{ process, namespace, id }];
  });

/** The socket of the shim of a container or, where containers share one, of their group. */
export const shimSocket = (tag: string, namespace: string, id: string): string =>
  join(
    SHIM_SOCKETS,
    createHash('sha256')
      .update(join(labPaths(tag).address, namespace, id))
      .digest('hex'),
  );

/** Namespace and id of every container that left a trace: in shims, bundles, runc's state and containerd's log. */
export const knownContainers = (tag: string): readonly { namespace: string; id: string }[] => {
  const { state, runcRoot, dockerExecRoot } = labPaths(tag);
  const folders = [
    join(state, 'io.containerd.runtime.v2.task'),
    runcRoot,
    join(dockerExecRoot, 'runtime-runc'),
    '/run/containerd/runc', // harmless for a namespace of others: the hash is of this lab's address
  ];
  const known = new Map<string, { namespace: string; id: string }>();
  for (const { namespace, id } of [
    ...shimsOf(tag),
    ...folders.flatMap((folder) =>
      list(folder).flatMap((namespace) => list(join(folder, namespace)).map((id) => ({ namespace, id }))),
    ),
    ...containersInLog(tag),
  ]) {
    known.set(join(namespace, id), { namespace, id });
  }
  return [...known.values()];
};

/** FIFO folders outside the lab's root that its living shims have open. */
export const strayFifoFolders = (shims: readonly Shim[]): readonly string[] => [
  ...new Set(
    shims
      .flatMap(({ process }) => openFilesOf(process.pid))
      .filter((file) => file.startsWith(`${DEFAULT_FIFOS}/`))
      .map((file) => dirname(file)),
  ),
];

/** Shims that have died with their bundle are still in what containerd has logged about them. */
const containersInLog = (tag: string): readonly { namespace: string; id: string }[] => {
  let log: string;
  try {
    log = readFileSync(labPaths(tag).containerdLog, 'utf8');
  } catch {
    return [];
  }
  const bundles = new RegExp(
    `${labPaths(tag).state}/io\\.containerd\\.runtime\\.v2\\.task/([^/ "]+)/([^/ "]+)`,
    'g',
  );
  return [
    ...[...log.matchAll(bundles)].flatMap(([, namespace = '', id = '']) => [{ namespace, id }]),
    ...log.split('\n').flatMap((line) => {
      const id = /\bid="?([^\s"]+)/.exec(line)?.[1];
      const namespace = /\bnamespace="?([^\s"]+)/.exec(line)?.[1];
      return id === undefined || namespace === undefined ? [] : [{ namespace, id }];
    }),
  ];
};

const list = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};
