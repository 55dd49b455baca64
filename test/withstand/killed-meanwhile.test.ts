import { readFileSync } from 'node:fs';

import { afterEach, expect, test } from 'vitest';

import { ctrscope } from '../faults/program.ts';
import { importSingleImage } from '../lab/images.ts';
import type { Lab } from '../lab/lab.ts';
import { identify, killProcesses } from '../lab/processes.ts';
import { describeLab } from '../lab/shared.ts';
import { shimsOf } from '../lab/shims.ts';
import { until } from '../lab/until.ts';
import { rotatingSuites } from '../live/rotation.ts';
import { answerOf, isInert } from './answers.ts';

describeLab('containerd killed while somebody looks', { on: rotatingSuites('killed') }, (lab) => {
  afterEach(() => lab().startContainerd());

  test.for(['tasks', 'containers', 'report'])('ends %s with what is known, and no trace', async (what) => {
    const image = await importSingleImage(lab());
    await lab().ctr(['run', '--detach', image, `slow-${what}`, '/bin/sleep', '86400']);
    // A stopped shim keeps the call open for two seconds: the kill comes in the middle of it.
    const shim = shimsOf(lab().tag).find(({ id }) => id === `slow-${what}`);
    if (shim === undefined) throw new Error('the container has no shim');
    process.kill(shim.process.pid, 'SIGSTOP');
    try {
      const before = new Set(acceptedAt(lab().address));
      const running = ctrscope(lab(), what === 'report' ? ['report'] : ['get', what]);
      await until('the program has connected', () =>
        acceptedAt(lab().address).find((inode) => !before.has(inode)),
      );
      await kill(lab());
      const run = await running;
      expect([1, 3, 5], run.stderr).toContain(run.exitCode);
      isInert(run);
      if (what === 'report') {
        expect(run.exitCode).toBe(3);
        expect(run.stdout).toMatch(/^✗ FAIL: /);
      } else {
        expect(run.stderr).toMatch(
          new RegExp(` at ${lab().address}: .*(no process listens|Connection dropped|closed)`),
        );
      }
    } finally {
      process.kill(shim.process.pid, 'SIGCONT');
    }
  });

  test('and started again is whole again', async () => {
    const { exitCode, items } = await answerOf(lab(), ['get', 'containers']);
    expect(exitCode).toBe(0);
    expect(items?.map(({ id }) => id)).toEqual(['slow-containers', 'slow-report', 'slow-tasks']);
  });
});

const kill = async (lab: Lab): Promise<void> => {
  const process = identify(lab.containerdPid ?? 0);
  if (process === undefined) throw new Error(`containerd of lab ${lab.tag} does not run`);
  await killProcesses([process]);
};

/** Connections that the daemon at an address holds: accepted sockets have the name of the one that accepted them. */
const acceptedAt = (address: string): readonly string[] =>
  readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .filter((line) => line.endsWith(` ${address}`))
    .flatMap((line) => / 00000000 \S+ 03 +(\d+) /.exec(line)?.[1] ?? []);
