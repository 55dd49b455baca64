/** Reading a file where it stands: synchronous, because a page in the kernel's cache costs less than waiting for it does. */
import { constants, fstatSync, openSync, readSync } from 'node:fs';
import { BoltError } from './damage.ts';

/** A path, or a path with another way to open it for reading than just so. */
export type BoltSource = string | { readonly path: string; readonly open: () => number };

/** Opens for reading and checks that it is a file that has something in it. @throws BoltError */
export const openSource = (source: BoltSource): number => {
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for somebody to write to it.
    return typeof source === 'string'
      ? openSync(source, constants.O_RDONLY | constants.O_NONBLOCK)
      : source.open();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // From a source that opens nothing else.
    if (code === 'EFTYPE')
      throw new BoltError({ code: 'notRegular', what: 'not a regular file', cause: error });
    throw unreadable(error, 'unable to open the file');
  }
};

/** Bytes of a regular file. @throws BoltError */
export const sizeOf = (fd: number): number => {
  const stats = statOf(fd);
  if (!stats.isFile()) throw new BoltError({ code: 'notRegular', what: 'not a regular file' });
  return stats.size;
};

/** Reads until so many bytes are there or the file ends. @throws BoltError `unreadable` */
export const readFully = (fd: number, into: Buffer, at: number, length: number, offset: number): number => {
  let done = 0;
  try {
    while (done < length) {
      const read = readSync(fd, into, at + done, length - done, offset + done);
      if (read === 0) break;
      done += read;
    }
  } catch (error) {
    throw unreadable(error, `unable to read ${length} bytes`, offset);
  }
  return done;
};

function statOf(fd: number): { isFile: () => boolean; size: number } {
  try {
    return fstatSync(fd);
  } catch (error) {
    throw unreadable(error, 'unable to stat the file');
  }
}

// A refusal of the operating system as our own error.
function unreadable(error: unknown, what: string, offset?: number): BoltError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  const place = offset === undefined ? {} : { offset };
  return new BoltError({ code: 'unreadable', ...place, what, found: code, errno: code, cause: error });
}
