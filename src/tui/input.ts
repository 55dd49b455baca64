/** What a terminal sends, as events: keys by name, pasted text, and the mouse. */

export interface KeyEvent {
  readonly type: 'key';
  /** A printable character itself, else a name: `esc`, `up`, `shift-left`, `ctrl-c`, `f1`, `alt-x`. */
  readonly name: string;
  /** What the key writes, where it writes something. */
  readonly text?: string;
}

export interface PasteEvent {
  readonly type: 'paste';
  readonly text: string;
}

export interface MouseEvent {
  readonly type: 'mouse';
  readonly what: 'press' | 'wheelUp' | 'wheelDown';
  /** Cells from the top left corner, counted from zero. */
  readonly x: number;
  readonly y: number;
}

export type InputEvent = KeyEvent | PasteEvent | MouseEvent;

export interface Parsed {
  readonly events: readonly InputEvent[];
  /** The beginning of a sequence whose end has not arrived. */
  readonly rest: string;
}

/** Splits what has arrived; a lone ESC stays in `rest`, for only time tells a key from the start of a sequence. */
export const parseInput = (text: string): Parsed => {
  const events: InputEvent[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] !== '\x1b') {
      const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
      events.push(plainKey(character));
      at += character.length;
      continue;
    }
    const sequence = sequenceAt(text, at);
    if (sequence === undefined) return { events, rest: text.slice(at) };
    if (sequence.event !== undefined) events.push(sequence.event);
    at += sequence.length;
  }
  return { events, rest: '' };
};

export interface InputReader {
  push(chunk: string): void;
  /** Forgets a sequence that has only begun. */
  reset(): void;
}

// A terminal sends a sequence in one go; over a slow link its parts may still come apart.
const ESCAPE_MS = 25;
const PASTE_START = '\x1b[200~';
const PASTE_END = '\x1b[201~';
const PASTE_LIMIT = 1_000_000;

/** Reads chunks of decoded text and tells of each event; an ESC after which nothing comes is the key. */
export const createInputReader = (tell: (event: InputEvent) => void): InputReader => {
  let rest = '';
  let timer: NodeJS.Timeout | undefined;
  const feed = (text: string): void => {
    const parsed = parseInput(text);
    rest = parsed.rest.length > PASTE_LIMIT ? '' : parsed.rest;
    for (const event of parsed.events) tell(event);
  };
  const giveUp = (): void => {
    // ESC itself was the key; whatever followed it is read for itself.
    const after = rest.slice(1);
    rest = '';
    tell({ type: 'key', name: 'esc' });
    if (after !== '') feed(after);
  };
  return {
    push: (chunk) => {
      clearTimeout(timer);
      feed(rest + chunk);
      if (rest !== '' && !rest.startsWith(PASTE_START)) timer = setTimeout(giveUp, ESCAPE_MS);
    },
    reset: () => {
      clearTimeout(timer);
      rest = '';
    },
  };
};

interface Sequence {
  readonly length: number;
  /** Absent for what we have no use for: replies of the terminal, unknown keys. */
  readonly event?: InputEvent;
}

