import { join } from 'node:path';

import { execa } from 'execa';

import { failureOf } from './apt.ts';
import { onPath } from './available.ts';
import { withFileLock } from './file-lock.ts';
import { cacheFolder } from './paths.ts';

/** Programs without daemons that tests may want, and the Debian package of each. */
const PACKAGE_OF = {
  skopeo: 'skopeo',
  umoci: 'umoci',
  tmux: 'tmux',
  strace: 'strace',
  bpftrace: 'bpftrace',
  'docker-registry': 'docker-registry',
  'qemu-system-x86_64': 'qemu-system-x86',
} as const;

/** A program that the lab may install. */
export type LeafTool = keyof typeof PACKAGE_OF;

/**
 * Where a program is, installed from the host's own sources if it is missing; never a container daemon, never
 * at the price of another package.
 */
export const provideLeafTool = async (tool: LeafTool): Promise<string> =>
  onPath(tool) ?? (await withFileLock(join(cacheFolder(), 'leaf-tools.lock'), () => install(tool)));

const install = async (tool: LeafTool): Promise<string> => {
  const environment = { env: { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' } };
  const apt = (...args: string[]): Promise<unknown> =>
    execa('apt-get', ['--quiet=2', '-o', 'DPkg::Lock::Timeout=300', ...args], environment);
  const options = ['--yes', '--no-remove', '--no-install-recommends'];
  const there = onPath(tool); // another process may just have installed it
  if (there !== undefined) return there;
  try {
    await apt('install', ...options, PACKAGE_OF[tool]).catch(async () => {
      await apt('update'); // the host's lists may be missing or older than its mirror
      await apt('install', ...options, PACKAGE_OF[tool]);
    });
  } catch (error) {
    throw new Error(`unable to install ${PACKAGE_OF[tool]} for ${tool}: ${failureOf(error)}`);
  }
  const installed = onPath(tool);
  if (installed === undefined) throw new Error(`${PACKAGE_OF[tool]} is installed but ${tool} is not on PATH`);
  return installed;
};
