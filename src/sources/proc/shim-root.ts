/** The root directory of the containerd that has started a shim, by what it has left in the bundle that the shim works in. */
import { createHash } from 'node:crypto';
import { readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import type { DaemonProcess } from '../../host/daemon.ts';
import type { Disk } from '../../host/disk.ts';
import { LIVE_PROC, type ProcRoot } from './proc-root.ts';

const TASKS = 'io.containerd.runtime.v2.task';
/** Bundles that are looked into; the first that tells is enough, and the others should agree. */
const MAX_BUNDLES = 1000;
/** A shim's address stands alone in a file, or in a few words of JSON. */
const MAX_ADDRESS = 4096;

export interface ShimRoot {
  readonly root: string;
  /** The link that says so. */
  readonly link: string;
  /** Whose bundle it is in. */
  readonly id: string;
}

/**
 * The roots that bundles below a state directory lead to, whether their shims live or not. A bundle is of the containerd at an
 * address where its shim's socket is: that is called by the SHA-256 of the address, the namespace and the id.
 * @param spellings of the address: containerd hashes the one that it was given
 */
export const rootsOfBundles = async (
  disk: Disk,
  state: string,
  spellings: readonly string[],
): Promise<ShimRoot[]> => {
  const found: ShimRoot[] = [];
  let left = MAX_BUNDLES;
  for (const namespace of namesIn(disk, `${state}/${TASKS}`)) {
    for (const id of namesIn(disk, `${state}/${TASKS}/${namespace}`)) {
      left -= 1;
      if (left < 0) return found;
      const bundle = `${state}/${TASKS}/${namespace}/${id}`;
      const socket = socketOf(disk, bundle);
      const isOurs = spellings.some((address) => socket === hashOf(posix.join(address, namespace, id)));
      const root = isOurs ? await rootOfBundle(bundle, namespace, id) : undefined;
      if (root !== undefined) found.push(root);
    }
  }
  return found;
};

/**
 * A shim works in its task's bundle, and there containerd has put the link `work`: to
 * ROOT/io.containerd.runtime.v2.task/NAMESPACE/ID. Undefined where either cannot be read, or is something else.
 */
export const rootOfShim = async (
  { role, pid, namespace, id, sameRoot }: DaemonProcess,
  proc: ProcRoot = LIVE_PROC,
): Promise<ShimRoot | undefined> => {
  if (role !== 'shim' || namespace === null || id === null || sameRoot === false) return undefined;
  const bundle = await linkAt(`${proc.path}/${pid}/cwd`);
  const isIts = bundle?.endsWith(`/${TASKS}/${namespace}/${id}`) === true;
  return isIts ? rootOfBundle(bundle, namespace, id) : undefined;
};

async function rootOfBundle(bundle: string, namespace: string, id: string): Promise<ShimRoot | undefined> {
  const end = `/${TASKS}/${namespace}/${id}`;
  const link = `${bundle}/work`;
  const work = await linkAt(link);
  const isWhole = work?.startsWith('/') === true && work.endsWith(end) && work.length > end.length;
  return isWhole ? { root: work.slice(0, -end.length), link, id } : undefined;
}

// 2.x writes more than the address.
function socketOf(disk: Disk, bundle: string): string | undefined {
  for (const name of ['bootstrap.json', 'address']) {
    try {
      const text = new TextDecoder().decode(disk.read(`${bundle}/${name}`, MAX_ADDRESS).bytes);
      const hash = /\/s\/([0-9a-f]{64})(?![0-9a-f])/.exec(text)?.[1];
      if (hash !== undefined) return hash;
    } catch {
      // The other one may be there; a bundle with neither names nobody.
    }
  }
  return undefined;
}

// What cannot be listed leads nowhere.
function namesIn(disk: Disk, folder: string): readonly string[] {
  try {
    return disk.list(folder).toSorted();
  } catch {
    return [];
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function linkAt(path: string): Promise<string | undefined> {
  return readlink(path).catch(() => undefined);
}
