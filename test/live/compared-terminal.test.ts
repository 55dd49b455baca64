import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';

import { scratchFolder } from '../bolt/scratch.ts';
import { seedLab } from '../lab/seed.ts';
import { sharedLab, skipReason } from '../lab/shared.ts';
import { command, ctrscope, documentOf } from './program.ts';
import { rotatingSuites } from './rotation.ts';
import { openTmux, type TmuxScreen, thenLeft } from './tmux.ts';

/** The comparison and the holders in a real terminal: what the commands say, on a host that runs and on its disk. */
describe.for(rotatingSuites().map((suite) => ({ suite, reason: skipReason(suite) })))(
  'Reconcile and Why in a terminal, $suite',
  ({ suite, reason }) => {
    if (reason !== undefined) {
      test.skip(`skipped: ${reason}`, () => {});
      return;
    }
    const lab = sharedLab(suite, { docker: suite === 'sid' ? 'containerd' : 'graphdriver' });
    const scratch = scratchFolder();
    /** A disk on which both have left their files where they are by default. */
    const disk = (): string => scratch('disk');

    beforeAll(async () => {
      await seedLab(lab());
      const lib = join(disk(), 'var/lib');
      await mkdir(lib, { recursive: true });
      // Without what is mounted there for the running containers.
      await execa('cp', ['-ax', lab().containerdRoot, join(lib, 'containerd')]);
      await execa('cp', ['-ax', lab().dockerRoot ?? '', join(lib, 'docker')]);
    }, 120_000);

    const called = (screen: TmuxScreen, ...words: readonly string[]): Promise<void> =>
      screen.press(':', ...words.flatMap((word, i) => [...(i === 0 ? [] : ['Space']), ...word]), 'Enter');

    const rowsAndHolders = async (from: readonly string[], unset: string): Promise<void> => {
      const screen = await openTmux(`${unset}${thenLeft(command(from))}`, 200, 50);
      try {
        await screen.shows(/─ Containers \d+/);
        await called(screen, 'reconcile');
        const text = await screen.shows(/─ Reconcile \d+ · /);
        const { items = [] } = await documentOf(lab(), ['reconcile', ...from]);
        expect(items.length).toBeGreaterThan(4);
        expect(text).toContain(`─ Reconcile ${items.length} · `);
        const rows = items.map(({ state, kind, name }) => [state, kind, name].join(' '));
        const lines = text.split('\n').map((line) => line.replaceAll(/\s+/g, ' '));
        for (const row of rows) expect(lines.filter((line) => line.includes(row))).toHaveLength(1);
        expect(text).toContain(String(items[0]?.['rule']).slice(0, 40));

        await called(screen, 'why', 'seed-top');
        const held = await screen.shows(/seed-top {2}Summary[\s\S]*It holds:/);
        const { stdout } = await ctrscope(lab(), ['why', 'seed-top', ...from]);
        const [sentence = ''] = stdout.split('\n');
        const pane = held.split('\n').map((line) => line.split('│').at(-1)?.trim());
        expect(pane.join(' ')).toContain(sentence);
        await screen.press('q');
        await screen.shows(/left with 0/);
      } finally {
        await screen.close();
      }
    };

    test('show of the daemons what reconcile and why say', async () => {
      await rowsAndHolders(
        ['-a', lab().address, '--docker-host', `unix://${lab().dockerSocket}`],
        'export CI=true\n',
      );
    });

    test('show of a disk what reconcile and why say', async () => {
      await rowsAndHolders(['--root', disk()], 'unset CONTAINERD_ADDRESS DOCKER_HOST\n');
    });
  },
);
