import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createInputReader, type InputEvent, parseInput } from '../../src/tui/input.ts';

const names = (text: string): readonly string[] =>
  parseInput(text).events.map((e) =>
    e.type === 'key' ? e.name : e.type === 'mouse' ? `${e.what}@${e.x},${e.y}` : `paste:${e.text}`,
  );

test.each([
  ['j', ['j']],
  ['é中', ['é', '中']],
  [' ', ['space']],
  ['\r\n\t\x7f\b', ['enter', 'enter', 'tab', 'backspace', 'backspace']],
  ['\x03\x10', ['ctrl-c', 'ctrl-p']],
  ['\x1b[A\x1bOB', ['up', 'down']],
  ['\x1b[1;2C\x1b[1;5D\x1b[1;6H', ['shift-right', 'ctrl-left', 'ctrl-shift-home']],
  ['\x1b[5~\x1b[6~\x1b[3;5~', ['pageup', 'pagedown', 'ctrl-delete']],
  ['\x1bOP\x1b[12~\x1b[21~\x1b[[A', ['f1', 'f2', 'f10', 'f1']],
  ['\x1b[Z', ['shift-tab']],
  ['\x1bx', ['alt-x']],
  ['\x1b[<0;5;3M\x1b[<0;5;3m', ['press@4,2']],
  ['\x1b[<64;1;1M\x1b[<65;1;1M\x1b[<2;1;1M', ['wheelUp@0,0', 'wheelDown@0,0']],
  ['\x1b[200~rm -rf /\r\x1b[201~j', ['paste:rm -rf /\r', 'j']],
  ['\x1b[?1;2c\x1b[I\x1b[24;80Rj', ['j']],
] as const)('%j', (text, expected) => {
  expect(names(text)).toEqual(expected);
});

test('a sequence that has only begun waits for its end', () => {
  for (const begun of ['\x1b', '\x1b[', '\x1b[1;', '\x1b[<0;5', '\x1bO', '\x1b[200~half']) {
    expect(parseInput(`j${begun}`)).toEqual({ events: [{ type: 'key', name: 'j', text: 'j' }], rest: begun });
  }
});

test('a sequence that arrives in pieces is one key; an ESC alone is the key', async () => {
  const events: InputEvent[] = [];
  const reader = createInputReader((event) => events.push(event));
  reader.push('\x1b');
  reader.push('[');
  reader.push('A');
  reader.push('\x1b');
  await new Promise((resolve) => setTimeout(resolve, 60));
  reader.push('j');
  expect(events.map((e) => e.type === 'key' && e.name)).toEqual(['up', 'esc', 'j']);
});

test('whatever arrives, all of it is read and nothing is written as text that is not printable', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { events, rest } = parseInput(text);
      expect(text.endsWith(rest)).toBe(true);
      expect(rest === '' || rest.startsWith('\x1b')).toBe(true);
      for (const event of events)
        if (event.type === 'key' && event.text !== undefined) expect(event.text >= ' ').toBe(true);
    }),
  );
});
