/**
 * A picture of a terminal screen: ANSI text from stdin, drawn by a terminal emulator, as PNG (or SVG, by the name).
 *
 *   tmux capture-pane -e -p | node scripts/shot.ts OUT.png COLUMNS ROWS [light]
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { Resvg } from '@resvg/resvg-js';
import xterm from '@xterm/headless';

/** A screen on which the ANSI text has been written. */
export const screenOf = async (ansi: string, columns: number, rows: number): Promise<xterm.Terminal> => {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    allowProposedApi: true,
    convertEol: true,
    scrollback: 0,
  });
  await new Promise<void>((resolve) => terminal.write(ansi, resolve));
  return terminal;
};

/** The screen as an SVG document, cell by cell. */
export const toSvg = (terminal: xterm.Terminal, paper: Paper = DARK): string => {
  const width = terminal.cols * CELL.width;
  const height = terminal.rows * CELL.height;
  const buffer = terminal.buffer.active;
  const shapes: string[] = [];
  for (let y = 0; y < terminal.rows; y += 1) {
    const line = buffer.getLine(buffer.viewportY + y);
    for (let x = 0; x < terminal.cols; x += 1) {
      const cell = line?.getCell(x);
      if (cell !== undefined && cell.getWidth() > 0) shapes.push(...cellShapes(cell, x, y, paper));
    }
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`,
    `<rect width="100%" height="100%" fill="${paper.background}"/>`,
    `<g font-family="${FONT}" font-size="${CELL.font}" xml:space="preserve">`,
    ...shapes,
    '</g></svg>',
  ].join('\n');
};

/** The SVG as PNG, one and a half times its size. */
export const toPng = (svg: string): Buffer =>
  new Resvg(svg, {
    font: { loadSystemFonts: false, fontFiles: FONT_FILES.map(fontPath), defaultFontFamily: FONT },
    fitTo: { mode: 'zoom', value: 1.5 },
  })
    .render()
    .asPng();

type Cell = NonNullable<ReturnType<NonNullable<ReturnType<xterm.IBuffer['getLine']>>['getCell']>>;

const CELL = { width: 8.43, height: 17, baseline: 13, font: 14 } as const;
const FONT = 'DejaVu Sans Mono';
const FONT_FILES = ['DejaVuSansMono.ttf', 'DejaVuSansMono-Bold.ttf', 'DejaVuSans.ttf'] as const;

/** A terminal's own colours. */
interface Paper {
  readonly foreground: string;
  readonly background: string;
  /** The sixteen that have names. */
  readonly palette: readonly string[];
}

const DARK: Paper = {
  foreground: '#c0caf5',
  background: '#1a1b26',
  palette: (
    '#15161e #f7768e #9ece6a #e0af68 #7aa2f7 #bb9af7 #7dcfff #c0caf5 ' +
    '#565f89 #ff899d #9fe044 #faba4a #8db0ff #c7a9ff #a4daff #ffffff'
  ).split(' '),
};

const LIGHT: Paper = {
  foreground: '#24292f',
  background: '#ffffff',
  palette: (
    '#24292f #cf222e #116329 #9a6700 #0969da #8250df #1b7c83 #6e7781 ' +
    '#57606a #a40e26 #1a7f37 #bf8700 #218bff #a475f9 #3192aa #8c959f'
  ).split(' '),
};

function cellShapes(cell: Cell, x: number, y: number, paper: Paper): readonly string[] {
  const { foreground, background, palette } = paper;
  const own = cell.isFgDefault() ? foreground : colour(cell.isFgPalette(), cell.getFgColor(), palette);
  const behind = cell.isBgDefault() ? background : colour(cell.isBgPalette(), cell.getBgColor(), palette);
  const [ink, ground] = cell.isInverse() ? [behind, own] : [own, behind];
  const left = (x * CELL.width).toFixed(2);
  const top = y * CELL.height;
  const shapes: string[] = [];
  if (ground !== background) {
    // A little wider than the cell, so that no seam shows between neighbours.
    const width = (CELL.width * cell.getWidth() + 0.3).toFixed(2);
    shapes.push(`<rect x="${left}" y="${top}" width="${width}" height="${CELL.height}" fill="${ground}"/>`);
  }
  const characters = cell.getChars();
  if (characters !== '' && characters !== ' ') {
    const weight = cell.isBold() ? ' font-weight="bold"' : '';
    const fade = cell.isDim() ? ' opacity="0.6"' : '';
    const line = cell.isUnderline() ? ' text-decoration="underline"' : '';
    shapes.push(
      `<text x="${left}" y="${top + CELL.baseline}" fill="${ink}"${weight}${fade}${line}>${escapeXml(characters)}</text>`,
    );
  }
  return shapes;
}

function colour(isPalette: boolean, value: number, palette: readonly string[]): string {
  return isPalette ? paletteColour(value, palette) : hex(value);
}

// 16 named colours, a cube of 6×6×6, and 24 greys.
function paletteColour(index: number, palette: readonly string[]): string {
  const named = palette[index];
  if (named !== undefined) return named;
  if (index >= 232) return hex(((index - 232) * 10 + 8) * 0x010101);
  const level = (step: number): number => (step === 0 ? 0 : step * 40 + 55);
  const cube = index - 16;
  return hex((level(Math.floor(cube / 36)) << 16) | (level(Math.floor(cube / 6) % 6) << 8) | level(cube % 6));
}

function hex(value: number): string {
  return `#${value.toString(16).padStart(6, '0')}`;
}

function escapeXml(characters: string): string {
  return characters.replace(/[&<>]/g, (c) => (c === '&' ? '&amp;' : c === '<' ? '&lt;' : '&gt;'));
}

function fontPath(name: string): string {
  return createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${name}`);
}

async function main([out, columns, rows, paper]: readonly string[]): Promise<number> {
  if (out === undefined || !(Number(columns) > 0) || !(Number(rows) > 0)) {
    process.stderr.write('usage: node scripts/shot.ts OUT.png COLUMNS ROWS [light] < ansi\n');
    return 2;
  }
  const ansi = (await text(process.stdin)).replace(/\n$/, '');
  const svg = toSvg(await screenOf(ansi, Number(columns), Number(rows)), paper === 'light' ? LIGHT : DARK);
  writeFileSync(out, out.endsWith('.svg') ? svg : toPng(svg));
  return 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
