/** Listening unix sockets: the kernel's table of them, and whether one was bound at a given place. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { DaemonProcess } from '../../host/daemon.ts';
import { type Observed, seen, seenValue, unknown } from '../../host/observed.ts';
import { LIVE_PROC, type ProcRoot } from './proc-root.ts';

// Num RefCount Protocol Flags Type St Inode Path; a path may hold blanks.
const ROW = /^\S+: \S+ \S+ ([0-9A-Fa-f]+) \S+ \S+ +(\d+) (.+)$/;
const SO_ACCEPTCON = 0x10000;

/**
 * Paths of unix sockets that somebody listens on, by inode.
 * @param table `net/unix` of a process: what its network namespace holds, by the names that were bound
 */
export const listeningSockets = async (
  proc: ProcRoot = LIVE_PROC,
  table: string = `${proc.path}/net/unix`,
): Promise<Observed<ReadonlyMap<string, string>>> => {
  const at = new Date().toISOString();
  try {
    return seen(parseSocketTable(await readFile(table, 'utf8')), table, at);
  } catch (error) {
    return unknown('failed', table, error instanceof Error ? error.message : String(error), at, 0);
  }
};

/** The listening ones among the rows of /proc/net/unix, by inode. */
export const parseSocketTable = (text: string): ReadonlyMap<string, string> => {
  const byInode = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, flags = '', inode = '', path = ''] = ROW.exec(line) ?? [];
    if ((Number.parseInt(flags, 16) & SO_ACCEPTCON) !== 0) {
      byInode.set(inode, path.replace(/^\/var\/run\//, '/run/'));
    }
  }
  return byInode;
};

/**
 * Whether the process bound a socket at just this place: same name in the same folder, whatever links, mounts or other
 * root lead there. A container's own `/run/containerd` is another folder than ours; one that it shares with us is not.
 */
export const boundAt = async (
  { pid, listens, sameRoot }: DaemonProcess,
  path: string,
  proc: ProcRoot = LIVE_PROC,
): Promise<boolean> => {
  const places = [...new Set([path, await realpath(path).catch(() => path)])];
  for (const bound of seenValue(listens) ?? []) {
    for (const place of places.filter((candidate) => basename(candidate) === basename(bound))) {
      const here = await identity(dirname(place));
      const there = await identity(`${proc.path}/${pid}/root${dirname(bound)}`);
      // A folder that is gone has no identity: then the names are all there is.
      const same =
        here === undefined || there === undefined ? place === bound && sameRoot !== false : here === there;
      if (same) return true;
    }
  }
  return false;
};

/** Device and inode of what a path leads to. */
export const identity = async (path: string): Promise<string | undefined> => {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
};
