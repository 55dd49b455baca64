/** How meanings look in each theme: SGR codes of the sixteen colours that every terminal has, and marks in Unicode or ASCII. */
import { width } from '../text/width.ts';
import { fitLine, type Line, type Style } from './spans.ts';

export const THEMES = ['default', 'light', 'high-contrast', 'colour-blind', 'mono'] as const;

export type ThemeName = (typeof THEMES)[number];

export interface Look {
  readonly theme: ThemeName;
  readonly ascii: boolean;
}

/** The theme of a name, in any case; undefined when there is none. */
export const themeNamed = (word: string): ThemeName | undefined =>
  THEMES.find((name) => name === word.trim().toLowerCase());

/** Whether the locale of the environment can show more than ASCII; LC_ALL wins over LC_CTYPE over LANG. */
export const isUtf8 = (env: Readonly<Record<string, string | undefined>>): boolean =>
  /utf-?8/i.test(
    [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '') ?? '',
  );

/** The lines as text with escape sequences, each exactly `cells` wide. */
export const paint = (lines: readonly Line[], cells: number, look: Look): string =>
  lines.map((l) => paintLine(fitLine(l, cells), look)).join('\n');

interface Code {
  readonly open: number;
  readonly close: number;
}

const BOLD: Code = { open: 1, close: 22 };
const DIM: Code = { open: 2, close: 22 };
const REVERSE: Code = { open: 7, close: 27 };
const RED = colour(31);
const GREEN = colour(32);
const YELLOW = colour(33);
const BLUE = colour(34);
const MAGENTA = colour(35);
const CYAN = colour(36);
const BRIGHT_RED = colour(91);
const BRIGHT_GREEN = colour(92);
const BRIGHT_YELLOW = colour(93);
const BRIGHT_BLUE = colour(94);
const BRIGHT_CYAN = colour(96);

type Codes = Readonly<Record<Style, readonly Code[]>>;

// Bold and reverse alone, in any terminal: no hue, and nothing dimmed, which terminals draw as grey.
const MONO: Codes = {
  brand: [BOLD],
  strong: [BOLD],
  muted: [],
  accent: [],
  key: [BOLD],
  rule: [],
  ruleFocused: [],
  selected: [REVERSE],
  cursor: [REVERSE],
  ok: [],
  created: [],
  paused: [],
  ended: [],
  bad: [BOLD],
  warn: [],
  unknown: [],
  stale: [],
};

// Grey as colour 90 is invisible in some palettes; dimmed text is not.
const DEFAULT: Codes = {
  ...MONO,
  brand: [BOLD, CYAN],
  muted: [DIM],
  accent: [CYAN],
  rule: [DIM],
  ruleFocused: [CYAN],
  ok: [GREEN],
  created: [CYAN],
  paused: [YELLOW],
  ended: [DIM],
  bad: [BOLD, RED],
  warn: [YELLOW],
  unknown: [DIM],
  stale: [DIM],
};

const CODES: Readonly<Record<ThemeName, Codes>> = {
  default: DEFAULT,
  // On white, yellow and cyan can hardly be read.
  light: {
    ...DEFAULT,
    brand: [BOLD, BLUE],
    accent: [BLUE],
    ruleFocused: [BLUE],
    created: [BLUE],
    paused: [MAGENTA],
    warn: [MAGENTA],
  },
  // For a dark background: the bright colours, bold where it matters, and nothing dimmed.
  'high-contrast': {
    ...MONO,
    brand: [BOLD, BRIGHT_CYAN],
    accent: [BRIGHT_CYAN],
    ruleFocused: [BRIGHT_CYAN],
    ok: [BRIGHT_GREEN],
    created: [BRIGHT_CYAN],
    paused: [BRIGHT_YELLOW],
    bad: [BOLD, BRIGHT_RED],
    warn: [BOLD, BRIGHT_YELLOW],
  },
  // Well and unwell as blue and yellow, which also differ for those to whom green and red are one.
  'colour-blind': {
    ...DEFAULT,
    ok: [BRIGHT_BLUE],
    created: [],
    paused: [MAGENTA],
    bad: [BOLD, BRIGHT_YELLOW],
  },
  mono: MONO,
};

function colour(open: number): Code {
  return { open, close: 39 };
}

const ASCII: Readonly<Record<string, string>> = {
  '●': '*',
  '◌': 'o',
  '‖': '=',
  '○': '-',
  '✗': 'x',
  '◫': '#',
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

function paintLine(l: Line, look: Look): string {
  return l.spans
    .map((s) => styled(look.ascii ? (s.ascii ?? toAscii(s.text)) : s.text, l.over ?? s.style, look.theme))
    .join('');
}

function styled(text: string, style: Style | undefined, theme: ThemeName): string {
  if (style === undefined || text === '') return text;
  const codes = CODES[theme][style];
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
