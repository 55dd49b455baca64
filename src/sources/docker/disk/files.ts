/** The files of a data directory: how they are reached, and what it means when one cannot be. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import type { Timestamp, UnknownState } from '../../../host/observed.ts';
import { bytes } from '../../../text/units.ts';
import { momentOf } from '../json.ts';

/**
 * How files are reached. The default is the file system as it is; a disk that somebody else's system lives on is reached by
 * an implementation that stays within it. Every method throws an error with the `code` of the operating system.
 */
export interface Disk {
  /** A file descriptor for reading a regular file; must not wait on a FIFO. */
  open(path: string): number;
  /** What is there, links followed. */
  stat(path: string): {
    readonly kind: 'file' | 'folder' | 'link' | 'other';
    /** Nanoseconds since 1970. */
    readonly modifiedNs: bigint;
  };
  /** The names in a folder. */
  list(path: string): readonly string[];
}

export const HERE: Disk = {
  open: (path) => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
  stat: (path) => {
    const stats = statSync(path, { bigint: true });
    const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other';
    return { kind, modifiedNs: stats.mtimeNs };
  },
  list: (path) => readdirSync(path),
};

/** A file or folder that was not read, and why. */
export class FileFault extends Error {
  override readonly name = 'FileFault';
  readonly path: string;
  readonly state: UnknownState;
  /** There is nothing at that path. */
  readonly missing: boolean;

  constructor(path: string, why: string, state: UnknownState, missing: boolean = false) {
    super(why);
    this.path = path;
    this.state = state;
    this.missing = missing;
  }
}

/** The beginning of a file, and how much there is in all. */
export interface Beginning {
  readonly bytes: Buffer;
  /** Bytes in the file; more than were read where it is longer than the limit. */
  readonly size: number;
}

/** Reads a regular file up to a limit. @throws FileFault */
export const readBeginning = (disk: Disk, path: string, limit: number): Beginning => {
  let fd: number | undefined;
  try {
    fd = disk.open(path);
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new FileFault(path, `${path} is ${nameOf(stats)}, not a file`, 'failed');
    // A file that grows meanwhile is read to where it ended when it was opened.
    const into = Buffer.alloc(Math.min(stats.size, limit));
    let length = 0;
    while (length < into.length) {
      const read = readSync(fd, into, length, into.length - length, length);
      if (read === 0) break;
      length += read;
    }
    return { bytes: into.subarray(0, length), size: Math.max(length, stats.size) };
  } catch (error) {
    throw faultOf(error, path);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
};

/** A whole file that must not be larger than the limit. @throws FileFault */
export const readWhole = (disk: Disk, path: string, limit: number): Buffer => {
  const { bytes: read, size } = readBeginning(disk, path, limit);
  if (size <= limit) return read;
  const why = `${path} has ${bytes(size)}, and no more than ${bytes(limit)} of such a file are read`;
  throw new FileFault(path, why, 'truncated');
};

/** A short text without the blanks around it; undefined where there is no such file. @throws FileFault */
export const readText = (disk: Disk, path: string): string | undefined => {
  try {
    return readWhole(disk, path, MAX_TEXT).toString('utf8').trim();
  } catch (error) {
    if (error instanceof FileFault && error.missing) return undefined;
    throw error;
  }
};

const MAX_TEXT = 4096;

/** The names in a folder, in order. @throws FileFault */
export const namesIn = (disk: Disk, path: string): readonly string[] => {
  try {
    return disk.list(path).toSorted();
  } catch (error) {
    throw faultOf(error, path);
  }
};

/** The names in a folder; none where there is no such folder. @throws FileFault */
export const namesIfAny = (disk: Disk, path: string): readonly string[] => {
  try {
    return namesIn(disk, path);
  } catch (error) {
    if (error instanceof FileFault && error.missing) return [];
    throw error;
  }
};

/** When a folder was changed last; undefined where nothing is there. @throws FileFault where it is something else */
export const folderAt = (disk: Disk, path: string): { readonly modifiedAt: Timestamp } | undefined => {
  try {
    const { kind, modifiedNs } = disk.stat(path);
    if (kind === 'folder') return { modifiedAt: momentOf(modifiedNs) };
    throw new FileFault(
      path,
      `${path} is ${kind === 'file' ? 'a file' : 'something else'}, not a folder`,
      'failed',
    );
  } catch (error) {
    const fault = faultOf(error, path);
    if (fault.missing) return undefined;
    throw fault;
  }
};

function faultOf(error: unknown, path: string): FileFault {
  if (error instanceof FileFault) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOENT':
      return new FileFault(path, `${path} is not there`, 'failed', true);
    case 'ENOTDIR':
      return new FileFault(path, `${path}: it, or what it should be in, is not a folder`, 'failed');
    case 'EISDIR':
      return new FileFault(path, `${path} is a folder, not a file`, 'failed');
    case 'EACCES':
    case 'EPERM':
      return new FileFault(path, `reading ${path} needs root`, 'denied');
    default:
      return new FileFault(path, error instanceof Error ? error.message : String(error), 'failed');
  }
}

function nameOf(stats: { isDirectory(): boolean; isFIFO(): boolean }): string {
  if (stats.isDirectory()) return 'a folder';
  return stats.isFIFO() ? 'a FIFO' : 'a device or socket';
}
