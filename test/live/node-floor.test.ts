import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';

import { sharedLab, skipReason } from '../lab/shared.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/ctrscope.cjs');
const FLOOR = [20, 19] as const;

/** Another Node on this machine than the one that runs the tests, where it is one that the program supports. */
const otherNode = async (): Promise<string | undefined> => {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'node');
    if (folder.includes('node_modules') || !existsSync(path)) continue;
    const { stdout } = await execa(path, ['-p', 'process.versions.node']);
    const [major = 0, minor = 0] = stdout.split('.').map(Number);
    const supported = major > FLOOR[0] || (major === FLOOR[0] && minor >= FLOOR[1]);
    if (supported && stdout !== process.versions.node) return path;
  }
  return undefined;
};

const node = await otherNode();
const reason = skipReason('bookworm') ?? (node === undefined ? 'no other Node on the PATH' : undefined);

describe.skipIf(reason !== undefined)(
  `one-shot commands run on the system's Node${reason ? `: ${reason}` : ''}`,
  () => {
    const lab = sharedLab('bookworm');

    test.for([
      ['get', 'namespaces', '-o', 'json'],
      ['get', 'containers', '-o', 'yaml'],
      ['inspect', '--all', '-o', 'json'],
      ['report', '-o', 'markdown'],
      ['doctor'],
      ['api', 'ping', '--count', '1'],
    ])('%j', async (args) => {
      const run = await execa(node ?? '', [PROGRAM, ...args], {
        env: lab().env,
        extendEnv: true,
        reject: false,
      });
      expect({ args, exitCode: run.exitCode, stderr: run.stderr }).toMatchObject({ exitCode: 0 });
      expect(run.stdout).not.toBe('');
    });
  },
);
