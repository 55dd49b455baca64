/** The UI in a terminal emulator, with a feed and a clock that the test holds: what a person would see. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import xterm from '@xterm/headless';
import stringWidth from 'string-width';
import { fileExporter } from '../../src/cli/export-file.ts';
import type { DetailSource, Feed, FeedItem } from '../../src/host/feed.ts';
import { absent } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { runTui } from '../../src/tui/index.tsx';
import type { TuiOptions } from '../../src/tui/options.ts';
import { AT } from './hosts.ts';

export interface Screen {
  readonly terminal: xterm.Terminal;
  /** All rows of the screen, without spaces at their ends. */
  readonly lines: () => readonly string[];
  readonly text: () => string;
  /** The line that holds a text, or an empty one. */
  readonly lineWith: (text: string) => string;
  /** Everything that was written to the terminal. */
  readonly written: () => string;
  readonly stderr: () => string;
  readonly press: (...keys: readonly string[]) => Promise<void>;
  readonly show: (host: HostSnapshot) => Promise<void>;
  readonly feed: (item: FeedItem) => Promise<void>;
  readonly endFeed: (error?: Error) => Promise<void>;
  readonly resize: (columns: number, rows: number) => Promise<void>;
  readonly hostEvents: EventEmitter;
  readonly isRaw: () => boolean;
  readonly suspended: () => number;
  readonly refreshed: () => number;
  /** The exit code, once the UI has ended. */
  readonly exited: Promise<number>;
  readonly settle: (ms?: number) => Promise<void>;
  /** Waits until a text is on the screen: for what is read before it is shown. */
  readonly shows: (text: string) => Promise<void>;
  /** Ends it, whatever state it is in. */
  readonly close: () => Promise<void>;
}

type Change = Partial<Pick<TuiOptions, 'colour' | 'env' | 'exporter' | 'title'>> & {
  readonly details?: Partial<DetailSource>;
};

export const KEYS = {
  up: '\x1b[A',
  down: '\x1b[B',
  shiftRight: '\x1b[1;2C',
  shiftLeft: '\x1b[1;2D',
  end: '\x1b[F',
  home: '\x1b[H',
  pageDown: '\x1b[6~',
  enter: '\r',
  esc: '\x1b',
  tab: '\t',
  f1: '\x1bOP',
  f2: '\x1bOQ',
  f10: '\x1b[21~',
  ctrlS: '\x13',
  ctrlC: '\x03',
  ctrlP: '\x10',
  ctrlZ: '\x1a',
} as const;

/** Far longer than anything takes that is made up. */
const SHOWN_MS = 10_000;

