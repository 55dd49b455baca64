/** How meanings look: SGR codes for a terminal with sixteen colours, or none, and marks in Unicode or ASCII. */
import { width } from '../text/width.ts';
import { fitLine, type Line, type Style } from './spans.ts';

export interface Theme {
  readonly colour: 'none' | 'basic';
  readonly ascii: boolean;
}

/** Whether the locale of the environment can show more than ASCII; LC_ALL wins over LC_CTYPE over LANG. */
export const isUtf8 = (env: Readonly<Record<string, string | undefined>>): boolean =>
  /utf-?8/i.test(
    [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '') ?? '',
  );

/** The lines as text with escape sequences, each exactly `cells` wide. */
export const paint = (lines: readonly Line[], cells: number, theme: Theme): string =>
  lines.map((l) => paintLine(fitLine(l, cells), theme)).join('\n');

interface Code {
  readonly open: number;
  readonly close: number;
  /** Left out without colour: hues, and dimming, which terminals draw as grey. */
  readonly hue: boolean;
}

const BOLD: Code = { open: 1, close: 22, hue: false };
const DIM: Code = { open: 2, close: 22, hue: true };
const REVERSE: Code = { open: 7, close: 27, hue: false };
const RED: Code = { open: 31, close: 39, hue: true };
const GREEN: Code = { open: 32, close: 39, hue: true };
const YELLOW: Code = { open: 33, close: 39, hue: true };
const CYAN: Code = { open: 36, close: 39, hue: true };

// Grey as colour 90 is invisible in some palettes; dimmed text is not.
const CODES: Readonly<Record<Style, readonly Code[]>> = {
  brand: [BOLD, CYAN],
  strong: [BOLD],
  muted: [DIM],
  accent: [CYAN],
  key: [BOLD],
  rule: [DIM],
  ruleFocused: [CYAN],
  selected: [REVERSE],
  cursor: [REVERSE],
  ok: [GREEN],
  created: [CYAN],
  paused: [YELLOW],
  ended: [DIM],
  bad: [BOLD, RED],
  warn: [YELLOW],
  unknown: [DIM],
  stale: [DIM],
};

const ASCII: Readonly<Record<string, string>> = {
  '●': '*',
  '◌': 'o',
  '‖': '=',
  '○': '-',
  '✗': 'x',
  '✓': '+',
  '▸': '>',
  '▾': 'v',
  '█': '#',
  '░': '.',
  '▲': '^',
  '▼': 'v',
  '…': '~',
  '─': '-',
  '│': '|',
  '┬': '+',
  '┴': '+',
  '├': '+',
  '┤': '+',
  '┼': '+',
  '┌': '+',
  '┐': '+',
  '└': '+',
  '┘': '+',
  '·': '-',
  '–': '-',
  '—': '-',
  '×': 'x',
  '“': '"',
  '”': '"',
  '→': '>',
  '←': '<',
  '↑': '^',
  '↓': 'v',
  '‹': '<',
  '›': '>',
  '⠋': '|',
  '⠙': '/',
  '⠹': '-',
  '⠸': '\\',
};

function paintLine(l: Line, theme: Theme): string {
  return l.spans
    .map((s) => styled(theme.ascii ? (s.ascii ?? toAscii(s.text)) : s.text, l.over ?? s.style, theme))
    .join('');
}

function styled(text: string, style: Style | undefined, theme: Theme): string {
  if (style === undefined || text === '') return text;
  const codes = CODES[style].filter((code) => theme.colour === 'basic' || !code.hue);
  const open = codes.map((code) => `\x1b[${code.open}m`).join('');
  const close = codes.map((code) => `\x1b[${code.close}m`).join('');
  return `${open}${text}${close}`;
}

// What has no sign in ASCII becomes as many question marks as it had cells, so that the columns stay.
function toAscii(text: string): string {
  let out = '';
  for (const c of text) out += c >= ' ' && c <= '~' ? c : (ASCII[c] ?? '?'.repeat(width(c)));
  return out;
}
