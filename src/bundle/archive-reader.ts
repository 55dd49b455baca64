/**
 * The files of a gzipped tar of unknown origin, one after another and never on disk: plain files with plain paths, within
 * the limits of a bundle. Anything else ends the reading with a sentence that says what it was.
 */
import type { FileHandle } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { escapeText } from '../text/escape.ts';
import { bytes as size } from '../text/units.ts';
import { LIMITS } from './layout.ts';

/** A file in the archive; its content can be read until the next one is asked for. */
export interface ArchiveFile {
  readonly path: string;
  readonly bytes: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * Reads from the beginning, as often as it is called.
 * @throws Error on whatever no bundle has in it
 */
export async function* filesOf(archive: FileHandle): AsyncGenerator<ArchiveFile> {
  const packed = { bytes: 0 };
  const untar = extract();
  // The library's streams are streams to everybody but the compiler.
  const sink = untar as unknown as NodeJS.WritableStream;
  const flow = pipeline(bytesOf(archive, packed), createGunzip(), metered(packed), sink);
  // Heard of through the files.
  flow.catch(() => undefined);
  const paths = new Set<string>();
  try {
    for await (const entry of untar) {
      const path = plainPath(entry.header);
      if (paths.has(path)) throw new Error(`it has ${path} twice`);
      paths.add(path);
      if (paths.size > LIMITS.entries) throw new Error(`it has more than ${LIMITS.entries} files`);
      if (entry.header.type === 'file') {
        yield { path, bytes: entry.header.size, content: contentOf(entry) };
      }
      entry.resume();
    }
    await flow;
  } catch (error) {
    throw new Error(inWords(error));
  } finally {
    untar.destroy();
    await flow.catch(() => undefined);
  }
}

async function* contentOf(entry: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of entry) if (chunk instanceof Uint8Array) yield chunk;
  } catch (error) {
    throw new Error(inWords(error));
  }
}

const READ_BYTES = 64 * 1024;

// Streams close the file that they read from; this one is read several times.
async function* bytesOf(archive: FileHandle, packed: { bytes: number }): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { buffer, bytesRead } = await archive.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, packed.bytes);
    if (bytesRead === 0) return;
    packed.bytes += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Lets through what a bundle may unpack to. */
function metered(packed: { readonly bytes: number }): Transform {
  let unpacked = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      unpacked += chunk.length;
      if (unpacked > LIMITS.totalBytes) {
        done(new Error(`it unpacks to more than ${size(LIMITS.totalBytes)}`));
      } else if (unpacked > LIMITS.ratioFromBytes && unpacked > LIMITS.ratio * packed.bytes) {
        done(new Error(`it unpacks to more than ${LIMITS.ratio} times its size`));
      } else done(null, chunk);
    },
  });
}

const PLAIN = /^[\w.-]+(\/[\w.-]+)*$/;

function plainPath({ name, type, size: length }: Header): string {
  const path = name.replace(/^(\.\/)+/, '').replace(/\/$/, '');
  const shown = escapeText(name.slice(0, LIMITS.pathChars));
  // The first entry that `tar -C DIR .` writes.
  if ((path === '' || path === '.') && type === 'directory') return '.';
  const plain = path.length <= LIMITS.pathChars && PLAIN.test(path);
  if (!plain || path.split('/').some((part) => part === '.' || part === '..')) {
    throw new Error(`it has the path "${shown}", as no bundle does`);
  }
  if (type !== 'file' && type !== 'directory') {
    throw new Error(`${shown} is no plain file in it but a ${type ?? 'thing of unknown type'}`);
  }
  if (length > LIMITS.fileBytes) {
    throw new Error(`${shown} has ${size(length)}, more than ${size(LIMITS.fileBytes)}`);
  }
  return path;
}

function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  if (code === 'Z_BUF_ERROR') return 'it is cut off: the end is missing';
  if (code === 'Z_DATA_ERROR') {
    return error.message === 'incorrect header check'
      ? 'it is no gzip file'
      : 'it is damaged: gzip cannot unpack it';
  }
  switch (error.message) {
    case 'Unexpected end of data':
      return 'it is cut off: the end is missing';
    case 'Invalid tar header. Maybe the tar is corrupted or it needs to be gunzipped?':
    case 'Invalid tar header: unknown format.':
    case 'Invalid header':
      return 'what it unpacks to is no tar archive';
    case 'Header exceeds max size':
      return 'its tar headers are too large';
    default:
      return error.message;
  }
}
