import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { downloadPackages } from './apt.ts';
import { withFileLock } from './file-lock.ts';
import type { Lab } from './lab.ts';
import { cacheFolder } from './paths.ts';
import { identify, isAlive, type ProcessIdentity, stopProcesses } from './processes.ts';
import { REQUIRED_SUITE } from './suites.ts';
import { until } from './until.ts';

/** A registry of a lab's own, empty at first. */
export type Registry = AsyncDisposable & {
  /**
   * `127.0.0.1:PORT`, the first part of an image's name. It speaks plain HTTP: dockerd does so with every
   * loopback address unasked, ctr with `--plain-http`.
   */
  readonly host: string;
  /** The folder that holds everything of the registry. */
  readonly root: string;
  readonly log: string;
  readonly pid: number;
  /** Ends the registry and removes what it holds. Twice is fine. */
  readonly stop: () => Promise<void>;
};

/**
 * Starts Debian's docker-registry on a free port of 127.0.0.1. It lives below the lab's root, so the end of
 * the lab is its end too, and several in one lab do not meet.
 */
export const startRegistry = async (lab: Lab): Promise<Registry> => {
  const program = await provideRegistry();
  const root = await mkdtemp(join(lab.root, 'registry-'));
  const [config, log] = [join(root, 'config.yml'), join(root, 'registry.log')];
  // YAML is a superset of JSON.
  await writeFile(config, JSON.stringify(registryConfig(root), null, 2));
  const process = await spawnRegistry(program, config, log);
  const stop = async (): Promise<void> => {
    await stopProcesses([process], { graceMs: 5_000 });
    await rm(root, { recursive: true, force: true });
  };
  try {
    const host = await until(`the registry of lab ${lab.tag} (pid ${process.pid}) listens`, async () => {
      const said = await readFile(log, 'utf8');
      if (!isAlive(process)) throw new Error(`the registry of lab ${lab.tag} ended while starting:\n${said}`);
      return /msg="listening on (127\.0\.0\.1:\d+)"/.exec(said)?.[1];
    });
    return { host, root, log, pid: process.pid, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const registryConfig = (root: string): unknown => ({
  version: '0.1',
  log: { accesslog: { disabled: true } },
  storage: { filesystem: { rootdirectory: join(root, 'data') }, delete: { enabled: true } },
  http: { addr: '127.0.0.1:0', secret: 'a lab needs none' },
});

const spawnRegistry = async (program: string, config: string, log: string): Promise<ProcessIdentity> => {
  const output = await open(log, 'a');
  try {
    // Variables named REGISTRY_… would change its configuration: it gets none of the starter's.
    const child = spawn(program, ['serve', config], {
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      env: { PATH: '/usr/bin:/bin' },
      cwd: '/',
    });
    child.once('error', () => {}); // said below, with the file's name
    child.unref();
    const process = child.pid === undefined ? undefined : identify(child.pid);
    if (process === undefined) throw new Error(`unable to start the registry from ${program}`);
    return process;
  } finally {
    await output.close();
  }
};

/** The program, downloaded and unpacked on first use: installed, the package would start a daemon of its own. */
const provideRegistry = async (): Promise<string> => {
  const parent = join(cacheFolder(), 'docker-registry');
  const folder = join(parent, 'root');
  const program = join(folder, 'usr/bin/docker-registry');
  if (existsSync(program)) return program;
  await withFileLock(join(cacheFolder(), 'docker-registry.lock'), async () => {
    if (existsSync(program)) return;
    await rm(parent, { recursive: true, force: true }); // what a killed attempt has left
    await mkdir(parent, { recursive: true });
    const workFolder = await mkdtemp(join(parent, 'work-'));
    try {
      const staging = join(workFolder, 'root');
      await downloadPackages(REQUIRED_SUITE, ['docker-registry'], staging, { workFolder });
      await rename(staging, folder); // there as a whole or not at all
    } finally {
      await rm(workFolder, { recursive: true, force: true });
    }
  });
  return program;
};
