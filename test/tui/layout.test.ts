import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTooSmall, type Layout, layoutOf, type Rect, scrolledTo } from '../../src/tui/layout.ts';

const plain = { focus: 'list', bannerRows: 0, hasPrompt: false } as const;
const at = (columns: number, rows: number): Layout => layoutOf({ columns, rows }, plain);

test.each([
  [160, 'side'],
  [120, 'side'],
  [119, 'stacked'],
  [80, 'stacked'],
  [79, 'single'],
  [60, 'single'],
] as const)('%i columns are arranged %s', (columns, arrangement) => {
  expect(at(columns, 24).arrangement).toBe(arrangement);
});

test('below 60×15 nothing is laid out', () => {
  expect(isTooSmall({ columns: 60, rows: 15 })).toBe(false);
  expect(isTooSmall({ columns: 59, rows: 15 })).toBe(true);
  expect(isTooSmall({ columns: 200, rows: 14 })).toBe(true);
});

test('a list over its details has sixty percent of the rows', () => {
  const { list, detail } = at(80, 53);
  expect([list?.height, detail?.height]).toEqual([29, 20]);
});

test('one pane at a time shows the one that has the keys', () => {
  const size = { columns: 70, rows: 24 };
  expect(layoutOf(size, { ...plain, focus: 'list' }).detail).toBeNull();
  expect(layoutOf(size, { ...plain, focus: 'detail' }).list).toBeNull();
});

test('title, tabs, banner, panes, prompt and footer fill every row but the last, and nothing twice', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 60, max: 300 }),
      fc.integer({ min: 15, max: 100 }),
      fc.constantFrom('list' as const, 'detail' as const),
      fc.integer({ min: 0, max: 3 }),
      fc.boolean(),
      (columns, rows, focus, bannerRows, hasPrompt) => {
        const layout = layoutOf({ columns, rows }, { focus, bannerRows, hasPrompt });
        const line = (y: number): Rect => ({ x: 0, y, width: columns, height: 1 });
        const rects = [
          line(layout.title),
          line(layout.tabs),
          layout.banner,
          ...(layout.list === null ? [] : [layout.list]),
          ...(layout.detail === null ? [] : [layout.detail]),
          ...(layout.prompt === null ? [] : [line(layout.prompt)]),
          line(layout.footer),
        ];
        const covered = rects.reduce((sum, r) => sum + r.width * r.height, 0);
        const separator = layout.arrangement === 'side' ? (layout.list?.height ?? 0) : 0;
        expect(covered + separator).toBe(columns * (rows - 1));
        expect(Math.max(...rects.map((r) => r.y + r.height))).toBe(rows - 1);
      },
    ),
  );
});

test('scrolling moves as little as it must and never past the end', () => {
  expect(scrolledTo(5, 0, 10, 100)).toBe(0);
  expect(scrolledTo(10, 0, 10, 100)).toBe(1);
  expect(scrolledTo(99, 0, 10, 100)).toBe(90);
  expect(scrolledTo(3, 50, 10, 100)).toBe(3);
  expect(scrolledTo(4, 50, 10, 5)).toBe(0);
});