const CSI = /\x1b\[(\[[A-E]|[0-9:;<=>?]*[ -/]*[@-~])/y;
const CSI_BEGUN = /\x1b\[?\[?[0-9:;<=>?]*[ -/]*$/y;
const SS3 = /\x1bO([0-9;]*)([A-Za-z])/y;

// The sequence at an ESC; undefined when its end is still to come.
function sequenceAt(text: string, at: number): Sequence | undefined {
  const next = text[at + 1];
  if (next === undefined) return undefined;
  if (text.startsWith(PASTE_START, at)) {
    const end = text.indexOf(PASTE_END, at);
    if (end < 0) return undefined;
    const pasted = text.slice(at + PASTE_START.length, end);
    return { length: end + PASTE_END.length - at, event: { type: 'paste', text: pasted } };
  }
  if (next === '[') {
    CSI.lastIndex = at;
    const found = CSI.exec(text);
    if (found !== null) return withEvent(found[0].length, csiEvent(found[1] ?? ''));
    CSI_BEGUN.lastIndex = at;
    return CSI_BEGUN.test(text) ? undefined : { length: 2 };
  }
  if (next === 'O') {
    SS3.lastIndex = at;
    const found = SS3.exec(text);
    if (found !== null) return withEvent(found[0].length, letterKey(found[2] ?? '', found[1] ?? ''));
    return text.length === at + 2 ? undefined : { length: 2, event: { type: 'key', name: 'alt-O' } };
  }
  // ESC twice is the key pressed twice, not a modified one.
  if (next === '\x1b') return { length: 1, event: { type: 'key', name: 'esc' } };
  const character = String.fromCodePoint(text.codePointAt(at + 1) ?? 0);
  return { length: 1 + character.length, event: { type: 'key', name: `alt-${plainKey(character).name}` } };
}

function csiEvent(body: string): InputEvent | undefined {
  const mouse = /^<(\d+);(\d+);(\d+)([Mm])$/.exec(body);
  if (mouse !== null)
    return mouseEvent(Number(mouse[1]), Number(mouse[2]), Number(mouse[3]), mouse[4] === 'M');
  // The Linux console's first function keys.
  const console = /^\[([A-E])$/.exec(body);
  if (console !== null) return { type: 'key', name: `f${'ABCDE'.indexOf(console[1] ?? '') + 1}` };
  const tilde = /^(\d+)(?:;(\d+))?~$/.exec(body);
  if (tilde !== null) return namedKey(TILDE_KEYS[tilde[1] ?? ''], tilde[2]);
  const letter = /^([\d;]*)([A-Za-z])$/.exec(body);
  return letter === null ? undefined : letterKey(letter[2] ?? '', letter[1] ?? '');
}

const TILDE_KEYS: Readonly<Record<string, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
  11: 'f1',
  12: 'f2',
  13: 'f3',
  14: 'f4',
  15: 'f5',
  17: 'f6',
  18: 'f7',
  19: 'f8',
  20: 'f9',
  21: 'f10',
  23: 'f11',
  24: 'f12',
};

const LETTER_KEYS: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
  M: 'enter',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
  Z: 'shift-tab',
  // rxvt writes the shifted arrows in small letters.
  a: 'shift-up',
  b: 'shift-down',
  c: 'shift-right',
  d: 'shift-left',
};

function letterKey(letter: string, parameters: string): KeyEvent | undefined {
  const [count = '', modifier] = parameters.split(';');
  // With another first number it is a reply: `24;80R` tells where the cursor is.
  return count === '' || count === '1' ? namedKey(LETTER_KEYS[letter], modifier) : undefined;
}

// The second parameter is one more than a sum of 1 shift, 2 alt, 4 control.
function namedKey(name: string | undefined, modifier: string | undefined): KeyEvent | undefined {
  if (name === undefined) return undefined;
  const bits = Math.max(0, Number(modifier ?? 1) - 1);
  const prefix = `${bits & 4 ? 'ctrl-' : ''}${bits & 2 ? 'alt-' : ''}${bits & 1 ? 'shift-' : ''}`;
  return { type: 'key', name: prefix + name };
}

function mouseEvent(button: number, column: number, row: number, pressed: boolean): MouseEvent | undefined {
  const what = !pressed
    ? undefined
    : button === 64
      ? 'wheelUp'
      : button === 65
        ? 'wheelDown'
        : button === 0
          ? 'press'
          : undefined;
  return what === undefined ? undefined : { type: 'mouse', what, x: column - 1, y: row - 1 };
}

const CONTROL_KEYS: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\b': 'backspace',
  '\x7f': 'backspace',
  '\0': 'ctrl-space',
};

function plainKey(character: string): KeyEvent {
  const named = CONTROL_KEYS[character];
  if (named !== undefined) return { type: 'key', name: named };
  if (character < ' ') {
    return { type: 'key', name: `ctrl-${String.fromCharCode(character.charCodeAt(0) + 96)}` };
  }
  return { type: 'key', name: character === ' ' ? 'space' : character, text: character };
}

function withEvent(length: number, event: InputEvent | undefined): Sequence {
  return event === undefined ? { length } : { length, event };
}
