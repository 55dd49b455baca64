import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { execa } from 'execa';

import { downloadPackages, failureOf } from './apt.ts';
import { withFileLock } from './file-lock.ts';
import { cacheFolder, suiteFolder } from './paths.ts';
import { PACKAGES, REQUIRED_SUITE, type Suite } from './suites.ts';

/** The unpacked programs of one suite. */
export type Binaries = {
  readonly suite: Suite;
  readonly folder: string;
  /** Put first in the daemons' PATH, so that they find their own shim, runc and docker-init. */
  readonly path: readonly string[];
  readonly containerd: string;
  readonly ctr: string;
  readonly runc: string;
  readonly dockerd: string;
  readonly docker: string;
  /** Set for dockerd alone, and only where the host lacks a library of its own: else `undefined`. */
  readonly dockerdLibraries: string | undefined;
};

/** A change here makes every cached suite be unpacked anew. */
const RECIPE = 1;

/** Downloads and unpacks a suite unless that is done already; safe to call from several processes at once. */
export const provideBinaries = async (suite: Suite): Promise<Binaries> => {
  if (!(await isComplete(suite))) {
    // runc of every suite is patched with bookworm's patchelf.
    if (suite !== REQUIRED_SUITE) await provideBinaries(REQUIRED_SUITE);
    await withFileLock(join(cacheFolder(), `${suite}.lock`), async () => {
      if (!(await isComplete(suite))) await unpack(suite);
    });
  }
  return binaries(suite);
};

/** Why a suite cannot be had; `undefined` when it can. Only the required suite throws. */
export const suiteUnavailable = async (suite: Suite): Promise<string | undefined> => {
  const recent = suite === REQUIRED_SUITE ? undefined : recentFailure(suite);
  if (recent !== undefined && !(await isComplete(suite))) return recent;
  try {
    await provideBinaries(suite);
    return undefined;
  } catch (error) {
    if (suite === REQUIRED_SUITE) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    writeFileSync(failureFile(suite), reason);
    return reason;
  }
};

/** Where a suite's programs are, whether unpacked yet or not. */
export const binaries = (suite: Suite): Binaries => {
  const folder = suiteFolder(suite);
  const libraries = join(folder, 'dockerd-libraries');
  return {
    suite,
    folder,
    path: [join(folder, 'usr/bin'), join(folder, 'usr/sbin')],
    containerd: join(folder, 'usr/bin/containerd'),
    ctr: join(folder, 'usr/bin/ctr'),
    runc: join(folder, 'usr/sbin/runc'),
    dockerd: join(folder, 'usr/sbin/dockerd'),
    docker: join(folder, 'usr/bin/docker'),
    dockerdLibraries: existsSync(libraries) ? libraries : undefined,
  };
};

/** The static busybox that test images are made of. */
export const busybox = (): string => join(suiteFolder(REQUIRED_SUITE), 'bin/busybox');

const stampFile = (suite: Suite): string => join(suiteFolder(suite), '.complete.json');

const failureFile = (suite: Suite): string => join(cacheFolder(), `${suite}.failure`);

/** Every test file asks for every suite: without a network, one of them waits for it and the others do not. */
const recentFailure = (suite: Suite): string | undefined => {
  try {
    const ageMs = Date.now() - statSync(failureFile(suite)).mtimeMs;
    return ageMs < 300_000 ? readFileSync(failureFile(suite), 'utf8') : undefined;
  } catch {
    return undefined;
  }
};

/** What a finished unpacking was made from: anything else there is redone. */
const wanted = (suite: Suite): { recipe: number; folder: string; packages: readonly string[] } => ({
  recipe: RECIPE,
  folder: suiteFolder(suite), // runc is patched with absolute paths: a moved cache does not work
  packages: PACKAGES[suite],
});

const isComplete = async (suite: Suite): Promise<boolean> => {
  try {
    const stamp = JSON.parse(await readFile(stampFile(suite), 'utf8')) as { wanted?: unknown };
    return JSON.stringify(stamp.wanted) === JSON.stringify(wanted(suite));
  } catch {
    return false;
  }
};

/** Fills a folder beside the final one and renames it: a suite is there as a whole or not at all. */
const unpack = async (suite: Suite): Promise<void> => {
  const parent = join(cacheFolder(), suite);
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    if (name.startsWith(WORK)) await rm(join(parent, name), { recursive: true, force: true });
  }
  // A new name each time: an apt that has outlived a killed attempt still holds its lock in the old one.
  const workFolder = await mkdtemp(join(parent, WORK));
  try {
    const staging = join(workFolder, 'root');
    const versions = await downloadPackages(suite, PACKAGES[suite], staging, { workFolder });
    await patchRunc(suite, staging);
    await separateDockerdLibraries(staging);
    await writeFile(
      join(staging, basename(stampFile(suite))),
      `${JSON.stringify({ wanted: wanted(suite), versions }, null, 2)}\n`,
    );
    await rm(suiteFolder(suite), { recursive: true, force: true });
    await rename(staging, suiteFolder(suite));
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
};

const WORK = 'work-';

/** runc is linked against a newer glibc than an older host has: it gets its own suite's loader and libraries. */
const patchRunc = async (suite: Suite, staging: string): Promise<void> => {
  const patchelf = join(suite === REQUIRED_SUITE ? staging : suiteFolder(REQUIRED_SUITE), 'usr/bin/patchelf');
  const runc = join(staging, 'usr/sbin/runc');
  const { stdout: interpreter } = await execa(patchelf, ['--print-interpreter', runc]);
  const loader = await findLibrary(staging, basename(interpreter));
  const folders = [...new Set([loader.folder, (await findLibrary(staging, 'libseccomp.so.2')).folder])];
  const final = (folder: string): string => join(suiteFolder(suite), folder);
  await execa(patchelf, [
    '--set-interpreter',
    join(final(loader.folder), basename(interpreter)),
    '--set-rpath',
    folders.map(final).join(':'),
    runc,
  ]);
};

/** bookworm's dockerd needs libdevmapper, which a small host may lack; the suite's libc must not come with it. */
const separateDockerdLibraries = async (staging: string): Promise<void> => {
  try {
    const { stdout } = await execa('ldd', [join(staging, 'usr/sbin/dockerd')], { env: { LC_ALL: 'C' } });
    const missing = [...stdout.matchAll(/^\s*(\S+) => not found$/gm)].flatMap(([, name]) => name ?? []);
    if (missing.length === 0) return;
    const into = join(staging, 'dockerd-libraries');
    await mkdir(into);
    for (const name of missing) {
      const { folder } = await findLibrary(staging, name);
      await execa('cp', ['--dereference', join(staging, folder, name), into]);
    }
  } catch (error) {
    throw new Error(`dockerd misses libraries on this host: ${failureOf(error)}`);
  }
};

/** The folder of a library, relative to the unpacked suite: some suites have /usr/lib, some also /lib. */
const findLibrary = async (staging: string, name: string): Promise<{ folder: string }> => {
  for (const parent of ['usr/lib', 'lib']) {
    if (!existsSync(join(staging, parent))) continue;
    for (const triplet of (await readdir(join(staging, parent))).sort()) {
      if (existsSync(join(staging, parent, triplet, name))) return { folder: join(parent, triplet) };
    }
  }
  throw new Error(`${name} is in none of the packages unpacked below ${staging}`);
};
