/** Puts a support bundle together: what was captured, what is made from it, and what says what all of it is. */
import { createHash } from 'node:crypto';
import { WITHHELD } from '../host/secrets.ts';
import { facet, type HostSnapshot } from '../host/snapshot.ts';
import { escapeJson } from '../text/escape.ts';
import { type BundleFile, type Written, writeArchive } from './archive-writer.ts';
import { bytesOf, type CapturedFile, DERIVED_BYTES } from './capture.ts';
import type { BundleVersion, Manifest, ManifestEntry } from './documents.ts';
import { BUNDLE_VERSION, MANIFEST_FILE, VERSION_FILE } from './layout.ts';
import { findLeaks, type Leak } from './leaks.ts';
import { readmeText } from './readme.ts';

/** A file that is made from the snapshot, for people. */
export interface DerivedFile {
  readonly path: string;
  readonly text: string;
  readonly truncated: ManifestEntry['truncated'];
}

export interface BundleContents {
  readonly host: HostSnapshot;
  /** Release of the program that writes it. */
  readonly toolVersion: string;
  readonly facets: readonly CapturedFile[];
  readonly derived: readonly DerivedFile[];
}

/** A bundle that is put together and not yet written. */
export interface AssembledBundle {
  readonly files: readonly BundleFile[];
  readonly manifest: Manifest;
  /** Values that stand as withheld in it. */
  readonly withheld: number;
  /** Secrets that are in it all the same: then it must not go out. */
  readonly leaks: readonly Leak[];
  write(path: string, draft: string): Promise<Written>;
}

/** @param fileName how the README calls the bundle */
export const assembleBundle = (fileName: string, contents: BundleContents): AssembledBundle => {
  const { host, facets, derived } = contents;
  const version = versionOf(contents);
  const withheld = facets.reduce((sum, file) => sum + countWithheld(file), 0);
  const made = fitting(derived, host.at);
  const versionFile = captured(VERSION_FILE, documentText(version), host.at);
  const entries = [versionFile, ...made, ...facets].map(entryOf);
  const readme = captured('README.txt', readmeText(fileName, version, entries, withheld), host.at);
  const manifest: Manifest = { schemaVersion: BUNDLE_VERSION, files: [entryOf(readme), ...entries] };
  const manifestFile = captured(MANIFEST_FILE, documentText(manifest), host.at);
  // Small and useful first: a reader of the stream has them at once.
  const files = [readme, versionFile, manifestFile, ...made, ...facets];
  return {
    files,
    manifest,
    withheld,
    leaks: findLeaks(files),
    write: (path, draft) => writeArchive(path, draft, files, new Date(host.at)),
  };
};

function versionOf({ host, toolVersion, facets }: BundleContents): BundleVersion {
  const system = facet(host, 'host.system');
  const { hostname, os, kernel, arch } =
    system.state === 'seen' ? system.value : { hostname: '', os: '', kernel: '', arch: '' };
  return {
    schemaVersion: BUNDLE_VERSION,
    kind: 'ctrscope-bundle',
    tool: { name: 'ctrscope', version: toolVersion },
    capturedAt: host.at,
    scope: host.scope.namespaces === undefined ? {} : { namespaces: host.scope.namespaces },
    host: system.state === 'seen' ? { hostname, os, kernel, arch } : null,
    sources: facets.map(({ path, source, error }) => ({ path, source, error })),
  };
}

// What is made from host/ gives way where there is not room for all of it.
function fitting(derived: readonly DerivedFile[], at: string): readonly CapturedFile[] {
  let room = DERIVED_BYTES;
  return derived.map(({ path, text, truncated }) => {
    const file = captured(path, text, at, truncated);
    if (bytesOf(file) <= room) {
      room -= bytesOf(file);
      return file;
    }
    const error = 'left out: there is no room for it; host/ has what it is made from';
    return { ...captured(path, `${JSON.stringify({ error })}\n`, at), error };
  });
}

function captured(
  path: string,
  text: string,
  at: string,
  truncated: ManifestEntry['truncated'] = null,
): CapturedFile {
  const source = 'made from host/';
  return { path, chunks: [Buffer.from(text)], source, startedAt: at, ms: 0, truncated, error: null };
}

function entryOf(file: CapturedFile): ManifestEntry {
  const hash = createHash('sha256');
  for (const chunk of file.chunks) hash.update(chunk);
  const { path, source, startedAt, ms, truncated, error } = file;
  return { path, sha256: hash.digest('hex'), bytes: bytesOf(file), source, startedAt, ms, truncated, error };
}

function countWithheld({ chunks }: BundleFile): number {
  let count = 0;
  for (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = bytes.indexOf(WITHHELD); at >= 0; at = bytes.indexOf(WITHHELD, at + 1)) count += 1;
  }
  return count;
}

function documentText(document: object): string {
  return `${escapeJson(JSON.stringify(document, null, 2))}\n`;
}
