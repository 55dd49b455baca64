import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

import { type Lab, startLab } from './lab.ts';
import { seedLab } from './seed.ts';

/** `npm run demo`: ctrscope on a seeded lab of its own; arguments go to ctrscope, the lab goes when it ends. */
const PROGRAM = join(import.meta.dirname, '../../dist/ctrscope.cjs');

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof SIGNALS)[number];

/** The first signal ends the demo wherever it is; later ones do not hurry the tearing down. */
const interrupted = new Promise<Signal>((resolve) => {
  for (const name of SIGNALS) process.on(name, () => resolve(name));
});

/** The exit code of ctrscope in this lab, or of the signal that came first. */
const show = async (lab: Lab): Promise<number> => {
  const seeded = await Promise.race([seedLab(lab), interrupted]);
  if (typeof seeded === 'string') return exitCodeOf(seeded);
  note(`demo: ctrscope on lab ${lab.tag}, as anyone can: CONTAINERD_ADDRESS=${lab.address}`);
  const child = spawn(process.execPath, [PROGRAM, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, ...lab.env },
  });
  // A terminal sends Ctrl-C to the child too, which decides what it means; other signals come only here.
  void interrupted.then((name) => child.kill(name));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, name) => resolve(name === null ? (code ?? 1) : exitCodeOf(name)));
  });
};

const exitCodeOf = (name: NodeJS.Signals): number => 128 + constants.signals[name];

const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

try {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not there; "npm run build" makes it`);
  note('demo: starting containerd and dockerd of Debian bookworm, apart from those of this host');
  const lab = await startLab({ suite: 'bookworm', docker: 'graphdriver' });
  try {
    process.exitCode = await show(lab);
  } finally {
    await lab.stop();
    note(`demo: lab ${lab.tag} is down`);
  }
} catch (error) {
  note(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
process.exit();
