import { delimiter } from 'node:path';

import { execa } from 'execa';
import { labUnavailable } from './available.ts';
import { type Binaries, binaries, provideBinaries } from './binaries.ts';
import { claimLab } from './claim.ts';
import {
  type ContainerdOptions,
  containerdVersion,
  startContainerd,
  writeContainerdConfig,
} from './containerd.ts';
import { stopDaemon } from './daemon.ts';
import { type DockerdOptions, dockerVersions, startDockerd, writeDockerdConfig } from './dockerd.ts';
import { labNamespace, labPaths } from './paths.ts';
import { keepLab, type LabRecord, livingDaemon, readRecord } from './record.ts';
import { type DockerStore, hasContainerdStore, type Suite } from './suites.ts';
import { tearDown } from './teardown.ts';

/** What can be chosen about a new lab. */
export type LabOptions = Partial<ContainerdOptions> &
  DockerdOptions & {
    readonly suite: Suite;
    /** @default false */
    readonly docker?: DockerStore;
    /** Six hex digits. @default chosen at random */
    readonly tag?: string;
    /** Whether the lab is meant to outlive this process. @default false */
    readonly kept?: boolean;
  };

/** What the daemons say they are; names no suite's patch version. */
export type LabVersions = {
  readonly containerd: string;
  readonly dockerd: string | undefined;
  readonly runc: string;
};

/** How a client of the lab is run. */
export type CommandOptions = {
  readonly input?: string | Uint8Array;
  /** @default 60000 */
  readonly timeoutMs?: number;
  /** Whether a non-zero exit is an error. @default true */
  readonly reject?: boolean;
};

/** What a client of the lab has answered. */
export type CommandResult = {
  readonly stdout: string;
  readonly stderr: string;
  /** `undefined` when a signal or the timeout ended it. */
  readonly exitCode: number | undefined;
};

/** Real daemons with private roots and sockets, running. */
export type Lab = AsyncDisposable & {
  readonly tag: string;
  readonly suite: Suite;
  readonly store: DockerStore;
  /** The folder that holds everything of this lab. */
  readonly root: string;
  /** containerd's gRPC socket. */
  readonly address: string;
  /** containerd's own root and state directories. */
  readonly containerdRoot: string;
  readonly state: string;
  /** The lab's first namespace; others of the lab are named `NAMESPACE-x`. */
  readonly namespace: string;
  /** Where runc keeps the state of the lab's containers; see `ctr`. */
  readonly runcRoot: string;
  readonly fifoDir: string;
  readonly containerdLog: string;
  readonly containerdConfig: string;
  /** `undefined` without dockerd, as are the following. */
  readonly dockerSocket: string | undefined;
  readonly dockerRoot: string | undefined;
  readonly dockerExecRoot: string | undefined;
  readonly dockerdLog: string | undefined;
  readonly dockerdConfig: string | undefined;
  readonly programs: Binaries;
  readonly versions: LabVersions;
  /** What a program under test needs to see this lab and no other daemon, PATH with the lab's clients included. */
  readonly env: Readonly<Record<string, string>>;
  /** `undefined` while the daemon does not run. */
  readonly containerdPid: number | undefined;
  readonly dockerdPid: number | undefined;
  /**
   * Runs ctr against this lab. Below the lab's root are, unless the arguments name them: `--runc-root` for
   * `run` and, where ctr has it (2.x), `containers create`; `--fifo-dir` for `run`, `tasks start`, `tasks exec`.
   */
  readonly ctr: (
    args: readonly string[],
    options?: CommandOptions & { readonly namespace?: string },
  ) => Promise<CommandResult>;
  /** Runs the docker client against this lab's dockerd. */
  readonly docker: (args: readonly string[], options?: CommandOptions) => Promise<CommandResult>;
  /** TERM to containerd, KILL at a deadline; containers and shims stay. */
  readonly stopContainerd: () => Promise<void>;
  readonly startContainerd: () => Promise<void>;
  readonly restartContainerd: () => Promise<void>;
  readonly stopDockerd: () => Promise<void>;
  readonly startDockerd: () => Promise<void>;
  readonly restartDockerd: () => Promise<void>;
  /** Ends all of the lab's processes and removes all it has made. Twice is fine. */
  readonly stop: () => Promise<void>;
};

/** Starts a lab: its containerd and, if asked for, its dockerd. Whatever fails, nothing stays behind. */
export const startLab = async (options: LabOptions): Promise<Lab> => {
  const unavailable = labUnavailable();
  if (unavailable !== undefined) throw new Error(unavailable);
  const { suite, docker = false, cri = false, kept = false } = options;
  if (docker === 'containerd' && !hasContainerdStore(suite)) {
    throw new Error(
      `Docker of ${suite} has no containerd image store; use --suite sid, or --store graphdriver`,
    );
  }
  await provideBinaries(suite);
  const record = await claimLab({ tag: options.tag, suite, docker, cri });
  const { tag } = record;
  try {
    await writeContainerdConfig(tag, suite, { ...options, cri });
    await startContainerd(tag, suite);
    if (docker !== false) {
      await writeDockerdConfig(tag, suite, docker, options);
      await startDockerd(tag, suite);
    }
    const lab = await openLab(record);
    if (kept) keepLab(record);
    return lab;
  } catch (error) {
    await tearDown(tag);
    throw error;
  }
};

/** The running lab with this tag, started by this process or another. */
export const attachLab = async (tag: string): Promise<Lab> => {
  const record = readRecord(tag);
  if (record === undefined)
    throw new Error(`there is no lab ${tag}; "npm run lab -- status" lists those there are`);
  return await openLab(record);
};

