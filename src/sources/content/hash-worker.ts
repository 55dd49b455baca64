/**
 * A thread that hashes open files, one after another. It is given descriptors and not paths: whoever opens them decides
 * which file system a path is in.
 */
import { createHash } from 'node:crypto';
import { fstatSync, readSync, type Stats } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

/** One file to hash. The descriptor stays its opener's. */
export interface HashTask {
  readonly index: number;
  readonly fd: number;
  readonly algorithm: string;
}

/** What has become of a task. */
export type HashAnswer =
  | { readonly state: 'hashed'; readonly hex: string; readonly bytes: number }
  /** A FIFO, a folder, a device: what it is. */
  | { readonly state: 'notFile'; readonly is: string }
  | { readonly state: 'unreadable'; readonly code: string };

export type HashReply = readonly { readonly index: number; readonly answer: HashAnswer }[];

/** One counter of bytes for all threads. */
export interface HashThreadData {
  readonly read: BigInt64Array<SharedArrayBuffer>;
}

// The kernel reads ahead by itself; more at once is no faster, and every thread holds one.
const CHUNK_BYTES = 1 << 20;

const port = parentPort;
if (port !== null) {
  const { read } = workerData as HashThreadData;
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  port.on('message', (tasks: readonly HashTask[]) => {
    const reply: HashReply = tasks.map((task) => ({ index: task.index, answer: hash(task, chunk, read) }));
    port.postMessage(reply);
  });
}

function hash({ fd, algorithm }: HashTask, chunk: Buffer, read: HashThreadData['read']): HashAnswer {
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return { state: 'notFile', is: kindOf(stats) };
    const sum = createHash(algorithm);
    let bytes = 0;
    for (;;) {
      const length = readSync(fd, chunk, 0, chunk.length, bytes);
      if (length === 0) break;
      sum.update(length === chunk.length ? chunk : chunk.subarray(0, length));
      bytes += length;
      Atomics.add(read, 0, BigInt(length));
    }
    return { state: 'hashed', hex: sum.digest('hex'), bytes };
  } catch (error) {
    return { state: 'unreadable', code: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}
