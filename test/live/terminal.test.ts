import { beforeAll, describe, expect, test } from 'vitest';

import { seedLab } from '../lab/seed.ts';
import { sharedLab, skipReason } from '../lab/shared.ts';
import { command, ctrscope } from './program.ts';
import { rotatingSuites } from './rotation.ts';
import { openTmux, type TmuxScreen, thenLeft } from './tmux.ts';

/** The built program in a real terminal, as a person has it. */
describe.for(rotatingSuites().map((suite) => ({ suite, reason: skipReason(suite) })))(
  'the UI in a terminal, $suite',
  ({ suite, reason }) => {
    if (reason !== undefined) {
      test.skip(`skipped: ${reason}`, () => {});
      return;
    }
    const lab = sharedLab(suite);
    let screen: TmuxScreen;
    const press = (...keys: string[]): Promise<void> => screen.press(...keys);
    const shows = (what: RegExp): Promise<string> => screen.shows(what);

    beforeAll(async () => {
      await seedLab(lab());
      // CI in the environment must not blank the screen.
      screen = await openTmux(`export CI=true\n${thenLeft(command(['-a', lab().address]))}`, 160, 50);
      return () => screen.close();
    }, 120_000);

    test('shows every container with the state that containerd gives', async () => {
      const text = await shows(/running\s+web/);
      const { stdout } = await ctrscope(lab(), ['get', 'containers', '-q']);
      for (const id of stdout.trim().split('\n')) expect(text).toContain(id.slice(0, 12));
      expect(text).toMatch(/paused\s+paused/);
      expect(text).toMatch(/exited 3\s+exited/);
    });

    test('filters, changes the view and goes back', async () => {
      await press('/', 'p', 'a', 'u', 's', 'e', 'd', 'Enter');
      await shows(/Containers <1\/\d+>/);
      await press('Escape');
      await shows(/Containers \d+/);
      await press('5');
      await shows(/ctrscope-busybox/);
      await press('3');
      await shows(/running\s+web/);
    });

    test('fits every size, and says so where it cannot', async () => {
      for (const [columns, rows, sign] of [
        [80, 24, /running\s+web/],
        [50, 12, /need 60×15, have 50×12/],
        [20, 5, /need 60×15/],
        [160, 50, /running\s+web/],
      ] as const) {
        await screen.resize(columns, rows);
        const text = await shows(sign);
        for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
      }
    });

    test('says that containerd was killed, keeps what it showed, and is whole again when it is back', async () => {
      await press('3');
      const pid = lab().containerdPid;
      if (pid === undefined) throw new Error('the lab has no containerd to kill');
      const killedAt = performance.now();
      process.kill(pid, 'SIGKILL');
      const text = await shows(/disconnected/);
      const noticedMs = performance.now() - killedAt;
      expect(text).toMatch(/stale/);
      expect(text).toMatch(/web/);
      expect(text).toContain(lab().address);
      await lab().startContainerd();
      const startedAt = performance.now();
      const back = await shows(/● live/);
      const wholeMs = performance.now() - startedAt;
      process.stdout.write(
        `${suite}: disconnected ${noticedMs.toFixed(0)} ms after the kill, whole ${wholeMs.toFixed(0)} ms after the return\n`,
      );
      expect(back).not.toMatch(/disconnected|stale/);
      expect(back).toMatch(/running\s+web/);
    });

    test('says that containerd hangs, still answers keys, and is whole again when it goes on', async () => {
      const pid = lab().containerdPid;
      if (pid === undefined) throw new Error('the lab has no containerd to stop');
      process.kill(pid, 'SIGSTOP');
      try {
        expect(await shows(/disconnected/)).toMatch(/stale/);
        await press('5');
        await shows(/─ Images/);
        await press('3');
        await shows(/running\s+web/);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      expect(await shows(/● live/)).not.toMatch(/disconnected|stale/);
    });

    test('gives the terminal back', async () => {
      await press('q');
      const text = await shows(/left with 0/);
      expect(text).not.toContain('Containers');
      expect(await screen.isAlternate()).toBe(false);
    });

    test('prints the report where there is no terminal', async () => {
      const { stdout, exitCode } = await ctrscope(lab(), []);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^✓ PASS/);
      expect(stdout).toContain('NAMESPACES');
      expect(stdout).not.toContain('\u001b');
    });
  },
);
