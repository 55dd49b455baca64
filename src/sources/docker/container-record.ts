/** What a container's record says, in the API's answers and in the files of the data directory alike. */
import type { DockerLimits, DockerState } from '../../host/docker.ts';
import { pid } from '../../host/ids.ts';
import { type Fields, flag, integer, nested, number, textOrEmpty, time } from './json.ts';

/** `State`, with its word for it: the API says it, the disk does not. @throws Malformed */
export const stateOf = (state: Fields, status: string): DockerState => {
  const process = number(state, 'Pid') ?? 0;
  const running = flag(state, 'Running');
  const finishedAt = time(state, 'FinishedAt');
  const health = textOrEmpty(nested(state, 'Health'), 'Status');
  return {
    status,
    running,
    paused: flag(state, 'Paused'),
    restarting: flag(state, 'Restarting'),
    oomKilled: flag(state, 'OOMKilled'),
    dead: flag(state, 'Dead'),
    pid: process === 0 ? null : pid(process),
    // Docker says 0 of what has not ended.
    exitCode: running || finishedAt === null ? null : number(state, 'ExitCode'),
    error: textOrEmpty(state, 'Error'),
    startedAt: time(state, 'StartedAt'),
    finishedAt,
    health: health === '' || health === 'none' ? null : health,
  };
};

// HostConfig's keys for resources, by the type of their values.
const INTEGERS = [
  'CpuShares',
  'NanoCpus',
  'CpuPeriod',
  'CpuQuota',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
  'Memory',
  'MemoryReservation',
  'MemorySwap',
  'MemorySwappiness',
  'KernelMemory',
  'PidsLimit',
  'BlkioWeight',
  'OomScoreAdj',
  'ShmSize',
] as const;
const TEXTS = ['CpusetCpus', 'CpusetMems', 'CgroupParent', 'CgroupnsMode', 'Runtime'] as const;
const FLAGS = ['OomKillDisable', 'Privileged', 'ReadonlyRootfs'] as const;

/**
 * What `HostConfig` sets. Zero, empty and false are Docker's words for "not set"; of the swappiness zero is a value.
 * @throws Malformed
 */
export const limitsOf = (host: Fields): DockerLimits => {
  const limits: Record<string, bigint | string | boolean> = {};
  for (const key of INTEGERS) {
    const value = integer(host, key);
    if (value !== null && (value !== 0n || key === 'MemorySwappiness')) limits[key] = value;
  }
  for (const key of TEXTS) {
    const value = textOrEmpty(host, key);
    if (value !== '') limits[key] = value;
  }
  for (const key of FLAGS) if (flag(host, key)) limits[key] = true;
  return limits;
};

/** A container's own name, which Docker writes as `/web`. */
export const withoutSlash = (name: string): string => (name.startsWith('/') ? name.slice(1) : name);
