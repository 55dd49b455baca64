/** The terminal UI. */

import { App } from './app.tsx';
import { createBodyLoader } from './body-loader.ts';
import { pumpFeed } from './feed-pump.ts';
import { screenText } from './foreign.ts';
import type { Size } from './layout.ts';
import type { Effect, Happening } from './model.ts';
import type { ProcessLike, TuiOptions } from './options.ts';
import { createPainter, type Picture } from './picture.ts';
import { thisProcess } from './process.ts';
import { createProgram, type Program } from './program.ts';
import { holdStderr } from './stderr-hold.ts';
import { openTerminal, type Terminal } from './terminal.ts';
import { isUtf8, type Theme } from './theme.ts';

export type { TuiOptions } from './options.ts';
export { TUI_WANTS } from './views.ts';

interface Ending {
  readonly code: number;
  /** What went wrong, for stderr. */
  readonly message?: string;
}

// How long a feed may take to close its connections before we go without it.
const CLOSE_MS = 1000;

/**
 * Runs the UI until the user or a signal ends it.
 * @returns the exit code: 0 on q, 130, 143 and 129 on SIGINT, SIGTERM and SIGHUP, 1 after a crash.
 */
export const runTui = async (options: TuiOptions): Promise<number> => {
  const host = options.host ?? thisProcess;
  const release = holdStderr(options.stderr);
  const ending = await session(options, host).finally(release);
  if (ending.message !== undefined) {
    options.stderr.write(`ctrscope: the terminal UI failed: ${screenText(ending.message)}\n`);
  }
  await Promise.race([closed(options), new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())]);
  return ending.code;
};

// Resolves when the terminal has been given back.
async function session(options: TuiOptions, host: ProcessLike): Promise<Ending> {
  let end: (ending: Ending) => void = () => undefined;
  const ended = new Promise<Ending>((resolve) => {
    end = resolve;
  });
  const crash = (error: unknown): void =>
    end({ code: 1, message: error instanceof Error ? error.message : String(error) });
  const hangup = (): void => end({ code: 129 });
  const theme: Theme = { colour: options.colour, ascii: !isUtf8(options.env ?? process.env) };

  let terminal: Terminal | undefined;
  const program: Program = createProgram({ size: sizeOf(options), title: options.title }, (effect) =>
    run(effect),
  );
  const paintState = createPainter(theme);
  const picture = (): Picture => paintState(program.state());
  const open = (): Terminal =>
    openTerminal(options, <App subscribe={program.subscribe} picture={picture} />, program.state().mouse, {
      onInput: (event) => {
        program.send({ type: 'input', event });
        terminal?.flush();
      },
      onHangup: hangup,
      onError: crash,
    });
  const loader = createBodyLoader(program, options.details);
  const suspend = async (): Promise<void> => {
    terminal?.close();
    await host.suspend();
    terminal = open();
    resize();
  };
  const run = (effect: Effect): void => {
    switch (effect.do) {
      case 'quit':
        end({ code: effect.code });
        break;
      case 'refresh':
        options.feed.refresh();
        break;
      case 'reloadBody':
        loader.reload();
        break;
      case 'mouse':
        terminal?.setMouse(effect.on);
        break;
      case 'suspend':
        suspend().catch(crash);
        break;
      case 'copy': {
        const done = terminal?.copy(effect.text) === true;
        const text = done ? `copied ${effect.what}` : `${effect.what} is too long for the clipboard`;
        program.send({ type: 'said', text, style: done ? 'ok' : 'warn' });
      }
    }
  };
  const resize = (): void => {
    program.send({ type: 'resized', size: sizeOf(options) });
    // Ink hears of the new size after us, and must not draw the old picture into it.
    terminal?.redraw();
  };

  const listeners: readonly (readonly [string, (reason: unknown) => void])[] = [
    ['SIGINT', () => end({ code: 130 })],
    ['SIGTERM', () => end({ code: 143 })],
    ['SIGHUP', hangup],
    ['uncaughtException', crash],
    ['unhandledRejection', crash],
    // Whatever else ends the process, the terminal is given back first.
    ['exit', () => terminal?.close()],
  ];
  for (const [event, listener] of listeners) host.on(event, listener);
  options.stdout.on('resize', resize);
  try {
    terminal = open();
    pumpFeed(options.feed, measured(program, host)).catch(crash);
    return await ended;
  } catch (error) {
    return { code: 1, message: error instanceof Error ? error.message : String(error) };
  } finally {
    loader.stop();
    program.stop();
    terminal?.close();
    options.stdout.off('resize', resize);
    for (const [event, listener] of listeners) host.off(event, listener);
  }
}

function sizeOf({ stdout }: TuiOptions): Size {
  return { columns: stdout.columns || 80, rows: stdout.rows || 24 };
}

// Sends on what the feed says, and with each picture what we ourselves cost since the one before.
function measured(program: Program, host: ProcessLike): (happening: Happening) => void {
  let before = { ...host.usage(), at: performance.now() };
  return (happening) => {
    const ms = performance.now() - before.at;
    if (happening.type === 'snapshot' && ms >= 1000) {
      const usage = host.usage();
      const cpuPercent = (usage.cpuMicros - before.cpuMicros) / 10 / ms;
      before = { ...usage, at: performance.now() };
      program.send({ type: 'measured', cpuPercent, rss: usage.rss });
    }
    program.send(happening);
  };
}

async function closed({ feed }: TuiOptions): Promise<void> {
  // It is going away; what it might complain about no longer matters.
  await feed.close().catch(() => undefined);
}
