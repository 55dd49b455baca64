import { spawn } from 'node:child_process';

import { importMultiImage, importSingleImage, MULTI_IMAGE, SINGLE_IMAGE } from './images.ts';
import type { Lab } from './lab.ts';
import { createTaskWithoutStart, viewSnapshot } from './raw-calls.ts';
import { type SeededDocker, seedDocker } from './seed-docker.ts';
import { until } from './until.ts';

/** What has become of a seeded container. */
export type SeededStatus = 'running' | 'paused' | 'stopped' | 'created' | 'no task';

/** One container that the seed has made. */
export type SeededContainer = {
  readonly namespace: string;
  readonly id: string;
  readonly status: SeededStatus;
};

/** All that the seed makes on a host; the same for every suite. */
export type Seeded = {
  readonly tag: string;
  readonly namespaces: readonly string[];
  readonly containers: readonly SeededContainer[];
  readonly images: readonly { readonly namespace: string; readonly name: string }[];
  readonly leases: readonly string[];
  readonly ingests: readonly string[];
  readonly snapshots: readonly string[];
  /** Stands in environment variables; must never be printed by what is tested. */
  readonly canary: string;
  /** `undefined` without dockerd. */
  readonly docker: SeededDocker | undefined;
};

/** A secret that is told from any other text. */
export const canaryOf = (lab: Lab): string => `canary-${lab.tag}`;

const LEASE = 'seed-lease';
const INGEST = 'seed-ingest';
/** ctr prints it as 1.049MB. */
const INGESTED = 1 << 20;
const VIEW = 'seed-view';
const LAYER = 'seed-layer';
const TOP = 'seed-top';

/** Makes a realistic host of a lab. What is there already stays, so that seeding again adds what is missing. */
export const seedLab = async (lab: Lab): Promise<Seeded> => {
  const second = `${lab.namespace}-b`;
  const empty = `${lab.namespace}-empty`;
  await seedNamespaces(lab, [
    [lab.namespace, ['ctrscope.test/purpose=seed']],
    [second, []],
    [empty, ['team=storage', 'ctrscope.test/purpose=empty']],
  ]);
  await Promise.all([seedImages(lab), importSingleImage(lab, second)]);
  const containers = containersOf(lab, second);
  const [, docker] = await Promise.all([
    seedContainers(lab, containers),
    lab.store === false ? undefined : seedDocker(lab, canaryOf(lab)),
    seedLease(lab),
    seedIngest(lab),
  ]);
  await seedSnapshots(lab);
  return {
    tag: lab.tag,
    namespaces: [lab.namespace, second, empty],
    containers: containers.map(({ namespace, id, status }) => ({ namespace, id, status })),
    images: [
      { namespace: lab.namespace, name: SINGLE_IMAGE },
      { namespace: lab.namespace, name: MULTI_IMAGE },
      { namespace: second, name: SINGLE_IMAGE },
    ],
    leases: [LEASE],
    ingests: [INGEST],
    snapshots: [VIEW, LAYER, TOP],
    canary: canaryOf(lab),
    docker,
  };
};

type ContainerSeed = SeededContainer & {
  readonly image: string;
  /** Options of `ctr run` and `ctr containers create` alike. */
  readonly options: readonly string[];
  readonly command: readonly string[];
};

const containersOf = (lab: Lab, second: string): readonly ContainerSeed[] => {
  const sleep = ['/bin/sleep', '86400'];
  const first = { namespace: lab.namespace, image: SINGLE_IMAGE, options: [], command: sleep };
  return [
    {
      ...first,
      id: 'web',
      status: 'running',
      options: ['--label', 'app=shop', '--label', 'tier=front', '--memory-limit', '67108864'],
    },
    {
      ...first,
      id: 'db',
      status: 'running',
      options: ['--label', 'app=shop', '--env', `DB_PASSWORD=${canaryOf(lab)}`, '--env', 'DB_USER=shop'],
      command: ['/bin/sh', '-c', 'sleep 86400 & sleep 86400 & wait'],
    },
    { ...first, id: 'cache', status: 'running', image: MULTI_IMAGE },
    {
      ...first,
      id: 'worker',
      status: 'running',
      options: ['--cpu-period', '100000', '--cpu-quota', '50000'],
      command: ['/bin/sh', '-c', 'while :; do sleep 1; done'],
    },
    { ...first, id: 'paused', status: 'paused' },
    { ...first, id: 'exited', status: 'stopped', command: ['/bin/sh', '-c', 'exit 3'] },
    { ...first, id: 'finished', status: 'no task', command: ['/bin/true'] },
    { ...first, id: 'recorded', status: 'no task' },
    { ...first, id: 'created', status: 'created' },
    // The same id in two namespaces is two containers.
    { ...first, namespace: second, id: 'web', status: 'running', options: ['--label', 'app=blog'] },
  ];
};

