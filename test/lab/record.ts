import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isTag, LABS, labPaths } from './paths.ts';
import { argvOf, identify, isAlive, type ProcessIdentity } from './processes.ts';
import type { DockerStore, Suite } from './suites.ts';

/** A program of the lab that outlives the process that started it. */
export type DaemonName = 'containerd' | 'dockerd';

/** What a lab is, written once at its start for whoever stops or reuses it later. */
export type LabRecord = {
  readonly tag: string;
  readonly suite: Suite;
  readonly docker: DockerStore;
  readonly cri: boolean;
  /** Whether the lab is meant to outlive its starter: `lab up` does so, a test does not. */
  readonly kept: boolean;
  readonly starter: ProcessIdentity;
  /** Process numbers and start times say nothing across a reboot. */
  readonly bootId: string;
  readonly createdAt: string;
};

/** Who has to stop a lab: nobody yet, its living starter, or the next sweep. */
export type LabState = 'kept' | 'in use' | 'abandoned';

/** What is chosen about a lab. */
export type NewLab = Pick<LabRecord, 'suite' | 'docker' | 'cri'>;

/** Makes the record of a new lab. */
export const writeRecord = (tag: string, { suite, docker, cri }: NewLab): LabRecord => {
  const starter = identify(process.pid);
  if (starter === undefined) throw new Error(`/proc/${process.pid}/stat cannot be read: is /proc mounted?`);
  const createdAt = new Date().toISOString();
  const record = { tag, suite, docker, cri, kept: false, starter, bootId: bootId(), createdAt };
  writeWhole(labPaths(tag).record, record);
  return record;
};

/** Says of a lab that is ready that it outlives its starter; one that is interrupted before is abandoned. */
export const keepLab = (record: LabRecord): void =>
  writeWhole(labPaths(record.tag).record, { ...record, kept: true });

/** The record of a lab; `undefined` when there is none or its starter was killed before it was whole. */
export const readRecord = (tag: string): LabRecord | undefined => readWhole<LabRecord>(labPaths(tag).record);

/** The tags of all labs on this host, also of those that are only half there. */
export const listTags = (): readonly string[] => {
  try {
    return readdirSync(LABS).filter(isTag).sort();
  } catch {
    return [];
  }
};

/** Who has to stop the lab with this tag. */
export const labState = (tag: string): LabState => {
  const record = readRecord(tag);
  if (record === undefined || record.bootId !== bootId()) return 'abandoned';
  if (record.kept) return 'kept';
  return isAlive(record.starter) ? 'in use' : 'abandoned';
};

/** Notes which process a daemon is. */
export const writeDaemon = (tag: string, name: DaemonName, process: ProcessIdentity): void =>
  writeWhole(daemonFile(tag, name), process);

/** The daemon's process if it is still that one: same start time, and a command line that names the lab. */
export const livingDaemon = (tag: string, name: DaemonName): ProcessIdentity | undefined => {
  const process = readWhole<ProcessIdentity>(daemonFile(tag, name));
  if (process === undefined || readRecord(tag)?.bootId !== bootId() || !isAlive(process)) return undefined;
  const { root } = labPaths(tag);
  return argvOf(process.pid).some((argument) => argument.startsWith(`${root}/`)) ? process : undefined;
};

const daemonFile = (tag: string, name: DaemonName): string =>
  join(labPaths(tag).root, `${name}.process.json`);

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** Readers see the old file or the new one, never a part. */
const writeWhole = (file: string, value: unknown): void => {
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(`${file}.new`, file);
};

const readWhole = <T>(file: string): T | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
};
