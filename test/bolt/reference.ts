/**
 * The real bbolt library as a program: our Go sources in reference/, built with Debian's Go and bbolt, which are downloaded and
 * unpacked into the lab's cache and never installed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe } from 'vitest';
import { downloadPackages, failureOf } from '../lab/apt.ts';
import { ARCHIVE_KEYRING, onPath } from '../lab/available.ts';
import { withFileLock } from '../lab/file-lock.ts';
import { cacheFolder } from '../lab/paths.ts';

/** Kinds of files that it can make; reference/generate.go says what is in them. */
export type FileKind =
  | 'empty'
  | 'deep'
  | 'overflow'
  | 'inline'
  | 'nested'
  | 'churned'
  | 'mixed'
  | 'images'
  | 'large';

/** What the library says of a page. */
export interface ReferencePage {
  readonly id: number;
  /** branch, leaf, meta, freelist or free. */
  readonly kind: string;
  readonly count: number;
  readonly overflow: number;
}

const SOURCES = join(import.meta.dirname, 'reference');
const PACKAGES = [
  'golang-1.19-go',
  'golang-1.19-src',
  'golang-github-coreos-bbolt-dev',
  'golang-golang-x-sys-dev',
];

const folder = (): string => join(cacheFolder(), 'bolt-reference');
const goRoot = (): string => join(folder(), 'root');
const failureFile = (): string => join(folder(), 'failure');

/** The program's path; built anew when its sources change. @throws where Go cannot be had, or does not build it */
export const provideReference = async (): Promise<string> => {
  const program = join(folder(), `reference-${sourcesDigest()}`);
  if (existsSync(program)) return program;
  await mkdir(folder(), { recursive: true });
  await withFileLock(join(folder(), 'lock'), async () => {
    if (existsSync(program)) return;
    if (!existsSync(goRoot())) await unpackGo();
    await build(program);
  });
  return program;
};

/** Why there is no reference; undefined when there is. A build that fails is no reason but a fault. */
export const referenceUnavailable = async (): Promise<string | undefined> => {
  const missing = ['apt-get', 'dpkg-deb', 'flock'].filter((name) => onPath(name) === undefined);
  if (missing.length > 0) return `Go comes as Debian packages, and ${missing.join(', ')} is not on this host`;
  if (!existsSync(ARCHIVE_KEYRING)) return `Debian's archive keys are not at ${ARCHIVE_KEYRING}`;
  const recent = recentFailure();
  if (recent !== undefined) return recent;
  try {
    await provideReference();
    return undefined;
  } catch (error) {
    if (existsSync(goRoot())) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    writeFileSync(failureFile(), reason);
    return reason;
  }
};

/** A `describe` whose tests need the reference; skipped loudly, under a title that says why, where it cannot be had. */
export const describeReference = (title: string, body: () => void): void => {
  if (reason === undefined) describe(title, body);
  else describe.skip(`${title}, skipped: ${reason}`, body);
};

/** Runs the program and returns what it prints. */
export const reference = async (...args: readonly string[]): Promise<string> => {
  const { stdout } = await execa(await provideReference(), args, {
    maxBuffer: 1 << 30,
    stripFinalNewline: false,
  });
  return stdout;
};

/** Writes a file of a kind and returns its path. */
export const makeFile = async (kind: FileKind, path: string, n: number, pageSize = 4096): Promise<string> => {
  await reference('make', kind, path, String(n), String(pageSize));
  return path;
};

export const referencePages = async (path: string): Promise<readonly ReferencePage[]> =>
  (await reference('pages', path))
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [id, kind = '', count = 0, overflow = 0] = line.split(' ');
      return { id: Number(id), kind, count: Number(count), overflow: Number(overflow) };
    });

const sourcesDigest = (): string => {
  const hash = createHash('sha256').update(PACKAGES.join());
  for (const name of goFiles()) hash.update(readFileSync(name));
  return hash.digest('hex').slice(0, 16);
};

const goFiles = (): string[] =>
  readdirSync(SOURCES)
    .filter((name) => name.endsWith('.go'))
    .sort()
    .map((name) => join(SOURCES, name));

const unpackGo = async (): Promise<void> => {
  const work = await mkdtemp(join(folder(), 'work-'));
  try {
    const staging = join(work, 'root');
    await downloadPackages('bookworm', PACKAGES, staging, { workFolder: work });
    await rename(staging, goRoot());
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};

const build = async (program: string): Promise<void> => {
  const draft = `${program}.${process.pid}`;
  try {
    await execa(join(goRoot(), 'usr/lib/go-1.19/bin/go'), ['build', '-trimpath', '-o', draft, ...goFiles()], {
      cwd: SOURCES,
      env: {
        GOROOT: join(goRoot(), 'usr/lib/go-1.19'),
        GOPATH: join(goRoot(), 'usr/share/gocode'),
        GOCACHE: join(folder(), 'go-cache'),
        GO111MODULE: 'off',
        GOFLAGS: '',
        CGO_ENABLED: '0',
      },
    });
    await rename(draft, program);
  } catch (error) {
    await rm(draft, { force: true });
    throw new Error(`unable to build test/bolt/reference: ${failureOf(error)}`);
  }
};

/** Every test file asks: without a network, one of them waits for it and the others do not. */
const recentFailure = (): string | undefined => {
  try {
    const ageMs = Date.now() - statSync(failureFile()).mtimeMs;
    return ageMs < 300_000 ? readFileSync(failureFile(), 'utf8') : undefined;
  } catch {
    return undefined;
  }
};

// While tests are collected, before any of their timeouts runs: this may download.
const reason = await referenceUnavailable();
if (reason !== undefined) process.stderr.write(`SKIPPED: tests against the Go bbolt library: ${reason}\n`);
