/** Files below a root. */
import {
  type BigIntStats,
  closeSync,
  type Dirent,
  fstatSync,
  lstatSync,
  opendirSync,
  readSync,
} from 'node:fs';
import type { Disk, FileKind, FileStat, Folder, FolderEntry } from '../../host/disk.ts';
import { DiskError, diskError } from './disk-error.ts';
import { type Place, STEPS, type Steps, walk } from './walk.ts';

const MAX_NAMES = 100_000;
/** Entries that the kernel is asked for at once. */
const ENTRIES_AT_ONCE = 512;

/**
 * The disk below a folder: no link in it and no `..` leads out of it.
 * @param root an absolute path; paths that do not begin with it are of another disk
 */
export const diskWithin = (root: string, steps: Steps = STEPS): Disk => {
  const top = root.replace(/\/+$/, '');
  const at = <T>(path: string, use: (place: Place) => T): T => {
    try {
      if (path !== top && !path.startsWith(`${top}/`)) {
        throw new DiskError('EXDEV', `not below ${root}`, path);
      }
      const place = walk(steps, root, path.slice(top.length), path);
      try {
        return use(place);
      } finally {
        place.close();
      }
    } catch (error) {
      throw diskError(error, path);
    }
  };
  const open = (path: string): number =>
    at(path, (place) => {
      const { stats } = place;
      if (stats.isFile() || stats.isDirectory()) return steps.open(place);
      throw new DiskError('EFTYPE', `${wordsOf(stats)}, no regular file`, path);
    });
  const folder = (path: string): Folder =>
    at(path, ({ stats }) => {
      if (!stats.isDirectory()) throw new DiskError('ENOTDIR', `${wordsOf(stats)}, no folder`, path);
      // Once more, for this one stays open.
      return openFolder(walk(steps, root, path.slice(top.length), path), path);
    });
  return {
    open,
    stat: (path) => at(path, ({ stats }) => fileStat(stats)),
    read: (path, maxBytes) => {
      const fd = open(path);
      try {
        const stats = fstatSync(fd, { bigint: true });
        if (!stats.isFile()) throw new DiskError('EISDIR', 'a folder, no regular file', path);
        const { size, mtimeNs } = stats;
        const wanted = size < BigInt(maxBytes) ? Number(size) : maxBytes;
        return { size, modifiedNs: mtimeNs, bytes: readFrom(fd, wanted) };
      } catch (error) {
        throw diskError(error, path);
      } finally {
        closeSync(fd);
      }
    },
    list: (path) => {
      using opened = folder(path);
      const names: string[] = [];
      for (const { name } of opened.entries()) {
        if (names.length === MAX_NAMES) {
          throw new DiskError('E2BIG', `more than ${MAX_NAMES} entries`, path);
        }
        names.push(name);
      }
      return names;
    },
    folder,
  };
};

/** This machine's files. */
export const HERE: Disk = diskWithin('/');

function openFolder(place: Place, path: string): Folder {
  return {
    *entries(): Generator<FolderEntry> {
      let folder: ReturnType<typeof opendirSync> | undefined;
      try {
        folder = opendirSync(`${place.at}/.`, { bufferSize: ENTRIES_AT_ONCE });
        for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
          yield { name: entry.name, kind: kindOf(entry) };
        }
      } catch (error) {
        throw diskError(error, path);
      } finally {
        folder?.closeSync();
      }
    },
    stat: (name) => {
      try {
        if (name.includes('/') || name === '..') throw new DiskError('EINVAL', 'no name of an entry', name);
        return fileStat(lstatSync(`${place.at}/${name}`, { bigint: true }));
      } catch (error) {
        throw diskError(error, `${path}/${name}`);
      }
    },
    [Symbol.dispose]: () => place.close(),
  };
}

function readFrom(fd: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const read = readSync(fd, bytes, done, length - done, done);
    if (read === 0) break;
    done += read;
  }
  return bytes.subarray(0, done);
}

function fileStat(stats: BigIntStats): FileStat {
  return { kind: kindOf(stats), size: stats.size, modifiedNs: stats.mtimeNs };
}

function kindOf(entry: BigIntStats | Dirent): FileKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

function wordsOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFile()) return 'a file';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  return stats.isBlockDevice() || stats.isCharacterDevice() ? 'a device' : 'something else';
}
