import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { escapeCsv, escapeJson, escapeMarkdown, escapeText } from '../../src/text/escape.ts';
import { ACTS_ON_TERMINALS, foreignText } from './foreign-text.ts';

describe('text for a terminal', () => {
  test.for([
    ['plain words, ünïcode, 漢字 and 🐳', 'plain words, ünïcode, 漢字 and 🐳'],
    ['two\nlines\tand\rmore', 'two\\nlines\\tand\\rmore'],
    ['\u001b[31mred', '\\x1b[31mred'],
    ['a\u009bK', 'a\\x9bK'],
    ['ab\u202egpj.exe', 'ab\\u202egpj.exe'],
    ['zero\u200bwidth', 'zero\\u200bwidth'],
    ['tag \u{e0041}', 'tag \\u{e0041}'],
    ['half \ud83d', 'half \\ud83d'],
    ['nul\u0000', 'nul\\x00'],
  ] as const)('%j is shown as %j', ([text, shown]) => {
    expect(escapeText(text)).toBe(shown);
  });

  test('never acts on one, is one line, and stays as it is when it is escaped again', () => {
    fc.assert(
      fc.property(foreignText, (text) => {
        const shown = escapeText(text);
        expect(shown).not.toMatch(ACTS_ON_TERMINALS);
        expect(shown).not.toContain('\n');
        expect(escapeText(shown)).toBe(shown);
      }),
    );
  });
});

describe('JSON', () => {
  test('is the same value for a parser and harmless for a terminal', () => {
    fc.assert(
      fc.property(fc.dictionary(foreignText, foreignText), (value) => {
        const json = escapeJson(JSON.stringify(value, null, 2));
        expect(json).not.toMatch(ACTS_ON_TERMINALS);
        expect(JSON.parse(json)).toEqual(value);
      }),
    );
  });
});

describe('a cell of CSV', () => {
  test.for([
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['=1+1', "'=1+1"],
    ['+cmd', "'+cmd"],
    ['@sum', "'@sum"],
    ['-x', "'-x"],
    ['-12.5', '-12.5'],
    ['-', '-'],
    ['=a,b', '"\'=a,b"'],
    ['two\nlines', 'two\\nlines'],
    ['', ''],
  ] as const)('%j is written as %j', ([text, cell]) => {
    expect(escapeCsv(text)).toBe(cell);
  });

  test('is one cell of one line, and no formula', () => {
    fc.assert(
      fc.property(foreignText, (text) => {
        const cell = escapeCsv(text);
        expect(cell).not.toMatch(/[\n\r]/);
        const quoted = /^"((?:[^"]|"")*)"$/.exec(cell)?.[1];
        expect(quoted !== undefined || !/[",]/.test(cell)).toBe(true);
        const value = quoted?.replaceAll('""', '"') ?? cell;
        expect(value).not.toMatch(/^[=+@]/);
        expect(value).toMatch(/^(?!-)|^-?(\d+(\.\d+)?)?$/);
        expect(value.replace(/^'(?=[=+\-@])/, '')).toBe(escapeText(text));
      }),
    );
  });
});

describe('Markdown', () => {
  test.for([
    ['a|b', 'a\\|b'],
    ['<script>', '&lt;script\\>'],
    ['&lt;', '&amp;lt;'],
    ['[link](x) *b* _i_ `c` #h ~~s~~', '\\[link\\](x) \\*b\\* \\_i\\_ \\`c\\` \\#h \\~\\~s\\~\\~'],
    ['two\nlines', 'two\\\\nlines'],
  ] as const)('%j is written as %j', ([text, markdown]) => {
    expect(escapeMarkdown(text)).toBe(markdown);
  });

  test('ends no cell of a table, opens no tag and acts on no terminal', () => {
    fc.assert(
      fc.property(foreignText, (text) => {
        const markdown = escapeMarkdown(text);
        expect(markdown).not.toMatch(ACTS_ON_TERMINALS);
        expect(markdown).not.toContain('\n');
        expect(markdown).not.toContain('<');
        expect(markdown.replaceAll(/\\[\s\S]/g, '')).not.toMatch(/[|`*_[\]]/);
      }),
    );
  });
});
