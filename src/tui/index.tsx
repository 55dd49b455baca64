/** The terminal UI. */

import { count } from '../text/units.ts';
import { App } from './app.tsx';
import { createBodyLoader } from './body-loader.ts';
import { createChainLoader } from './chain-loader.ts';
import { createComparisonLoader } from './comparison-loader.ts';
import { configPath, readConfig, saveConfig, unknownTheme } from './config-file.ts';
import { exportOf } from './export.ts';
import type { ExportFormat } from './exporter.ts';
import { createFeedPump } from './feed-pump.ts';
import { screenText } from './foreign.ts';
import type { Size } from './layout.ts';
import { type Effect, type Happening, NEW_LIST, type Start } from './model.ts';
import type { ProcessLike, TuiOptions } from './options.ts';
import { createPainter, type Picture } from './picture.ts';
import { thisProcess } from './process.ts';
import { createProgram, type Program } from './program.ts';
import { holdStderr } from './stderr-hold.ts';
import { openTerminal, type Terminal } from './terminal.ts';
import { isUtf8, type ThemeName, themeNamed } from './theme.ts';
import { createWhyLoader } from './why-loader.ts';

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
  const env = options.env ?? process.env;
  const { start, complaint } = await startOf(options, env);

  let terminal: Terminal | undefined;
  const program: Program = createProgram(start, (effect) => run(effect));
  const paintState = createPainter({ ascii: !isUtf8(env) });
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
  const pump = createFeedPump(options.feed, measured(program, host));
  const loaders = [createBodyLoader, createChainLoader, createWhyLoader, createComparisonLoader].map(
    (create) => create(program, options.details),
  );
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
        for (const loader of loaders) loader.reload();
        break;
      case 'export':
        exportView(program, options, effect.format).catch(crash);
        break;
      case 'save':
        save(program).catch(crash);
        break;
      case 'mouse':
        terminal?.setMouse(effect.on);
        break;
      case 'pace':
        pump.setPace(effect.ms);
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
    if (complaint !== undefined) program.send({ type: 'said', text: complaint, style: 'warn' });
    terminal = open();
    pump.run().catch(crash);
    return await ended;
  } catch (error) {
    return { code: 1, message: error instanceof Error ? error.message : String(error) };
  } finally {
    for (const loader of loaders) loader.stop();
    program.stop();
    terminal?.close();
    options.stdout.off('resize', resize);
    for (const [event, listener] of listeners) host.off(event, listener);
  }
}

function sizeOf({ stdout }: TuiOptions): Size {
  return { columns: stdout.columns || 80, rows: stdout.rows || 24 };
}

// The environment names the theme before the configuration does; without colours neither is asked.
async function startOf(
  options: TuiOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly start: Start; readonly complaint: string | undefined }> {
  const path = configPath(env);
  const config = await readConfig(path);
  const named = env['CTRSCOPE_THEME'] ?? '';
  const isWrong = named !== '' && themeNamed(named) === undefined;
  const theme: ThemeName = themeNamed(named) ?? config.theme ?? 'default';
  const colours = options.colour !== 'none';
  const lists = Object.entries(config.sorts).map(([view, sort]) => [view, { ...NEW_LIST, sort }] as const);
  const start: Start = {
    size: sizeOf(options),
    title: options.title,
    theme: colours ? theme : 'mono',
    colours,
    places: { config: path ?? null, exports: options.exporter.directory },
    lists: Object.fromEntries(lists),
  };
  return { start, complaint: isWrong ? `CTRSCOPE_THEME: ${unknownTheme(named)}` : config.complaint };
}

async function exportView(program: Program, { exporter }: TuiOptions, format: ExportFormat): Promise<void> {
  const wanted = exportOf(program.state(), format);
  try {
    if (wanted === undefined) throw new Error('there is no list yet');
    const path = await exporter.write(wanted);
    const rows = count(wanted.items?.length ?? 0, 'row');
    program.send({ type: 'said', text: `${rows} in ${path}`, style: 'ok' });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    program.send({ type: 'said', text: `not exported: ${why}`, style: 'warn' });
  }
}

async function save(program: Program): Promise<void> {
  const { theme, colours, lists, places } = program.state();
  const sorts = Object.entries(lists).flatMap(([view, { sort }]) =>
    sort === null ? [] : [[view, sort] as const],
  );
  try {
    if (places.config === null) throw new Error('neither XDG_CONFIG_HOME nor HOME is set');
    // A theme that only the terminal forbids is still the user's.
    await saveConfig(places.config, {
      theme: colours ? theme : undefined,
      sorts: Object.fromEntries(sorts),
    });
    program.send({ type: 'said', text: `theme and orders saved in ${places.config}`, style: 'ok' });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    program.send({ type: 'said', text: `not saved: ${why}`, style: 'warn' });
  }
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
