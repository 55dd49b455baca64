/** Where everything is on the screen. */

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Pane = 'list' | 'detail';

export interface Layout {
  readonly arrangement: 'side' | 'stacked' | 'single';
  readonly width: number;
  /** One row less than the terminal has: Ink repaints everything when its last row is used. */
  readonly height: number;
  readonly title: number;
  readonly tabs: number;
  /** What stands over the panes, such as a lost connection. */
  readonly banner: Rect;
  readonly list: Rect | null;
  readonly detail: Rect | null;
  /** Filter or palette, while one is open. */
  readonly prompt: number | null;
  readonly footer: number;
}

export const LEAST_SIZE: Size = { columns: 60, rows: 15 };

export const isTooSmall = (size: Size): boolean =>
  size.columns < LEAST_SIZE.columns || size.rows < LEAST_SIZE.rows;

const SIDE_BY_SIDE = 120;
const STACKED = 80;
// The list's share: of the rows when it stands over the details, of the columns when beside them.
const LIST_SHARE = 0.6;

/** The layout of a terminal that is not too small. */
export const layoutOf = (
  size: Size,
  {
    focus,
    bannerRows,
    hasPrompt,
  }: { readonly focus: Pane; readonly bannerRows: number; readonly hasPrompt: boolean },
): Layout => {
  const width = size.columns;
  const height = size.rows - 1;
  const footer = height - 1;
  const prompt = hasPrompt ? footer - 1 : null;
  const top = 2 + bannerRows;
  const body: Rect = { x: 0, y: top, width, height: (prompt ?? footer) - top };
  const common = {
    width,
    height,
    title: 0,
    tabs: 1,
    banner: { x: 0, y: 2, width, height: bannerRows },
    prompt,
    footer,
  };
  if (width >= SIDE_BY_SIDE) {
    const listWidth = Math.round(width * LIST_SHARE);
    return {
      ...common,
      arrangement: 'side',
      list: { ...body, width: listWidth },
      // Between them stands one line.
      detail: { ...body, x: listWidth + 1, width: width - listWidth - 1 },
    };
  }
  if (width >= STACKED) {
    const listHeight = Math.round(body.height * LIST_SHARE);
    return {
      ...common,
      arrangement: 'stacked',
      list: { ...body, height: listHeight },
      detail: { ...body, y: top + listHeight, height: body.height - listHeight },
    };
  }
  return {
    ...common,
    arrangement: 'single',
    list: focus === 'list' ? body : null,
    detail: focus === 'detail' ? body : null,
  };
};

/** The first visible row so that `index` is seen, moved as little as possible from `top`. */
export const scrolledTo = (index: number, top: number, height: number, count: number): number => {
  const last = Math.max(0, count - height);
  const moved = index < top ? index : index >= top + height ? index - height + 1 : top;
  return Math.min(Math.max(0, moved), last);
};
