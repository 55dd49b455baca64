import { expect, test } from 'vitest';
import { helpLines } from '../../src/tui/help.ts';
import { BINDINGS, commandFor, keyLabel } from '../../src/tui/keys.ts';
import { VIEWS } from '../../src/tui/views.ts';

test('no key means two things in one scope', () => {
  const seen = new Set<string>();
  for (const { keys, scope } of BINDINGS) {
    for (const key of keys) {
      for (const where of scope.includes('all') ? ['panes', 'overlay', 'line'] : scope) {
        expect(seen, `${key} in ${where}`).not.toContain(`${where} ${key}`);
        seen.add(`${where} ${key}`);
      }
    }
  }
});

test('every view with a digit is opened by it', () => {
  for (const { digit, name } of VIEWS) {
    if (digit !== null) expect(commandFor(digit, 'panes')).toBe(`view:${name}`);
  }
});

test('letters write while a line is typed, and Ctrl-C still quits', () => {
  expect(commandFor('q', 'line')).toBeUndefined();
  expect(commandFor('ctrl-c', 'line')).toBe('interrupt');
});

test.each([
  ['ctrl-p', 'Ctrl-P'],
  ['shift-left', 'Shift-←'],
  ['shift-tab', 'Shift-Tab'],
  ['f10', 'F10'],
  ['G', 'G'],
  ['g', 'g'],
  ['-', '-'],
  ['pagedown', 'PgDn'],
])('%s is written %s', (key, label) => {
  expect(keyLabel(key)).toBe(label);
});

test.each([60, 80, 160])('the help in %i columns names every key and its words', (cells) => {
  const text = helpLines(cells)
    .map((line) => line.spans.map((span) => span.text).join(''))
    .join('\n');
  const words = text.replace(/\s+/g, ' ');
  for (const binding of BINDINGS) {
    for (const key of binding.keys) expect(text).toContain(keyLabel(key));
    expect(words).toContain(binding.words.split(' ')[0]);
  }
});
