/**
 * The way to a file below a root, one folder at a time. Each step is taken from the folder that the last one has reached, and
 * never follows a link: links are read and walked by hand, an absolute one from the root, and `..` ends there. So neither what
 * a tree has in it nor what is changed in it meanwhile leads out.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
} from 'node:fs';
import { DiskError } from './disk-error.ts';

/** Something that was reached. */
export interface Place {
  /** A path that leads there. */
  readonly at: string;
  readonly stats: BigIntStats;
  close(): void;
}

/** How a step is taken. */
export interface Steps {
  /** @throws as openSync or lstatSync does */
  first(root: string): Place;
  /** An entry of a folder, itself where it is a link. @throws as openSync or lstatSync does */
  next(folder: Place, name: string): Place;
  /** Opens a regular file that was reached. @throws as openSync does */
  open(place: Place): number;
}

// fcntl.h; Node has no name for it. Such a descriptor stands for a file that is not opened.
const O_PATH = 0o10000000;
const FOR_READING = constants.O_RDONLY | constants.O_NONBLOCK;

/** Through open folders: whatever is renamed meanwhile, a step begins where the last one ended. */
export const BY_DESCRIPTOR: Steps = {
  first: (root) => held(openSync(root, O_PATH | constants.O_DIRECTORY)),
  next: ({ at }, name) => held(openSync(`${at}/${name}`, O_PATH | constants.O_NOFOLLOW)),
  // The kernel's own link to just this file.
  open: ({ at }) => openSync(at, FOR_READING),
};

/** By paths: for kernels without /proc. What is exchanged between two steps may lead elsewhere. */
export const BY_PATH: Steps = {
  first: (root) => named(root === '/' ? '' : root, lstatSync(`${root}/.`, { bigint: true })),
  next: ({ at }, name) => named(`${at}/${name}`, lstatSync(`${at}/${name}`, { bigint: true })),
  open: ({ at, stats }) => {
    const fd = openSync(at, FOR_READING | constants.O_NOFOLLOW);
    const { ino, dev } = fstatSync(fd, { bigint: true });
    if (ino === stats.ino && dev === stats.dev) return fd;
    closeSync(fd);
    throw new DiskError('ESTALE', 'it was exchanged while it was opened', at);
  },
};

export const STEPS: Steps = existsSync('/proc/self/fd') ? BY_DESCRIPTOR : BY_PATH;

/** As many as Linux follows (path_resolution(7)). */
const MAX_LINKS = 40;
/** Folders below the root; each takes a descriptor while we are on the way. */
const MAX_DEPTH = 256;
const MAX_STEPS = 4096;

/**
 * Goes from the root to what a path names.
 * @param below from the root, with or without a slash at its start
 * @param path the same as the caller knows it, for what cannot be reached
 * @throws DiskError, or as openSync does
 */
export const walk = (steps: Steps, root: string, below: string, path: string): Place => {
  const reached: Place[] = [steps.first(root)];
  const names = below.split('/').reverse();
  let links = 0;
  try {
    for (let taken = 0; names.length > 0; taken += 1) {
      const name = names.pop() ?? '';
      const here = reached.at(-1);
      if (here === undefined || taken > MAX_STEPS || reached.length > MAX_DEPTH) {
        throw new DiskError('ENAMETOOLONG', 'the way is too long', path);
      }
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (reached.length > 1) reached.pop()?.close();
        continue;
      }
      if (!here.stats.isDirectory()) throw new DiskError('ENOTDIR', 'not a directory', path);
      const next = steps.next(here, name);
      if (!next.stats.isSymbolicLink()) {
        reached.push(next);
        continue;
      }
      next.close();
      links += 1;
      if (links > MAX_LINKS) throw new DiskError('ELOOP', 'too many symbolic links', path);
      const target = readlinkSync(`${here.at}/${name}`);
      if (target.startsWith('/')) for (const place of reached.splice(1)) place.close();
      names.push(...target.split('/').reverse());
    }
    const end = reached.pop();
    if (end === undefined) throw new DiskError('ENOENT', 'no such file or directory', path);
    return end;
  } finally {
    for (const place of reached) place.close();
  }
};

function held(fd: number): Place {
  try {
    const stats = fstatSync(fd, { bigint: true });
    return { at: `/proc/self/fd/${fd}`, stats, close: () => closeSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function named(at: string, stats: BigIntStats): Place {
  return { at, stats, close: () => undefined };
}
