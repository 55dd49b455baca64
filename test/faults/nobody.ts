import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { execa } from 'execa';

import type { Lab } from '../lab/lab.ts';
import { PROGRAM, type RunOptions } from './program.ts';

/** The uid and gid of nobody. */
export const NOBODY = 65534;

/**
 * How the program is run by somebody without any right. A checkout may be where only its owner can go, so node and the
 * program are mounted below the lab's root, which all may enter; stopping the lab unmounts them.
 */
export const asNobody = async (lab: Lab): Promise<RunOptions> => {
  // A folder of its own each time: nothing is ever written where something is mounted.
  const folder = await mkdtemp(join(lab.root, 'for-all-'));
  await chmod(folder, 0o711);
  const [node, dist] = [join(folder, 'node'), join(folder, 'dist')];
  await writeFile(node, '', { flag: 'wx' });
  await mkdir(dist);
  await mountReadOnly(process.execPath, node);
  await mountReadOnly(dirname(PROGRAM), dist);
  return {
    prefix: ['setpriv', '--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'],
    program: [node, join(dist, 'ctrscope.cjs')],
  };
};

const mountReadOnly = async (from: string, to: string): Promise<void> => {
  await execa('mount', ['--bind', from, to]);
  await execa('mount', ['-o', 'remount,bind,ro', to]);
};
