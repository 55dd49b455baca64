/** A state as a picture: every part of the screen with its text, ready to be drawn. */
import { footerLine, promptLine, tabsLine } from './bars.ts';
import { detailPaneLines } from './detail-pane.ts';
import { screenText } from './foreign.ts';
import { frameOf } from './frame.ts';
import { isTooSmall, type Layout, LEAST_SIZE, type Rect } from './layout.ts';
import { listPaneLines } from './list-lines.ts';
import { listingOf } from './listing.ts';
import { menuLines, menuRect } from './menu.ts';
import type { State } from './model.ts';
import { pageLines } from './page.ts';
import { EMPTY_LINE, type Line, textLine } from './spans.ts';
import { bannerLines } from './status.ts';
import { type Look, paint } from './theme.ts';
import { titleLine } from './title.ts';
import { wrapWords } from './wrap.ts';

export interface Block {
  readonly id: string;
  readonly rect: Rect;
  /** Lines with their escape sequences, each exactly as wide as the place. */
  readonly text: string;
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Later ones lie over earlier ones. */
  readonly blocks: readonly Block[];
}

/**
 * A function from states to pictures that gives the same object as long as the picture is the same: most of what
 * happens, such as a snapshot in which nothing is new, then costs no drawing.
 */
export const createPainter = ({ ascii }: Pick<Look, 'ascii'>): ((state: State) => Picture) => {
  let last: { readonly state: State; readonly picture: Picture } | undefined;
  return (state) => {
    if (last?.state === state) return last.picture;
    const made = pictureOf(state, { theme: state.theme, ascii });
    const picture = last !== undefined && isSame(last.picture, made) ? last.picture : made;
    last = { state, picture };
    return picture;
  };
};

export const pictureOf = (state: State, look: Look): Picture => {
  const parts = isTooSmall(state.size) ? tooSmall(state) : fullScreen(state);
  return {
    width: state.size.columns,
    height: Math.max(1, state.size.rows - 1),
    blocks: parts
      .filter(({ rect, lines }) => rect.height > 0 && lines.length > 0)
      .map(({ id, rect, lines }) => ({
        id,
        rect,
        text: paint(lines.slice(0, rect.height), rect.width, look),
      })),
  };
};

interface Part {
  readonly id: string;
  readonly rect: Rect;
  readonly lines: readonly Line[];
}

function tooSmall({ size }: State): readonly Part[] {
  const words = [`need ${LEAST_SIZE.columns}×${LEAST_SIZE.rows}`, `have ${size.columns}×${size.rows}`];
  const lines = words.join(', ').length <= size.columns ? [words.join(', ')] : words;
  const y = Math.max(0, Math.floor((size.rows - 1 - lines.length) / 2));
  const centred = (text: string): Line =>
    textLine(' '.repeat(Math.max(0, Math.floor((size.columns - text.length) / 2))) + text, 'strong');
  return [
    {
      id: 'small',
      rect: { x: 0, y, width: size.columns, height: lines.length },
      lines: lines.map(centred),
    },
  ];
}

function fullScreen(state: State): readonly Part[] {
  const layout = frameOf(state);
  const listing = listingOf(state);
  const { width } = layout;
  const row = (y: number): Rect => ({ x: 0, y, width, height: 1 });
  return [
    { id: 'title', rect: row(layout.title), lines: [titleLine(state, width)] },
    { id: 'tabs', rect: row(layout.tabs), lines: [tabsLine(state, width).line] },
    { id: 'banner', rect: layout.banner, lines: bannerLines(state, width) },
    ...pane('list', layout.list, (rect) => listPaneLines(state, listing, rect)),
    ...pane('detail', layout.detail, (rect) => detailPaneLines(state, listing, rect)),
    ...separator(layout),
    ...(state.prompt === null || layout.prompt === null
      ? []
      : [
          {
            id: 'prompt',
            rect: row(layout.prompt),
            lines: [promptLine(state, state.prompt, listing, width)],
          },
        ]),
    { id: 'footer', rect: row(layout.footer), lines: [footerLine(state, listing, width).line] },
    ...overlay(state, layout),
  ];
}

// A pane that cannot be drawn says so in its place; the other, and the other views, are still there.
function pane(id: string, rect: Rect | null, draw: (rect: Rect) => readonly Line[]): readonly Part[] {
  if (rect === null) return [];
  try {
    return [{ id, rect, lines: draw(rect) }];
  } catch (error) {
    const why = screenText(error instanceof Error ? error.message : String(error));
    const lines = [
      EMPTY_LINE,
      textLine('  ✗ this view failed', 'bad'),
      ...wrapWords(why, rect.width - 6).map((text) => textLine(`    ${text}`)),
      textLine('    The other views still work. This is a fault in ctrscope.', 'muted'),
    ];
    return [{ id, rect, lines }];
  }
}

function separator({ arrangement, detail }: Layout): readonly Part[] {
  if (arrangement !== 'side' || detail === null) return [];
  const lines = Array.from({ length: detail.height }, (_, y) => textLine(y === 0 ? '┬' : '│', 'rule'));
  return [{ id: 'separator', rect: { ...detail, x: detail.x - 1, width: 1 }, lines }];
}

// A page in place of the panes, or a menu over them.
function overlay(state: State, layout: Layout): readonly Part[] {
  const { overlay: open } = state;
  if (open === null) return [];
  if (open.kind === 'menu') {
    const rect = menuRect(open, layout);
    return [{ id: 'menu', rect, lines: menuLines(open, rect) }];
  }
  const rect: Rect = { x: 0, y: 1, width: layout.width, height: layout.height - 2 };
  const seen = pageLines(state, open.kind).slice(open.top);
  // As many lines as the place has, so that nothing of what is under it shows.
  return [
    { id: open.kind, rect, lines: Array.from({ length: rect.height }, (_, y) => seen[y] ?? EMPTY_LINE) },
  ];
}

function isSame(a: Picture, b: Picture): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.blocks.length === b.blocks.length &&
    a.blocks.every((block, i) => {
      const other = b.blocks[i];
      return (
        other !== undefined &&
        block.id === other.id &&
        block.text === other.text &&
        isSameRect(block.rect, other.rect)
      );
    })
  );
}

function isSameRect(a: Rect, b: Rect): boolean {
  return a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;
}
