/**
 * A person's session through every view and state, in a real terminal at three sizes; each frame is compared with one
 * that was looked at. `CTRSCOPE_FRAMES=write` writes them anew: look at what `git diff` then shows.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { labUnavailable } from '../lab/available.ts';
import { until } from '../lab/until.ts';
import { buildDemo } from '../tui/demo-program.ts';
import { SCENES, type Step } from './session-steps.ts';
import { openTmux, type TmuxScreen } from './tmux.ts';

const SIZES = [
  [160, 50],
  [100, 30],
  [60, 15],
] as const;

const FRAMES = new URL('frames/', import.meta.url).pathname;
const isWriting = process.env['CTRSCOPE_FRAMES'] === 'write';
const reason = labUnavailable();
const words = reason === undefined ? '' : `, skipped: ${reason}`;

describe(`a session through every view and state${words}`, { skip: reason !== undefined }, () => {
  let folder = '';
  let program = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ctrscope-session-'));
    program = await buildDemo(folder);
    return () => rm(folder, { recursive: true, force: true });
  });

  describe.for(SIZES)('%d×%d', ([columns, rows]) => {
    for (const { scene, as = scene, env = {}, steps } of SCENES) {
      describe(as, () => {
        let screen: TmuxScreen;
        beforeAll(async () => {
          const settings = Object.entries({ TZ: 'UTC', LANG: 'C.UTF-8', CI: 'true', DEMO: scene, ...env });
          const exports = settings.map(([name, value]) => `export ${name}='${value}'\n`).join('');
          const script = `${exports}'${process.execPath}' '${program}'\necho "left with $?"\nexec cat\n`;
          screen = await openTmux(script, columns, rows);
        });
        afterAll(() => screen.close());

        test.for(steps.map((step) => [step.name, step] as const))('%s', async ([, step]) => {
          for (const key of step.keys) {
            await screen.press(key);
            // The terminal's own keys begin with this byte too: what follows at once would be read with it.
            if (key === 'Escape') await still(screen);
          }
          const frame = await frameOf(screen, step);
          for (const line of frame.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
          const file = join(FRAMES, `${columns}x${rows}`, `${as}-${step.name}.txt`);
          if (isWriting) {
            await mkdir(join(file, '..'), { recursive: true });
            await writeFile(file, frame);
          }
          expect(existsSync(file), `${file} is not there: this frame was never looked at`).toBe(true);
          expect(frame).toBe(await readFile(file, 'utf8'));
        });
      });
    }
  });
});

/** The screen once it shows what is expected and stands still, without what differs from run to run. */
const frameOf = async (screen: TmuxScreen, { sign }: Step): Promise<string> => {
  await screen.shows(sign);
  return still(screen);
};

const still = (screen: TmuxScreen): Promise<string> => {
  let last: string | undefined;
  return until(
    'the screen stands still',
    async () => {
      const now = steady(await screen.text());
      const isStill = now === last;
      last = now;
      return isStill ? now : undefined;
    },
    { deadlineMs: 20_000, everyMs: 100 },
  );
};

// Seconds that count, and what the program itself costs; each keeps its width.
const steady = (text: string): string =>
  text
    .replace(/\d+( s old)/g, 'N$1')
    .replace(/(retry in|next try in) \d+ s/g, '$1 N s')
    .replace(/(— )\d+ s$/gm, '$1N s')
    .replace(/[⠋⠙⠹⠸]/g, '⠋')
    .replace(/self .*$/gm, 'self …')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
