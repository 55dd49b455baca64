/** Opens a support bundle: checks the whole of it once, then reads facets when they are wanted. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { FacetName } from '../host/snapshot.ts';
import { type ArchiveFile, filesOf } from './archive-reader.ts';
import { type BundleVersion, parseManifest, parseVersion } from './documents.ts';
import { type RecordedFacet, readFacet } from './facet-reader.ts';
import { ALL_FACETS } from './forms.ts';
import { facetPath, LIMITS, MANIFEST_FILE, VERSION_FILE } from './layout.ts';

export interface SupportBundle {
  readonly version: Omit<BundleVersion, 'kind' | 'sources'>;
  /** How it differs from what its manifest says; empty as long as nobody touched it. */
  readonly altered: readonly string[];
  /**
   * The facets that it has, of those wanted.
   * @param keep which items of a listing are wanted
   */
  facets(
    wants: readonly FacetName[],
    keep: (facet: FacetName, item: Readonly<Record<string, unknown>>) => boolean,
  ): Promise<ReadonlyMap<FacetName, RecordedFacet>>;
  close(): Promise<void>;
}

/**
 * Opens a file; nothing of it is ever written to disk.
 * @throws Error that says why it is no bundle that can be opened
 */
export const openSupportBundle = async (path: string): Promise<SupportBundle> => {
  const file = await openFile(path);
  try {
    const { version, altered } = await inspect(file);
    return {
      version,
      altered,
      facets: async (wants, keep) => readFacets(file, wants, keep),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
};

async function openFile(path: string): Promise<FileHandle> {
  // A pipe would make us wait for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw new Error(whyNot(error));
  });
  const stat = await file.stat();
  if (stat.isFile() && stat.size > 0) return file;
  await file.close();
  if (stat.isFile()) throw new Error('it is empty');
  throw new Error(stat.isDirectory() ? 'it is a directory' : 'it is no regular file');
}

async function inspect(file: FileHandle): Promise<Pick<SupportBundle, 'version' | 'altered'>> {
  const hashes = new Map<string, string>();
  const documents = new Map<string, string>();
  for await (const one of filesOf(file)) {
    const isDocument = one.path === VERSION_FILE || one.path === MANIFEST_FILE;
    const { sha256, content } = await hash(one, isDocument);
    hashes.set(one.path, sha256);
    if (isDocument) documents.set(one.path, content);
  }
  const document = async <T>(path: string, parse: (json: string) => T): Promise<T> => {
    const content = documents.get(path);
    if (content === undefined) throw new Error(`it is no bundle of ctrscope: it has no ${path}`);
    return within(path, () => parse(content));
  };
  const version = await document(VERSION_FILE, parseVersion);
  return { version, altered: differences(await document(MANIFEST_FILE, parseManifest), hashes) };
}

async function hash(
  { path, bytes, content }: ArchiveFile,
  isKept: boolean,
): Promise<{ sha256: string; content: string }> {
  if (isKept && bytes > LIMITS.documentBytes) throw new Error(`${path} is too large`);
  const sum = createHash('sha256');
  const kept: Uint8Array[] = [];
  for await (const chunk of content) {
    sum.update(chunk);
    if (isKept) kept.push(chunk);
  }
  return { sha256: sum.digest('hex'), content: Buffer.concat(kept).toString('utf8') };
}

function differences(manifest: ReadonlyMap<string, string>, hashes: ReadonlyMap<string, string>): string[] {
  const changed = [...manifest].flatMap(([path, sha256]) => {
    const found = hashes.get(path);
    if (found === undefined) return [`${path.slice(0, LIMITS.pathChars)} is missing`];
    return found === sha256 ? [] : [`${path} is not what it was`];
  });
  const added = [...hashes.keys()].filter((path) => path !== MANIFEST_FILE && !manifest.has(path));
  return [...changed, ...added.map((path) => `${path} was added`)];
}

async function readFacets(
  file: FileHandle,
  wants: readonly FacetName[],
  keep: (facet: FacetName, item: Readonly<Record<string, unknown>>) => boolean,
): Promise<ReadonlyMap<FacetName, RecordedFacet>> {
  const wanted = new Map(
    ALL_FACETS.filter((name) => wants.includes(name)).map((name) => [facetPath(name), name]),
  );
  const found = new Map<FacetName, RecordedFacet>();
  if (wanted.size === 0) return found;
  for await (const { path, content } of filesOf(file)) {
    const name = wanted.get(path);
    if (name === undefined) continue;
    found.set(name, await within(path, () => readFacet(name, content, (item) => keep(name, item))));
    if (found.size === wanted.size) break;
  }
  return found;
}

async function within<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function whyNot(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'permission denied';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
