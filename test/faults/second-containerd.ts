import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { execa } from 'execa';

import { daemonEnvironment } from '../lab/containerd.ts';
import type { Lab } from '../lab/lab.ts';
import {
  argvOf,
  identify,
  killProcesses,
  listPids,
  type ProcessIdentity,
  stopProcesses,
} from '../lab/processes.ts';
import { until } from '../lab/until.ts';

/** How the second daemon of a lab differs. */
export type SecondOptions = {
  /** @default below its own folder */
  readonly address?: string;
  /** @default below its own folder */
  readonly containerdRoot?: string;
  /** Put before the daemon: `unshare …`. */
  readonly prefix?: readonly string[];
  /** Whether to wait until it answers; one that waits for a lock never does. @default true */
  readonly answers?: boolean;
};

/** A containerd of the lab's suite beside the lab's own. */
export type SecondContainerd = {
  readonly address: string;
  /** In our pid namespace. */
  readonly pid: number;
  /** TERM, as a service manager would: it removes the file at its address. */
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
};

let count = 0;

/** Starts a second containerd below the lab's root; stopping the lab ends it, too. */
export const startSecond = async (
  lab: Lab,
  { address, containerdRoot, prefix = [], answers = true }: SecondOptions = {},
): Promise<SecondContainerd> => {
  const folder = join(lab.root, `second-${++count}`);
  await mkdir(folder, { mode: 0o711 });
  const served = address ?? join(folder, 'c.sock');
  const config = join(folder, 'config.toml');
  await writeFile(config, configOf(lab, folder, served, containerdRoot ?? join(folder, 'root')));
  const log = join(folder, 'log');
  const output = openSync(log, 'a');
  const [file = '', ...args] = [...prefix, lab.programs.containerd, '--config', config];
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', output, output],
    env: daemonEnvironment(lab.programs),
    cwd: '/',
  });
  closeSync(output);
  child.on('error', () => {}); // said below
  child.unref();
  // Behind a prefix it is a grandchild.
  const found = (): ProcessIdentity | undefined =>
    listPids()
      .filter((pid) => basename(argvOf(pid)[0] ?? '') === 'containerd' && argvOf(pid).includes(config))
      .flatMap((pid) => identify(pid) ?? [])[0];
  const own = await until(`a second containerd of lab ${lab.tag} runs`, found);
  if (answers) {
    await until(`the second containerd of lab ${lab.tag} answers`, async () => {
      if (found() === undefined) throw new Error(`it ended:\n${readFileSync(log, 'utf8')}`);
      const { exitCode } = await execa(lab.programs.ctr, ['--address', served, 'version'], { reject: false });
      return exitCode === 0 ? true : undefined;
    });
  }
  return {
    address: served,
    pid: own.pid,
    stop: () => stopProcesses([own], { graceMs: 5_000 }),
    kill: () => killProcesses([own]),
  };
};

const configOf = (lab: Lab, folder: string, address: string, root: string): string =>
  [
    'version = 2',
    `root = "${root}"`,
    `state = "${join(folder, 'state')}"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    '[grpc]',
    `  address = "${address}"`,
    '[plugins."io.containerd.internal.v1.opt"]',
    `  path = "${join(folder, 'opt')}"`,
    ...(lab.suite === 'bookworm' ? [] : ['[plugins."io.containerd.nri.v1.nri"]', '  disable = true']),
    '',
  ].join('\n');