/** Starts the UI on a screen of a size. */
export const openScreen = async (columns = 80, rows = 24, change: Change = {}): Promise<Screen> => {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    allowProposedApi: true,
    // A terminal's driver makes CR LF of a line feed; there is none here.
    convertEol: true,
    scrollback: 0,
  });
  // The emulator's own table of widths is of 2010, when emoji were narrow.
  terminal.unicode.register(MODERN_WIDTHS);
  terminal.unicode.activeVersion = MODERN_WIDTHS.version;
  let written = '';
  let errors = '';
  let raw = false;
  let suspended = 0;
  const stdout = Object.assign(new EventEmitter(), {
    isTTY: true,
    writable: true,
    columns,
    rows,
    write: (chunk: string, done?: () => void) => {
      written += chunk;
      terminal.write(chunk, done);
      return true;
    },
  });
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (on: boolean) => {
      raw = on;
      return stdin;
    },
    ref: () => stdin,
    unref: () => stdin,
  });
  const stderr = Object.assign(new EventEmitter(), {
    write: (chunk: string) => {
      errors += chunk;
      return true;
    },
  });
  const hostEvents = new EventEmitter();
  const queue = feedQueue();
  const details: DetailSource = {
    body: () => Promise.resolve(absent('made up', AT)),
    chain: () => Promise.resolve(absent('made up', AT)),
    why: () => Promise.resolve(absent('made up', AT)),
    comparison: () => Promise.resolve(absent('made up', AT)),
    ...change.details,
  };
  const exited = runTui({
    feed: queue.feed,
    // Where there is no directory, nothing can be written by accident.
    exporter: fileExporter('/nonexistent'),
    colour: 'basic',
    title: { host: 'web-01', address: '/run/containerd/containerd.sock' },
    stdin: stdin as never,
    stdout: stdout as never,
    stderr: stderr as never,
    env: { LANG: 'C.UTF-8' },
    host: {
      on: (event, listener) => hostEvents.on(event, listener),
      off: (event, listener) => hostEvents.off(event, listener),
      suspend: () => {
        suspended += 1;
        return Promise.resolve();
      },
      usage: () => ({ cpuMicros: 0, rss: 64 * 1024 * 1024 }),
    },
    ...change,
    details,
  });
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  // A process that had to wait for the machine finds all its timers due at once, and what they lead to not yet done.
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  // At least so long, and then until nothing has been drawn for a moment: the machine may be busy.
  const settle = async (ms = 15): Promise<void> => {
    await sleep(ms);
    await turns();
    for (let seen = -1, tries = 0; seen !== written.length && tries < 50; tries += 1) {
      seen = written.length;
      await sleep(15);
      await turns();
    }
    await new Promise<void>((resolve) => terminal.write('', resolve));
  };
  const lines = (): readonly string[] =>
    Array.from(
      { length: terminal.rows },
      (_, y) => terminal.buffer.active.getLine(y)?.translateToString(true) ?? '',
    );
  await settle();
  return {
    terminal,
    lines,
    text: () => lines().join('\n'),
    lineWith: (text) => lines().find((line) => line.includes(text)) ?? '',
    written: () => written,
    stderr: () => errors,
    press: async (...keys) => {
      for (const key of keys) {
        stdin.write(key);
        // A lone ESC is known to be the key only after a while.
        await settle(key === KEYS.esc ? 45 : 15);
      }
    },
    show: async (host) => {
      queue.push({ kind: 'snapshot', host });
      await settle(120);
    },
    feed: async (item) => {
      queue.push(item);
      await settle(120);
    },
    endFeed: async (error) => {
      queue.end(error);
      await settle(120);
    },
    resize: async (toColumns, toRows) => {
      terminal.resize(toColumns, toRows);
      Object.assign(stdout, { columns: toColumns, rows: toRows });
      stdout.emit('resize');
      await settle(100);
    },
    hostEvents,
    isRaw: () => raw,
    suspended: () => suspended,
    refreshed: queue.refreshed,
    exited,
    settle,
    shows: async (text) => {
      for (const end = performance.now() + SHOWN_MS; performance.now() < end; ) {
        if (lines().join('\n').includes(text)) return;
        await settle();
      }
      throw new Error(`${JSON.stringify(text)} is not shown within ${SHOWN_MS} ms:\n${lines().join('\n')}`);
    },
    close: async () => {
      hostEvents.emit('SIGTERM');
      await exited;
    },
  };
};

const MODERN_WIDTHS: xterm.IUnicodeVersionProvider = {
  version: 'modern',
  wcwidth: (codePoint) => (/\p{Mn}|\p{Me}/u.test(String.fromCodePoint(codePoint)) ? 0 : cellsOf(codePoint)),
  // Packed as the emulator wants it: the width, and whether the character joins the one before it.
  charProperties: (codePoint, before) => {
    const width = MODERN_WIDTHS.wcwidth(codePoint);
    const widthBefore = (before >> 1) & 3;
    const joins = width === 0 && before !== 0 && widthBefore > 0;
    return ((joins ? widthBefore : width) << 1) | (joins ? 1 : 0);
  },
};

function cellsOf(codePoint: number): 0 | 1 | 2 {
  const cells = codePoint < 0x300 ? 1 : stringWidth(String.fromCodePoint(codePoint));
  return cells === 2 ? 2 : cells === 0 ? 0 : 1;
}

function feedQueue(): {
  readonly feed: Feed;
  readonly push: (item: FeedItem) => void;
  readonly end: (error?: Error) => void;
  readonly refreshed: () => number;
} {
  const items: FeedItem[] = [];
  let ended: { readonly error: Error | undefined } | undefined;
  let refreshed = 0;
  let wake: () => void = () => undefined;
  async function* iterate(): AsyncGenerator<FeedItem> {
    for (;;) {
      const item = items.shift();
      if (item !== undefined) {
        yield item;
      } else if (ended !== undefined) {
        if (ended.error !== undefined) throw ended.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  const end = (error?: Error): void => {
    ended ??= { error };
    wake();
  };
  return {
    feed: {
      [Symbol.asyncIterator]: iterate,
      refresh: () => {
        refreshed += 1;
      },
      close: () => {
        end();
        return Promise.resolve();
      },
    },
    push: (item) => {
      items.push(item);
      wake();
    },
    end,
    refreshed: () => refreshed,
  };
}
