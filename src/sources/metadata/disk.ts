/** The files of one containerd, and how they are opened. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { BoltSource } from '../../bolt/io.ts';

/**
 * How files are reached. The default is the file system as it is; a disk that somebody else's system lives on is reached by
 * an implementation that stays within it.
 */
export interface Disk {
  /** A file descriptor for reading; must not wait on a FIFO. @throws as openSync does */
  readonly open: (path: string) => number;
  /** The names in a folder. @throws as readdirSync does */
  readonly list: (path: string) => readonly string[];
}

export const HERE: Disk = {
  open: (path) => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
  list: (path) => readdirSync(path),
};

/** Where the files of one containerd are. */
export interface MetadataFiles {
  readonly metaDb: string;
  readonly snapshotters: readonly { readonly name: string; readonly database: string }[];
  /** The content store's folder of uploads. */
  readonly ingests: string;
}

const SNAPSHOTTER = 'io.containerd.snapshotter.v1.';

/**
 * Their places below containerd's root, as plugins are set up by default: one with a `root_path` of its own has to be added.
 * @throws as `list` does, where the root cannot be listed
 */
export const filesBelow = (root: string, disk: Disk = HERE): MetadataFiles => ({
  metaDb: join(root, 'io.containerd.metadata.v1.bolt/meta.db'),
  snapshotters: disk
    .list(root)
    .filter((name) => name.startsWith(SNAPSHOTTER))
    .map((name) => ({
      name: name.slice(SNAPSHOTTER.length),
      database: join(root, name, 'metadata.db'),
    })),
  ingests: join(root, 'io.containerd.content.v1.content/ingest'),
});

/** A file as a source for the bbolt reader. */
export const boltSource = (disk: Disk, path: string): BoltSource => ({ path, open: () => disk.open(path) });

/** What is known of an open file. */
export interface FileFacts {
  readonly size: bigint;
  readonly modifiedNs: bigint;
  /** Its first bytes as text, as far as they were asked for. */
  readonly text: string;
}

/** Opens, reads and closes a small file. @throws as openSync does */
export const readSmall = (disk: Disk, path: string, maxBytes: number): FileFacts => {
  const fd = disk.open(path);
  try {
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
    const bytes = Buffer.alloc(maxBytes);
    const length = maxBytes === 0 ? 0 : readSync(fd, bytes, 0, maxBytes, 0);
    return { size: stats.size, modifiedNs: stats.mtimeNs, text: bytes.toString('utf8', 0, length) };
  } finally {
    closeSync(fd);
  }
};
