/** Writes a bundle's files as a gzipped tar: beside its place, and there only when it is whole. */
import { createHash } from 'node:crypto';
import { link, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { LIMITS } from './layout.ts';

/** A file of the bundle, in the order of the archive. */
export interface BundleFile {
  readonly path: string;
  readonly chunks: readonly Uint8Array[];
}

export interface Written {
  readonly bytes: number;
  readonly sha256: string;
}

/** A bundle is for whoever made it, until they hand it on. */
const MODE = 0o600;

/** What `path` has beside it for `sha256sum -c`. */
export const checksumPath = (path: string): string => `${path}.sha256`;

/** @throws Error when the bundle or its checksum would overwrite something */
export const refuseToOverwrite = async (path: string): Promise<void> => {
  for (const file of [path, checksumPath(path)]) {
    const there = await stat(file).catch(() => undefined);
    if (there !== undefined) throw new Error(`${file} is there already, and nothing is overwritten`);
  }
};

/**
 * Writes the archive.
 * @param draft where it grows; in the same directory as `path`
 * @throws Error, and leaves nothing behind, when it cannot be written or `path` has appeared meanwhile
 */
export const writeArchive = async (
  path: string,
  draft: string,
  files: readonly BundleFile[],
  mtime: Date,
): Promise<Written> => {
  try {
    let written = await writeDraft(draft, files, mtime, constants.Z_DEFAULT_COMPRESSION);
    const unpacked = files.reduce((sum, { chunks }) => sum + sizeOf(chunks), 0);
    if (unpacked > LIMITS.ratioFromBytes && unpacked * 2 > LIMITS.ratio * written.bytes) {
      // So much of the same would look like a bomb to whoever opens it.
      await rm(draft);
      written = await writeDraft(draft, files, mtime, constants.Z_NO_COMPRESSION);
    }
    await refuseToOverwrite(path);
    await publish(draft, path);
    const line = `${written.sha256}  ${basename(path)}\n`;
    await writeFile(checksumPath(path), line, { flag: 'wx', mode: MODE }).catch(async (error: unknown) => {
      await rm(path, { force: true });
      throw error;
    });
    return written;
  } finally {
    await rm(draft, { force: true });
  }
};

async function writeDraft(
  draft: string,
  files: readonly BundleFile[],
  mtime: Date,
  level: number,
): Promise<Written> {
  const handle = await open(draft, 'wx', MODE);
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    await pipeline(tarOf(files, mtime), createGzip({ level }), async (packed: AsyncIterable<Uint8Array>) => {
      for await (const chunk of packed) {
        hash.update(chunk);
        bytes += chunk.length;
        await handle.write(chunk);
      }
    });
    await handle.datasync();
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

async function* tarOf(files: readonly BundleFile[], mtime: Date): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const fill = async (): Promise<void> => {
    for (const { path, chunks } of files) {
      const size = sizeOf(chunks);
      await new Promise<void>((resolve, reject) => {
        const done = (error?: Error | null): void => (error ? reject(error) : resolve());
        const entry = tar.entry({ name: path, size, mode: 0o644, mtime }, done);
        for (const chunk of chunks) entry.write(chunk);
        entry.end(undefined);
      });
    }
    tar.finalize();
  };
  const filled = fill();
  // Heard of below.
  filled.catch((error: Error) => tar.destroy(error));
  yield* tar as AsyncIterable<Uint8Array>;
  await filled;
}

// A link fails where something has appeared at the path; a rename would take its place.
async function publish(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') throw new Error(`${path} is there already, and nothing is overwritten`);
    // A file system without links, such as a USB stick's.
    await rename(draft, path);
  }
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}
