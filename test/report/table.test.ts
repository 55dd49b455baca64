import { describe, expect, test } from 'vitest';

import type { Kind } from '../../src/host/kinds/kind.ts';
import { csvLines, markdownTable, textTable } from '../../src/report/table.ts';

type Row = { readonly name: string; readonly size: number };

const AT = '2026-01-02T03:04:05Z';

const kind: Kind<Row> = {
  name: 'things',
  singular: 'thing',
  facet: 'containerd.content',
  wants: ['containerd.content'],
  rows: () => [],
  columns: [
    { id: 'name', title: 'NAME', priority: 1, text: ({ name }) => name },
    { id: 'size', title: 'SIZE', priority: 2, align: 'right', text: ({ size }) => String(size) },
    { id: 'at', title: 'AT', priority: 5, text: (_row, at) => at },
  ],
  item: (row) => row,
  id: ({ name }) => name,
  key: ({ name }) => name,
  whenEmpty: 'no things',
};

const rows: readonly Row[] = [
  { name: 'plain', size: 7 },
  { name: 'a|b,"c"\n<b>\u001b[2J', size: 12345 },
  { name: '=1+1', size: -1 },
];

describe('a kind', () => {
  test('is a table of columns for a terminal', () => {
    expect(textTable(kind, rows, AT)).toEqual([
      'NAME                  SIZE  AT',
      `plain                    7  ${AT}`,
      `a|b,"c"\\n<b>\\x1b[2J  12345  ${AT}`,
      `=1+1                    -1  ${AT}`,
    ]);
  });

  test('is lines of CSV with the ids of its columns above them', () => {
    expect(csvLines(kind, rows, AT)).toEqual([
      'name,size,at',
      `plain,7,${AT}`,
      `"a|b,""c""\\n<b>\\x1b[2J",12345,${AT}`,
      `'=1+1,-1,${AT}`,
    ]);
  });

  test('is a Markdown table of the columns that matter most', () => {
    expect(markdownTable(kind, rows, AT, 2)).toEqual([
      '| name | size |',
      '| --- | --: |',
      '| plain | 7 |',
      '| a\\|b,"c"\\\\n&lt;b\\>\\\\x1b\\[2J | 12345 |',
      '| =1+1 | -1 |',
    ]);
    expect(markdownTable(kind, [], AT)[0]).toBe('| name | size | at |');
  });

  test('without rows is its header', () => {
    expect(textTable(kind, [], AT)).toEqual(['NAME  SIZE  AT']);
    expect(csvLines(kind, [], AT)).toEqual(['name,size,at']);
  });
});
