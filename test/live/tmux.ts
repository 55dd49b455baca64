/** A program in a real terminal: tmux types, and says what is on the screen. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

import { provideLeafTool } from '../lab/leaf-tools.ts';
import { until } from '../lab/until.ts';

export interface TmuxScreen {
  /** What stands on it, without spaces at the ends of lines. */
  readonly text: () => Promise<string>;
  /** The same with its colours, as escape sequences. */
  readonly ansi: () => Promise<string>;
  /** Keys by tmux's names: `a`, `Enter`, `C-p`, `F2`. */
  readonly press: (...keys: readonly string[]) => Promise<void>;
  readonly resize: (columns: number, rows: number) => Promise<void>;
  /** Waits until the text fits. */
  readonly shows: (what: RegExp, deadlineMs?: number) => Promise<string>;
  /** Whether the program has the terminal's second screen. */
  readonly isAlternate: () => Promise<boolean>;
  readonly close: () => Promise<void>;
}

/** Runs a shell script on a terminal of a size; tmux is installed where it is missing. */
export const openTmux = async (script: string, columns: number, rows: number): Promise<TmuxScreen> => {
  const tmux = await provideLeafTool('tmux');
  const folder = await mkdtemp(join(tmpdir(), 'ctrscope-tmux-'));
  const control = async (...args: readonly string[]): Promise<string> =>
    (await execa(tmux, ['-S', join(folder, 'tmux'), '-f', '/dev/null', ...args])).stdout;
  const file = join(folder, 'run.sh');
  await writeFile(file, script);
  const size = ['-x', String(columns), '-y', String(rows)];
  await control('new-session', '-d', '-s', 'ui', ...size, `sh '${file}'`);
  const text = (): Promise<string> => control('capture-pane', '-p', '-t', 'ui');
  return {
    text,
    ansi: () => control('capture-pane', '-p', '-e', '-t', 'ui'),
    press: async (...keys) => void (await control('send-keys', '-t', 'ui', ...keys)),
    resize: async (width, height) =>
      void (await control('resize-window', '-t', 'ui', '-x', String(width), '-y', String(height))),
    shows: (what, deadlineMs = 20_000) =>
      until(
        `the screen shows ${what}`,
        async () => {
          const now = await text();
          return what.test(now) ? now : undefined;
        },
        { deadlineMs, everyMs: 50 },
      ),
    isAlternate: async () => (await control('display-message', '-p', '-t', 'ui', '#{alternate_on}')) === '1',
    close: async () => {
      await control('kill-server').catch(() => undefined); // it may have gone with its last session
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** A command as a line of the script, then its exit code, and then the screen stays. */
export const thenLeft = ([file, args]: readonly [string, readonly string[]]): string =>
  `${[file, ...args].map((word) => `'${word}'`).join(' ')}\necho "left with $?"\nexec cat\n`;
