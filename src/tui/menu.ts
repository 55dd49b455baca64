/** A menu over the panes: a box of entries to choose from. */
import { truncateEnd, truncateMiddle, width } from '../text/width.ts';
import type { Layout, Rect } from './layout.ts';
import type { Overlay } from './model.ts';
import { type Line, line, padSpan, span } from './spans.ts';

type Menu = Extract<Overlay, { kind: 'menu' }>;

/** Where the box stands: in the middle, as large as its entries need and the screen allows. */
export const menuRect = (menu: Menu, layout: Layout): Rect => {
  const inner = Math.max(
    width(menu.title) + 2,
    ...menu.entries.map((e) => width(e.label) + width(e.words) + 4),
  );
  const w = Math.min(layout.width - 4, Math.max(28, inner + 4));
  const h = Math.min(layout.height - 4, menu.entries.length + 2);
  return {
    x: Math.floor((layout.width - w) / 2),
    y: Math.max(2, Math.floor((layout.height - h) / 2)),
    width: w,
    height: h,
  };
};

/** The first entry that is seen: the chosen one always is. */
export const menuTop = (menu: Menu, rect: Rect): number => {
  const rows = rect.height - 2;
  return Math.max(0, Math.min(menu.index - Math.floor(rows / 2), menu.entries.length - rows));
};

export const menuLines = (menu: Menu, rect: Rect): readonly Line[] => {
  const inner = rect.width - 2;
  const top = menuTop(menu, rect);
  const entries = menu.entries.slice(top, top + rect.height - 2).map((entry, i): Line => {
    // Foreign names may be as long as they like; the box is not.
    const room = Math.max(Math.floor(inner / 2), inner - 5 - width(entry.label));
    const words = truncateEnd(entry.words, room);
    const label = truncateMiddle(entry.label, Math.max(4, inner - 5 - width(words)));
    const gap = Math.max(1, inner - 4 - width(label) - width(words));
    const style = top + i === menu.index ? 'selected' : undefined;
    const text = span(` ${style === undefined ? ' ' : '▸'}${label}${' '.repeat(gap)}${words}  `, style);
    return line(span('│', 'ruleFocused'), padSpan(text, inner), span('│', 'ruleFocused'));
  });
  const title = ` ${menu.title} `;
  return [
    line(
      span('┌─', 'ruleFocused'),
      span(title, 'brand'),
      span(`${'─'.repeat(Math.max(0, inner - width(title) - 1))}┐`, 'ruleFocused'),
    ),
    ...entries,
    line(span(`└${'─'.repeat(inner)}┘`, 'ruleFocused')),
  ];
};
