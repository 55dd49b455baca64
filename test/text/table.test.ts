import fc from 'fast-check';
import { expect, test } from 'vitest';

import { tableLines } from '../../src/text/table.ts';
import { width } from '../../src/text/width.ts';

test('columns are as wide as their widest cell, numbers on the right, nothing after the last', () => {
  const columns = [{ title: 'NAME' }, { title: 'SIZE', align: 'right' as const }, { title: 'LABELS' }];
  const rows = [
    ['web', '1.5 MiB', 'a=b'],
    ['漢字', '7 B', ''],
  ];
  expect(tableLines(columns, rows)).toEqual(['NAME     SIZE  LABELS', 'web   1.5 MiB  a=b', '漢字      7 B']);
});

test('without rows there is the header alone', () => {
  expect(tableLines([{ title: 'A' }, { title: 'B' }], [])).toEqual(['A  B']);
});

test('a cell begins where its title does, whatever characters stand before it', () => {
  const word = fc.string({
    unit: fc.constantFrom('a', 'é', '漢', '🐳', 'e\u0301'),
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 5 }), (rows) => {
      const [header = '', ...lines] = tableLines([{ title: 'ONE' }, { title: 'TWO' }], rows);
      const start = header.indexOf('TWO');
      for (const [i, line] of lines.entries()) {
        const last = rows[i]?.[1] ?? '';
        expect(line.endsWith(last)).toBe(true);
        expect(width(line.slice(0, line.length - last.length))).toBe(start);
      }
    }),
  );
});
