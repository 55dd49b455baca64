import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';

import type { Suite } from './suites.ts';

/** Below here every lab has a folder of its own, named by its tag. */
export const LABS = '/run/ctrscope-lab';

/** The downloaded suites and built images; shared by all labs of a user, kept between runs. */
export const cacheFolder = (): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'ctrscope-lab');

/** Where a suite's packages are unpacked. */
export const suiteFolder = (suite: Suite): string => join(cacheFolder(), suite, 'root');

/** Six hex digits: short enough that every socket path stays below the kernel's 107 bytes. */
export const newTag = (): string => randomBytes(3).toString('hex');

/** Whether a word is a lab's tag. */
export const isTag = (word: string): boolean => /^[0-9a-f]{6}$/.test(word);

/** Every path that a lab owns, from its tag alone: what a sweep needs after the starter was killed. */
export type LabPaths = {
  readonly root: string;
  readonly record: string;
  readonly containerdConfig: string;
  readonly containerdLog: string;
  readonly containerdRoot: string;
  readonly state: string;
  readonly address: string;
  readonly optPlugins: string;
  readonly runcRoot: string;
  readonly fifoDir: string;
  readonly dockerdConfig: string;
  readonly dockerdLog: string;
  readonly dockerdPidFile: string;
  readonly dockerRoot: string;
  readonly dockerExecRoot: string;
  readonly dockerSocket: string;
  readonly dockerClientConfig: string;
};

/** The paths of the lab with this tag. */
export const labPaths = (tag: string): LabPaths => {
  const root = join(LABS, tag);
  return {
    root,
    record: join(root, 'lab.json'),
    containerdConfig: join(root, 'containerd.toml'),
    containerdLog: join(root, 'containerd.log'),
    containerdRoot: join(root, 'containerd'),
    state: join(root, 'state'),
    address: join(root, 'containerd.sock'),
    optPlugins: join(root, 'opt'),
    runcRoot: join(root, 'runc'),
    fifoDir: join(root, 'fifo'),
    dockerdConfig: join(root, 'dockerd.json'),
    dockerdLog: join(root, 'dockerd.log'),
    dockerdPidFile: join(root, 'dockerd.pid'),
    dockerRoot: join(root, 'docker'),
    dockerExecRoot: join(root, 'exec'),
    dockerSocket: join(root, 'docker.sock'),
    dockerClientConfig: join(root, 'docker-config'),
  };
};

/** The lab's own containerd namespace; others of the lab are this name and `-x`. */
export const labNamespace = (tag: string): string => `lab-${tag}`;

/** Whether a namespace, top-level cgroup or runc folder belongs to the lab with this tag. */
export const isLabName = (tag: string, name: string): boolean =>
  name === labNamespace(tag) || name.startsWith(`${labNamespace(tag)}-`);
