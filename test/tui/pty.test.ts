/** The UI as a process on a terminal of its own: what is left behind when it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import xterm from '@xterm/headless';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildDemo } from './demo-program.ts';

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrscope-tui-'));
  program = await buildDemo(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Session {
  readonly terminal: xterm.Terminal;
  readonly text: () => string;
  readonly write: (keys: string) => void;
  readonly pid: () => Promise<number>;
  /** The shell has printed what is left: the exit code and the modes of the terminal. */
  readonly over: Promise<void>;
}

const sessions: ChildProcess[] = [];
afterAll(() => {
  for (const child of sessions) child.kill();
});

// `script` makes the terminal, a shell on it runs the program and then shows how it was left.
const start = (scene: string, columns: number, rows: number): Session => {
  const pidFile = join(folder, `pid-${sessions.length}`);
  const command = [
    `stty rows ${rows} cols ${columns}`,
    `sh -c 'echo $$ > ${pidFile}; exec "${process.execPath}" "${program}"'`,
    'code=$?',
    'stty -a',
    'echo CODE=$code.',
  ].join('; ');
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, DEMO: scene, TERM: 'xterm-256color', LANG: 'C.UTF-8', CI: 'true' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  sessions.push(child);
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  child.stdout?.on('data', (chunk: Buffer) => terminal.write(chunk));
  const text = (): string => {
    const buffer = terminal.buffer.active;
    return Array.from(
      { length: buffer.length },
      (_, y) => buffer.getLine(y)?.translateToString(true) ?? '',
    ).join('\n');
  };
  return {
    terminal,
    text,
    write: (keys) => child.stdin?.write(keys),
    pid: async () => Number(await readFile(pidFile, 'utf8')),
    over: new Promise((resolve) => child.on('exit', () => terminal.write('', resolve))),
  };
};

const until = async (holds: () => boolean, what: () => string): Promise<void> => {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 300) throw new Error(`it did not come to that in 15 s; the screen is:\n${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const ENDINGS: readonly (readonly [string, number, string, (session: Session) => Promise<void> | void])[] = [
  ['q', 0, 'still', (s) => s.write('q')],
  ['Ctrl-C', 130, 'still', (s) => s.write('\x03')],
  ['SIGTERM', 143, 'still', async (s) => void process.kill(await s.pid(), 'SIGTERM')],
  ['SIGHUP', 129, 'still', async (s) => void process.kill(await s.pid(), 'SIGHUP')],
  ['an uncaught exception', 1, 'crash', () => undefined],
];

test.concurrent.each(ENDINGS)('%s: exit code %i, and the terminal as it was', async (_, code, scene, end) => {
  const session = start(scene, 80, 24);
  // `CI` is set, which must not blank the screen.
  await until(() => session.text().includes('Containers 13'), session.text);
  expect(session.terminal.buffer.active.type).toBe('alternate');
  await end(session);
  await session.over;
  const left = session.text();
  expect(left).toContain(`CODE=${code}.`);
  expect(left).toMatch(/(?<!-)\bicanon\b/);
  expect(left).toMatch(/(?<!-)\becho\b/);
  expect(session.terminal.buffer.active.type).toBe('normal');
  expect(session.terminal.modes.mouseTrackingMode).toBe('none');
  expect(session.terminal.modes.bracketedPasteMode).toBe(false);
  if (scene === 'crash')
    expect(left).toContain('ctrscope: the terminal UI failed: a fault that nobody caught');
  else expect(left).not.toContain('failed');
});

test('keys that are pressed before it has started do not bend its first frame', async () => {
  const session = start('still', 80, 24);
  for (let i = 0; i < 40 && !session.text().includes('Containers 13'); i += 1) {
    session.write('j');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  await until(() => session.text().includes('Containers 13'), session.text);
  const [title = '', tabs = '', rule = ''] = session.text().split('\n').slice(-24);
  expect(title).toMatch(/^ ctrscope {2}web-01 /);
  expect(tabs).toMatch(/^ 3 Tasks/);
  expect(rule).toMatch(/^─ Containers 13 ─+$/);
  session.write('q');
  await session.over;
});
