import fc from 'fast-check';
import { expect, test } from 'vitest';
import { width } from '../../src/text/width.ts';
import { cellText, screenText } from '../../src/tui/foreign.ts';
import { draftOf, editDraft, insert } from '../../src/tui/line-edit.ts';
import { fitLine, span, spansWidth } from '../../src/tui/spans.ts';
import { isUtf8, paint } from '../../src/tui/theme.ts';
import { wrapHard, wrapWords } from '../../src/tui/wrap.ts';

const COLOUR = { theme: 'default', ascii: false } as const;

test.each([
  ['plain', 'plain'],
  ['\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
  ['a\u202egpj.exe', 'a\\u202egpj.exe'],
  ['new\nline', 'new\\nline'],
  ['redis 中文', 'redis 中文'],
  ['e\u0301t\u00e9', 'e\u0301t\u00e9'],
  ['z\u0300\u0301\u0302\u0303', 'z\\u0300\\u0301\\u0302\\u0303'],
  ['\u0301lead', '\\u0301lead'],
  ['👍🏽', '👍\\u{1f3fd}'],
  ['❤\ufe0f', '❤\\ufe0f'],
  ['👨\u200d👩', '👨\\u200d👩'],
])('foreign text %j is shown as %s', (foreign, shown) => {
  expect(screenText(foreign)).toBe(shown);
});

test('shown text has the width that it is counted with, character by character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const shown = screenText(text);
      const counted = [...shown].reduce((sum, c) => sum + (/\p{Mn}/u.test(c) ? 0 : width(c)), 0);
      expect(width(shown)).toBe(counted);
    }),
  );
});

test('ids and digests are cut to twelve digits in a cell, wherever they stand', () => {
  const hex = 'a'.repeat(64);
  expect(cellText(hex)).toBe('a'.repeat(12));
  expect(cellText(`sha256:${hex}`)).toBe(`sha256:${'a'.repeat(12)}`);
  expect(cellText(`docker.io/x@sha256:${hex}`)).toBe(`docker.io/x@sha256:${'a'.repeat(12)}`);
  expect(cellText('a'.repeat(63))).toBe('a'.repeat(63));
});

test('a line is exactly as wide as its place, whatever is in it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme' })),
      fc.integer({ min: 1, max: 120 }),
      (texts, cells) => {
        const fitted = fitLine({ spans: texts.map((text) => span(screenText(text))) }, cells);
        expect(spansWidth(fitted.spans)).toBe(cells);
      },
    ),
  );
});

test('wrapped lines fit, and nothing is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 4, max: 80 }), (text, cells) => {
      const shown = screenText(text);
      const hard = wrapHard(shown, cells);
      expect(hard.join('')).toBe(shown);
      for (const line of [...hard, ...wrapWords(shown, cells)])
        expect(width(line)).toBeLessThanOrEqual(cells);
    }),
  );
  expect(wrapWords('one two three', 8)).toEqual(['one two', 'three']);
});

test('without colour only bold and reverse are left', () => {
  const line = { spans: [span('bad', 'bad'), span(' gone', 'muted')] };
  expect(paint([line], 8, COLOUR)).toBe('\x1b[1m\x1b[31mbad\x1b[22m\x1b[39m\x1b[2m gone\x1b[22m');
  expect(paint([line], 8, { ...COLOUR, theme: 'mono' })).toBe('\x1b[1mbad\x1b[22m gone');
});

test('without UTF-8 every sign has a twin in ASCII, and columns stay where they are', () => {
  expect(paint([{ spans: [span('▸ ● 中 …')] }], 10, { ...COLOUR, ascii: true })).toBe('> * ?? ~  ');
});

test.each([
  [{ LANG: 'C.UTF-8' }, true],
  [{ LANG: 'en_GB.utf8' }, true],
  [{ LANG: 'de_DE.UTF-8', LC_ALL: 'C' }, false],
  [{ LANG: 'C', LC_CTYPE: 'C.UTF-8', LC_ALL: '' }, true],
  [{}, false],
])('the locale of %j speaks UTF-8: %s', (env, expected) => {
  expect(isUtf8(env)).toBe(expected);
});

test('a line is edited at its cursor', () => {
  const typed = ['h', 'i', '!'].reduce(
    (draft, c) => editDraft(draft, { name: c, text: c }) ?? draft,
    draftOf(''),
  );
  const press = (...names: readonly string[]): string => {
    const draft = names.reduce((d, name) => editDraft(d, { name }) ?? d, typed);
    return `${draft.text.slice(0, draft.at)}|${draft.text.slice(draft.at)}`;
  };
  expect(press()).toBe('hi!|');
  expect(press('left', 'backspace')).toBe('h|!');
  expect(press('home', 'delete')).toBe('|i!');
  expect(press('ctrl-u')).toBe('|');
  expect(press('ctrl-w')).toBe('|');
  expect(editDraft(draftOf('ns=a image~b'), { name: 'ctrl-w' })?.text).toBe('ns=a ');
  expect(editDraft(draftOf('a𝄞'), { name: 'backspace' })?.text).toBe('a');
  expect(insert(draftOf('x'), 'a\r\nb').text).toBe('xa b');
  expect(editDraft(typed, { name: 'f5' })).toBeUndefined();
});
