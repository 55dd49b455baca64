/**
 * How files are reached: on this machine as it is, or within a folder that is the root of somebody else's system. Paths are
 * always this machine's, the root's own included; links that stand in them are followed, but never out of the root.
 */

export type FileKind = 'file' | 'folder' | 'link' | 'other';

export interface FileStat {
  readonly kind: FileKind;
  /** Bytes. */
  readonly size: bigint;
  /** Nanoseconds since 1970. */
  readonly modifiedNs: bigint;
}

/** A file with its first bytes, as far as they were asked for. */
export interface SmallFile {
  readonly size: bigint;
  readonly modifiedNs: bigint;
  readonly bytes: Uint8Array;
}

export interface FolderEntry {
  readonly name: string;
  readonly kind: FileKind;
}

/** An open folder: what is in it can be looked at without finding the way to it again. */
export interface Folder extends Disposable {
  /** What is in it, in no order and a few at a time: the folder may have any number of entries. */
  entries(): Iterable<FolderEntry>;
  /** An entry itself: where it is a link, the link. @throws DiskError */
  stat(name: string): FileStat;
}

/** Every method throws an error with the `code` of the operating system: ENOENT, EACCES, ELOOP, … */
export interface Disk {
  /** A descriptor of a file or a folder. What is neither is not opened: a FIFO would wait, a device would act. */
  open(path: string): number;
  /** What is there, links followed. */
  stat(path: string): FileStat;
  /** The start of a file. */
  read(path: string, maxBytes: number): SmallFile;
  /** The names in a folder; one of more than a hundred thousand entries is refused with E2BIG. */
  list(path: string): readonly string[];
  folder(path: string): Folder;
}
