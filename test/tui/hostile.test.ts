/** Names are chosen by strangers: what they put into them never reaches the terminal, nor bends the frame. */
import { afterEach, expect, test } from 'vitest';
import { containerId, namespaceName } from '../../src/host/ids.ts';
import { containerOf, hostOf, listed, taskOf } from './hosts.ts';
import { KEYS, openScreen, type Screen } from './screen.ts';

let screen: Screen;
afterEach(() => screen.close());

const NAMES: readonly string[] = [
  '\x1b]0;owned\x07title',
  '\x1b[2J\x1b[Hcleared',
  '\x1b[31mred\x1b[0m',
  '\x9b2Jc1',
  'rtl\u202egpj.sh',
  'isolate\u2067\u2069',
  'zero\u200bwidth\u200djoin',
  'line\nbreak\r\ttab',
  '中文の名前テスト中文の名前テスト中文の名前テスト中文の名前テスト中文',
  `combining${'e\u0301'.repeat(40)}`,
  `zalgo${'\u0300\u0316'.repeat(500)}`,
  '\u0301leading mark',
  '👩🏽‍🚀 ❤️ 🇩🇪 flags',
  'ﷺ﷽ wide arabic',
  'नमस्ते हिन्दी',
  'lone\ud800surrogate',
  `${'x'.repeat(10_000)}`,
  `${'界'.repeat(10_000)}`,
  `${'\x1b[31m'.repeat(2000)}`,
];

const host = hostOf({
  'containerd.containers': listed(
    NAMES.map((name) =>
      containerOf({
        id: containerId(name),
        namespace: namespaceName(name.slice(0, 200)),
        image: name,
        labels: { [name]: name },
      }),
    ),
  ),
  'containerd.tasks': listed(
    NAMES.map((name) => taskOf(name, 'RUNNING', { namespace: namespaceName(name.slice(0, 200)) })),
  ),
});

// What Ink and we may write: text, line breaks, SGR, cursor and erase commands, modes, and nothing else.
const ALLOWED = /\x1b\[[\d;]*[mABCDEFGHJK]|\x1b\[\?[\d;]+[hl]|[\r\n]/g;

test.each([
  [80, 24],
  [160, 50],
  [60, 15],
])('%i×%i: the frame stands whatever the names are', async (columns, rows) => {
  screen = await openScreen(columns, rows);
  await screen.show(host);
  for (const name of NAMES) {
    await screen.press('j]');
    const lines = screen.lines();
    expect(lines[0], JSON.stringify(name)).toMatch(/^ ctrscope/);
    expect(lines[2]).toMatch(/^─ /);
    expect(lines[rows - 2]).toMatch(/^ \? help/);
    expect(lines[rows - 1]).toBe('');
    expect(screen.terminal.buffer.active.length).toBe(rows);
    if (columns >= 120) {
      const x = lines[2]?.indexOf('┬') ?? -1;
      for (let y = 3; y < rows - 2; y += 1) {
        expect(screen.terminal.buffer.active.getLine(y)?.getCell(x)?.getChars(), `row ${y}`).toBe('│');
      }
    }
  }
  const rest = screen.written().replace(ALLOWED, '');
  expect(rest).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
});

test('a hostile filter, flash and address are escaped as well', async () => {
  screen = await openScreen();
  await screen.show(host);
  await screen.press('/', '\x1b[200~\u202ex\u0007\x1b[201~', KEYS.enter);
  expect(screen.lineWith('Containers')).toContain('/\\u202ex');
  await screen.press(KEYS.esc);
  await screen.feed({ kind: 'lost', why: 'said \x1b]0;owned\x07', retryInMs: 1000 });
  expect(screen.lineWith('retry')).toContain('said \\x1b]0;owned\\x07');
});
