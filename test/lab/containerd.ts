import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter } from 'node:path';

import { execa } from 'execa';

import { type Binaries, binaries } from './binaries.ts';
import { startDaemon } from './daemon.ts';
import { labPaths } from './paths.ts';
import type { ProcessIdentity } from './processes.ts';
import type { Suite } from './suites.ts';

/** What of a lab's containerd can be chosen. */
export type ContainerdOptions = {
  readonly cri: boolean;
  /** Plugins that do not load, besides CRI where that is off. */
  readonly disabledPlugins?: readonly string[];
  /** More TOML, at the end of the configuration: whole tables that the lab itself does not write. */
  readonly extraConfig?: string;
};

/** Writes the configuration of a lab's containerd; once, at the lab's start. */
export const writeContainerdConfig = async (
  tag: string,
  suite: Suite,
  options: ContainerdOptions,
): Promise<void> => {
  const paths = labPaths(tag);
  await mkdir(paths.runcRoot, { recursive: true, mode: 0o711 });
  await mkdir(paths.fifoDir, { recursive: true, mode: 0o700 });
  await writeFile(paths.containerdConfig, containerdConfig(tag, suite, options));
};

/** The configuration: root, state and address always, since each left out means the host's own. */
export const containerdConfig = (
  tag: string,
  suite: Suite,
  { cri, disabledPlugins = [], extraConfig }: ContainerdOptions,
): string => {
  const paths = labPaths(tag);
  const disabled = [...(cri ? [] : ['io.containerd.grpc.v1.cri']), ...disabledPlugins];
  const lines = [
    'version = 2',
    `root = "${paths.containerdRoot}"`,
    `state = "${paths.state}"`,
    `disabled_plugins = ${JSON.stringify(disabled)}`,
    '[grpc]',
    `  address = "${paths.address}"`,
    '[plugins."io.containerd.internal.v1.opt"]',
    `  path = "${paths.optPlugins}"`,
    // Two containerds with NRI would fight over one socket; 1.6 does not have it.
    ...(suite === 'bookworm' ? [] : ['[plugins."io.containerd.nri.v1.nri"]', '  disable = true']),
    ...(cri ? criConfig(tag) : []),
    ...(extraConfig === undefined ? [] : [extraConfig]),
  ];
  return `${lines.join('\n')}\n`;
};

/** Starts the containerd of a lab and waits until it answers. */
export const startContainerd = (tag: string, suite: Suite): Promise<ProcessIdentity> => {
  const programs = binaries(suite);
  const paths = labPaths(tag);
  return startDaemon({
    tag,
    name: 'containerd',
    file: programs.containerd,
    args: ['--config', paths.containerdConfig],
    env: daemonEnvironment(programs),
    socket: paths.address,
    answers: async () => ((await containerdVersion(tag, suite)) === undefined ? undefined : true),
  });
};

/** What the daemon says its version is; `undefined` while it does not answer. */
export const containerdVersion = async (tag: string, suite: Suite): Promise<string | undefined> => {
  const { stdout } = await execa(binaries(suite).ctr, ['--address', labPaths(tag).address, 'version'], {
    reject: false,
    timeout: 5_000,
  });
  return /^Server:\n\s+Version:\s+(\S+)/m.exec(stdout ?? '')?.[1];
};

/** The environment of a lab's daemons: their own programs before the host's, and no other daemon's address. */
export const daemonEnvironment = (programs: Binaries): NodeJS.ProcessEnv => {
  const environment = { ...process.env };
  for (const name of ['CONTAINERD_ADDRESS', 'CONTAINERD_NAMESPACE', 'DOCKER_HOST', 'NOTIFY_SOCKET']) {
    delete environment[name];
  }
  environment['PATH'] = [...programs.path, process.env['PATH'] ?? ''].join(delimiter);
  return environment;
};

/** CRI with nothing that a second containerd on the host could collide with. */
const criConfig = (tag: string): readonly string[] => {
  const paths = labPaths(tag);
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return [
    `[${cri}]`,
    '  stream_server_address = "127.0.0.1"',
    '  stream_server_port = "0"',
    '  sandbox_image = "registry.test/ctrscope/pause:1"',
    `[${cri}.cni]`,
    '  bin_dir = "/usr/lib/cni"',
    `  conf_dir = "${paths.root}/cni"`,
    `[${cri}.containerd.runtimes.runc]`,
    '  runtime_type = "io.containerd.runc.v2"',
    `[${cri}.containerd.runtimes.runc.options]`,
    `  Root = "${paths.runcRoot}"`,
  ];
};