const seedContainers = async (lab: Lab, containers: readonly ContainerSeed[]): Promise<void> => {
  const there = new Set<string>();
  for (const namespace of new Set(containers.map((container) => container.namespace))) {
    const { stdout } = await lab.ctr(['containers', 'list', '--quiet'], { namespace });
    for (const id of stdout.split('\n')) there.add(`${namespace}/${id}`);
  }
  const missing = containers.filter(({ namespace, id }) => !there.has(`${namespace}/${id}`));
  await Promise.all(missing.map((container) => make(lab, container)));
};

/** Makes a container and brings it where it shall be. */
const make = async (lab: Lab, container: ContainerSeed): Promise<void> => {
  const { namespace, id, status, image, options, command } = container;
  const ctr = (...args: string[]): Promise<unknown> => lab.ctr(args, { namespace });
  if (id === 'recorded') {
    await ctr('containers', 'create', ...options, image, id, ...command);
    return;
  }
  await ctr('run', '--detach', ...options, image, id, ...command);
  if (status === 'paused') await ctr('tasks', 'pause', id);
  if (status === 'stopped' || id === 'finished') await stopped(lab, namespace, id);
  if (id === 'finished') await ctr('tasks', 'delete', id);
  if (status === 'created') {
    // Only a container that `ctr run` has made carries the lab's runc root; its first task makes room.
    await ctr('tasks', 'kill', '--signal', 'SIGKILL', id);
    await stopped(lab, namespace, id);
    await ctr('tasks', 'delete', id);
    await createTaskWithoutStart(lab, namespace, id);
  }
};

const stopped = (lab: Lab, namespace: string, id: string): Promise<true> =>
  until(`task ${namespace}/${id} of lab ${lab.tag} is stopped`, async () => {
    const { stdout } = await lab.ctr(['tasks', 'list'], { namespace });
    return new RegExp(`^${id}\\s+\\d+\\s+STOPPED`, 'm').test(stdout) ? true : undefined;
  });

const seedNamespaces = async (
  lab: Lab,
  namespaces: readonly (readonly [name: string, labels: readonly string[]])[],
): Promise<void> => {
  const there = (await lab.ctr(['namespaces', 'list', '--quiet'])).stdout.split('\n');
  for (const [name, labels] of namespaces) {
    if (!there.includes(name)) await lab.ctr(['namespaces', 'create', name, ...labels]);
  }
};

const seedImages = async (lab: Lab): Promise<void> => {
  await importSingleImage(lab);
  await importMultiImage(lab);
  await lab.ctr(['images', 'label', SINGLE_IMAGE, 'ctrscope.test/purpose=seed', 'team=front']);
};

const seedLease = async (lab: Lab): Promise<void> => {
  const { stdout } = await lab.ctr(['leases', 'list', '--quiet']);
  if (stdout.split('\n').includes(LEASE)) return;
  await lab.ctr(['leases', 'create', '--id', LEASE, '--expires', '24h', 'ctrscope.test/purpose=seed']);
};

/**
 * An upload that stays active: its client is killed half-way, so that no process has to be kept for it.
 * containerd keeps such an ingest for 24 hours, through restarts.
 */
const seedIngest = async (lab: Lab): Promise<void> => {
  const active = async (): Promise<string | undefined> => {
    const { stdout } = await lab.ctr(['content', 'active']);
    return stdout.split('\n').find((line) => line.startsWith(INGEST));
  };
  if ((await active()) !== undefined) return;
  const upload = ['content', 'ingest', '--expected-size', String(4 * INGESTED), INGEST];
  const client = spawn(
    lab.programs.ctr,
    ['--address', lab.address, '--namespace', lab.namespace, ...upload],
    { stdio: ['pipe', 'ignore', 'ignore'] },
  );
  const ended = new Promise<void>((resolve) => client.once('close', () => resolve()));
  client.stdin.on('error', () => {}); // the client is killed while it would read on
  client.stdin.write(Buffer.alloc(INGESTED, 'ctrscope'));
  try {
    await until(`ingest ${INGEST} of lab ${lab.tag} has ${INGESTED} bytes`, async () =>
      (await active())?.includes('1.049MB') ? true : undefined,
    );
  } finally {
    client.kill('SIGKILL');
    await ended;
  }
};

/** Below the containers' own: a view of the image, and a layer of two levels upon it. */
const seedSnapshots = async (lab: Lab): Promise<void> => {
  const there = (await lab.ctr(['snapshots', 'list'])).stdout.split('\n').map((line) => line.split(' ')[0]);
  const { Parent: image } = JSON.parse((await lab.ctr(['snapshots', 'info', 'web'])).stdout) as {
    Parent: string;
  };
  if (!there.includes(VIEW)) await viewSnapshot(lab, lab.namespace, VIEW, image);
  if (!there.includes(LAYER)) {
    await lab.ctr(['snapshots', 'prepare', `${LAYER}-active`, image]);
    await lab.ctr(['snapshots', 'commit', LAYER, `${LAYER}-active`]);
  }
  if (!there.includes(TOP)) await lab.ctr(['snapshots', 'prepare', TOP, LAYER]);
};
