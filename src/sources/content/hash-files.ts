/**
 * Hashes many files with all cores: threads, because a hash is work for a processor and Node's own runs where it is called.
 * Memory is a chunk for each thread, whatever the files' sizes.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { HashAnswer, HashReply, HashTask, HashThreadData } from './hash-worker.ts';

/** A file to hash, and how long it is thought to be: small ones are handed out together. */
export interface HashFile {
  readonly path: string;
  /** As `createHash` takes it. */
  readonly algorithm: string;
  /** Bytes. */
  readonly size: bigint;
}

export type HashOutcome =
  | HashAnswer
  /** There is no such file. */
  | { readonly state: 'gone' };

export interface HashOptions {
  /** A descriptor for reading, which must not wait on a FIFO. @throws as openSync does */
  readonly open?: (path: string) => number;
  /** Threads at most. @default one for each core */
  readonly threads?: number;
  /** Called once for each file, in the order in which they are done. */
  readonly onOutcome: (index: number, outcome: HashOutcome) => void;
}

export interface Hashing {
  /** Resolves when all files are done or the threads are stopped; rejects when a thread dies. */
  readonly done: Promise<void>;
  /** Bytes read so far, of unfinished files too. */
  bytes(): bigint;
  /** Ends the threads, whatever they are at; files that are not done have no outcome. */
  stop(): void;
}

// A message takes as long as hashing some ten kilobytes.
const BATCH_BYTES = 4n << 20n;
/** Descriptors that one thread holds at most. */
const BATCH_FILES = 32;
/** Descriptors that all of them hold at most: a process may have no more than 1024, and each thread needs some of its own. */
const MAX_OPEN = 256;
/** Beyond this, disks and the memory bus are what is waited for. */
const MAX_THREADS = 32;

/** Opens a file of this host for reading. @throws as openSync does */
export const openHere = (path: string): number =>
  openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);

/** Starts hashing, in the order of the list: with the largest first, all cores are done at about the same time. */
export const hashFiles = (files: readonly HashFile[], options: HashOptions): Hashing => {
  const { open = openHere, onOutcome, threads = availableParallelism() } = options;
  const first = Math.min(threads, MAX_THREADS, files.length);
  const batchFiles = Math.min(BATCH_FILES, Math.floor(MAX_OPEN / Math.max(1, first)));
  const read = new BigInt64Array(new SharedArrayBuffer(8));
  const inHand = new Map<Worker, readonly HashTask[]>();
  let next = 0;
  let stopped = false;
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const done = new Promise<void>((settle, fail) => {
    resolve = settle;
    reject = fail;
  });

  const release = (worker: Worker): void => {
    for (const { fd } of inHand.get(worker) ?? []) closeSync(fd);
    inHand.delete(worker);
    if (inHand.size === 0) resolve();
  };
  const stop = (): void => {
    stopped = true;
    next = files.length;
    // Descriptors are closed only when nobody reads them: another file may get the same number.
    for (const worker of inHand.keys()) worker.terminate().then(() => release(worker), reject);
    if (inHand.size === 0) resolve();
  };
  const batch = (): HashTask[] => {
    const tasks: HashTask[] = [];
    let weight = 0n;
    while (next < files.length && tasks.length < batchFiles && weight < BATCH_BYTES) {
      const index = next;
      next += 1;
      const file = files[index];
      if (file === undefined) break;
      try {
        tasks.push({ index, fd: open(file.path), algorithm: file.algorithm });
        weight += file.size;
      } catch (error) {
        onOutcome(index, refusal(error));
      }
    }
    return tasks;
  };
  const work = (worker: Worker): void => {
    const tasks = batch();
    inHand.set(worker, tasks);
    if (tasks.length > 0) worker.postMessage(tasks);
    else worker.terminate().then(() => release(worker), reject);
  };

  for (let i = 0; i < first; i += 1) {
    const worker = new Worker(workerFile(), { workerData: { read } satisfies HashThreadData });
    worker.on('message', (reply: HashReply) => {
      if (stopped) return;
      for (const { fd } of inHand.get(worker) ?? []) closeSync(fd);
      inHand.set(worker, []);
      for (const { index, answer } of reply) onOutcome(index, answer);
      work(worker);
    });
    worker.on('error', (error) => {
      reject(error);
      stop();
    });
    work(worker);
  }
  if (first === 0) resolve();
  return { done, bytes: () => Atomics.load(read, 0), stop };
};

function refusal(error: unknown): HashOutcome {
  const { code = String(error) } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'gone' };
  // O_NOFOLLOW on a link: the content store makes none.
  if (code === 'ELOOP') return { state: 'notFile', is: 'a symbolic link' };
  if (code === 'ENXIO') return { state: 'notFile', is: 'a socket' };
  // Of a disk that opens nothing else.
  if (code === 'EFTYPE') return { state: 'notFile', is: 'something that is no regular file' };
  return { state: 'unreadable', code };
}

// The build replaces the address of the module; there, the thread's file lies beside the program's.
function workerFile(): string {
  return import.meta.url === 'file:///'
    ? join(__dirname, 'hash-worker.cjs')
    : fileURLToPath(new URL('./hash-worker.ts', import.meta.url));
}