const openLab = async (record: LabRecord): Promise<Lab> => {
  const { tag, suite, docker: store } = record;
  const paths = labPaths(tag);
  const programs = binaries(suite);
  const versions = await readVersions(record, programs);
  const env = labEnvironment(record, programs);
  const dockerPath = (path: string): string | undefined => (store === false ? undefined : path);
  const stopContainerd = (): Promise<void> => stopDaemon(tag, 'containerd');
  const stopDockerd = (): Promise<void> => stopDaemon(tag, 'dockerd');
  const startContainerdAgain = async (): Promise<void> => {
    if (livingDaemon(tag, 'containerd') === undefined) await startContainerd(tag, suite);
  };
  const startDockerdAgain = async (): Promise<void> => {
    if (store === false) throw new Error(`lab ${tag} was started without dockerd`);
    if (livingDaemon(tag, 'dockerd') === undefined) await startDockerd(tag, suite);
  };
  const stop = (): Promise<void> => tearDown(tag);
  return {
    tag,
    suite,
    store,
    root: paths.root,
    address: paths.address,
    containerdRoot: paths.containerdRoot,
    state: paths.state,
    namespace: labNamespace(tag),
    runcRoot: paths.runcRoot,
    fifoDir: paths.fifoDir,
    containerdLog: paths.containerdLog,
    containerdConfig: paths.containerdConfig,
    dockerSocket: dockerPath(paths.dockerSocket),
    dockerRoot: dockerPath(paths.dockerRoot),
    dockerExecRoot: dockerPath(paths.dockerExecRoot),
    dockerdLog: dockerPath(paths.dockerdLog),
    dockerdConfig: dockerPath(paths.dockerdConfig),
    programs,
    versions,
    env,
    get containerdPid() {
      return livingDaemon(tag, 'containerd')?.pid;
    },
    get dockerdPid() {
      return livingDaemon(tag, 'dockerd')?.pid;
    },
    ctr: (args, options = {}) =>
      runClient(
        programs.ctr,
        [
          '--address',
          paths.address,
          '--namespace',
          options.namespace ?? labNamespace(tag),
          ...ctrArguments(args, record, versions),
        ],
        env,
        options,
      ),
    docker: async (args, options = {}) => {
      if (store === false) throw new Error(`lab ${tag} was started without dockerd`);
      return await runClient(
        programs.docker,
        ['--host', `unix://${paths.dockerSocket}`, ...args],
        env,
        options,
      );
    },
    stopContainerd,
    startContainerd: startContainerdAgain,
    restartContainerd: async () => {
      await stopContainerd();
      await startContainerdAgain();
    },
    stopDockerd,
    startDockerd: startDockerdAgain,
    restartDockerd: async () => {
      await stopDockerd();
      await startDockerdAgain();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
};

/** Puts runc's state and the FIFOs of ctr's tasks below the lab's root instead of the host's shared folders. */
const ctrArguments = (
  args: readonly string[],
  { tag }: LabRecord,
  { containerd }: LabVersions,
): readonly string[] => {
  const { runcRoot, fifoDir } = labPaths(tag);
  const unlessGiven = (option: string, value: string): readonly string[] =>
    args.some((arg) => arg === option || arg.startsWith(`${option}=`)) ? [] : [option, value];
  const runc = unlessGiven('--runc-root', runcRoot);
  const fifos = unlessGiven('--fifo-dir', fifoDir);
  const [command = '', subcommand = '', ...rest] = args;
  if (command === 'run') return [command, ...runc, ...fifos, ...args.slice(1)];
  if (['containers', 'container', 'c'].includes(command) && subcommand === 'create') {
    return Number.parseInt(containerd, 10) < 2 ? args : [command, subcommand, ...runc, ...rest];
  }
  if (['tasks', 'task', 't'].includes(command) && ['start', 'exec'].includes(subcommand)) {
    return [command, subcommand, ...fifos, ...rest];
  }
  return args;
};

const runClient = async (
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { input, timeoutMs = 60_000, reject = true }: CommandOptions,
): Promise<CommandResult> => {
  const { stdout, stderr, exitCode } = await execa(file, args, {
    env,
    reject,
    timeout: timeoutMs,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
  });
  return { stdout: String(stdout), stderr: String(stderr), exitCode };
};

const labEnvironment = ({ tag, docker }: LabRecord, programs: Binaries): Readonly<Record<string, string>> => {
  const paths = labPaths(tag);
  return {
    CTRSCOPE_LAB: tag,
    PATH: [...programs.path, process.env['PATH'] ?? ''].join(delimiter),
    CONTAINERD_ADDRESS: paths.address,
    CONTAINERD_SNAPSHOTTER: 'overlayfs', // ctr 2.x asks for it where several snapshotters load
    ...(docker === false
      ? {}
      : { DOCKER_HOST: `unix://${paths.dockerSocket}`, DOCKER_CONFIG: paths.dockerClientConfig }),
  };
};

const readVersions = async ({ tag, suite, docker }: LabRecord, programs: Binaries): Promise<LabVersions> => {
  const [containerd, dockerd, runc] = await Promise.all([
    containerdVersion(tag, suite),
    docker === false ? undefined : dockerVersions(tag),
    execa(programs.runc, ['--version']),
  ]);
  if (containerd === undefined)
    throw new Error(`containerd of lab ${tag} does not answer on ${labPaths(tag).address}`);
  if (docker !== false && dockerd === undefined) {
    throw new Error(`dockerd of lab ${tag} does not answer on ${labPaths(tag).dockerSocket}`);
  }
  return {
    containerd,
    dockerd: dockerd?.dockerd,
    runc: /^runc version (\S+)/m.exec(runc.stdout)?.[1] ?? 'unknown',
  };
};
