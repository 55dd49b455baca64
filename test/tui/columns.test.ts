import fc from 'fast-check';
import { expect, test } from 'vitest';
import { COLUMN_GAP, placeColumns } from '../../src/tui/columns.ts';
import type { TableColumn } from '../../src/tui/table.ts';

const column = (id: string, priority: number, more: Partial<TableColumn> = {}): TableColumn => ({
  id,
  title: id.toUpperCase(),
  priority,
  align: 'left',
  leads: false,
  ...more,
});
const columns = [
  column('id', 1, { leads: true, cut: 'middle' }),
  column('pid', 2, { align: 'right' }),
  column('image', 3, { cut: 'middle' }),
  column('age', 4, { align: 'right' }),
  column('runtime', 5, { cut: 'middle' }),
];
const natural = [20, 7, 50, 6, 24];
const shown = (cells: number): string =>
  placeColumns(columns, natural, cells)
    .map((p) => `${columns[p.index]?.id}:${p.cells}`)
    .join(' ');

test('with room for all, every column is as wide as its texts', () => {
  expect(shown(140)).toBe('id:20 pid:7 image:50 age:6 runtime:24');
});

test('an unimportant text goes before an important one is hard to read', () => {
  expect(shown(90)).toBe('id:20 pid:7 image:50 age:6');
});

test('the least important columns go first, and names are cut before numbers go', () => {
  expect(shown(60)).toBe('id:20 pid:7 image:21 age:6');
  expect(shown(40)).toBe('id:14 pid:7 image:15');
  expect(shown(30)).toBe('id:20 pid:7');
});

test('what leads is never dropped, however narrow it is', () => {
  expect(shown(8)).toBe('id:8');
});

test('columns never overlap, never exceed the room, and a number has all its digits or is not there', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 24, max: 300 }),
      fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 5, maxLength: 5 }),
      (cells, widths) => {
        const placed = placeColumns(columns, widths, cells);
        let end = -COLUMN_GAP;
        for (const p of placed) {
          expect(p.x).toBe(end + COLUMN_GAP);
          end = p.x + p.cells;
          if (columns[p.index]?.cut === undefined)
            expect(p.cells).toBeGreaterThanOrEqual(widths[p.index] ?? 0);
        }
        expect(end).toBeLessThanOrEqual(cells);
        expect(placed[0]?.index).toBe(0);
      },
    ),
  );
});

test('a column in which nothing stands is not shown', () => {
  expect(placeColumns(columns, [20, 7, 0, 6, 24], 140).map((p) => columns[p.index]?.id)).toEqual([
    'id',
    'pid',
    'age',
    'runtime',
  ]);
});
