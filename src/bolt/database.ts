/** A bbolt file, open for reading and nothing else: no lock is taken and no byte is written. */
import { closeSync } from 'node:fs';
import { Cursor } from './cursor.ts';
import { BoltError } from './damage.ts';
import { type BoltSource, openSource, readFully, sizeOf } from './io.ts';
import { type Meta, type Metas, neitherValid, newest, type ReadAt, readMetas } from './meta.ts';
import { FROM_META, PageFile, type PageFileOptions } from './page-file.ts';
import { salvageMeta } from './salvage.ts';

export interface DatabaseOptions extends PageFileOptions {
  /**
   * `older`: what the transaction before the newest has left, which is whole unless its pages were used anew.
   * @default 'newest'
   */
  readonly meta?: 'newest' | 'older';
  /**
   * A bucket that the root bucket has for sure: the way to it where both meta pages are broken, or the root that they lead
   * to is lost, as in a file that was cut off. @default refuses the one, and reads nothing of the other
   */
  readonly salvage?: Uint8Array;
}

/** One transaction of a file. `using` closes it. */
export interface Database extends Disposable {
  readonly path: string;
  readonly fileSize: number;
  /** The transaction's meta page, and both as they were found. */
  readonly meta: Meta;
  readonly metas: Metas;
  /** Whether the way in was lost, and a root was found without it: the file as one of its last transactions left it. */
  readonly isSalvaged: boolean;
  /** Its pages, for those who look below the buckets. */
  readonly file: PageFile;
  /** On the root bucket, before its first entry. Each call makes a cursor of its own. */
  root(): Cursor;
  /** On the bucket at a path, as `root`; undefined where there is no such bucket. @throws BoltError */
  bucket(...names: readonly (string | Uint8Array)[]): Cursor | undefined;
  /** The newest transaction by now; undefined while no meta page is valid. @throws BoltError `unreadable` */
  newestTxid(): bigint | undefined;
}

/**
 * Opens a file and chooses its newest transaction.
 *
 * bbolt never changes pages of the newest transaction while it writes the next one, so what is read is consistent as long as
 * no newer one has been finished; see consistent.ts for a file that a daemon is writing.
 * @throws BoltError
 */
export const openDatabase = (source: BoltSource, options: DatabaseOptions = {}): Database => {
  const fd = openSource(source);
  try {
    if (sizeOf(fd) === 0) throw new BoltError({ code: 'empty', offset: 0, what: 'the file is empty' });
    const readAt: ReadAt = (offset, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readFully(fd, bytes, 0, length, offset));
    };
    const metas = readMetas(readAt);
    const salvaged =
      newest(metas) === undefined ? salvagedMeta(fd, readAt, metas, options.salvage) : undefined;
    const recorded = salvaged ?? chosen(metas, options.meta);
    // After the meta page: a file that grows is as large as its transaction needs before that one is finished.
    const fileSize = sizeOf(fd);
    const meta = withRoot(fd, readAt, fileSize, recorded, options);
    const file = new PageFile(fd, fileSize, meta, options);
    const root = (): Cursor => Cursor.root(file, meta);
    return {
      path: typeof source === 'string' ? source : source.path,
      fileSize,
      meta,
      metas,
      isSalvaged: salvaged !== undefined || meta !== recorded,
      file,
      root,
      bucket: (...names) => descend(root(), names),
      newestTxid: () => newest(readMetas(readAt))?.txid,
      [Symbol.dispose]: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
};

function salvagedMeta(fd: number, readAt: ReadAt, metas: Metas, bucket: Uint8Array | undefined): Meta {
  const meta = bucket === undefined ? undefined : salvageMeta(fd, readAt, sizeOf(fd), bucket);
  if (meta === undefined) throw neitherValid(metas);
  return meta;
}

// A root that is lost is damage like any other, and not the end: another one may lead to most of what is left.
function withRoot(fd: number, readAt: ReadAt, fileSize: number, meta: Meta, options: DatabaseOptions): Meta {
  const { salvage, onDamage } = options;
  if (salvage === undefined || onDamage === undefined) return meta;
  try {
    new PageFile(fd, fileSize, meta, { cacheBytes: meta.pageSize, preloadBytes: 0 }).load(
      meta.root,
      FROM_META,
    );
    return meta;
  } catch (error) {
    if (!(error instanceof BoltError)) throw error;
    const other = salvageMeta(fd, readAt, fileSize, salvage);
    if (other === undefined) return meta;
    const what = `${error.fields.what} (the root bucket; an older one was found)`;
    onDamage(new BoltError({ ...error.fields, what }));
    return { ...other, txid: meta.txid };
  }
}

function chosen(metas: Metas, which: 'newest' | 'older' = 'newest'): Meta {
  const best = newest(metas);
  const meta = which === 'newest' ? best : metas.both.find((other) => other !== best);
  if (meta instanceof BoltError) throw meta;
  if (meta === undefined) throw new BoltError({ code: 'meta', what: 'no valid meta page' });
  return meta;
}

function descend(from: Cursor, names: readonly (string | Uint8Array)[]): Cursor | undefined {
  let cursor = from;
  for (const name of names) {
    if (!cursor.find(typeof name === 'string' ? Buffer.from(name) : name) || !cursor.isBucket)
      return undefined;
    cursor = cursor.child();
  }
  return cursor;
}
