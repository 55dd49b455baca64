/**
 * JSON read value by value where it stands, so that everything before a fault is still had, with the place of the fault.
 * Nothing is built of what is skipped, and nothing calls itself: depth and size cost only time.
 */

/** The text ends, or goes on as no JSON does. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
  /** Bytes before it. */
  readonly offset: number;
  /** Whether there was nothing left to read. */
  readonly isEnd: boolean;

  constructor(what: string, offset: number, isEnd: boolean = false) {
    super(what);
    this.offset = offset;
    this.isEnd = isEnd;
  }
}

export type JsonKind = 'an object' | 'a list' | 'a text' | 'a number' | 'true or false' | 'null';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;

export class JsonScanner {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Of what comes next, without blanks before it. */
  get offset(): number {
    this.#blanks();
    return this.#at;
  }

  /** What comes next. @throws JsonFault where that is no value */
  kind(): JsonKind {
    this.#blanks();
    const byte = this.#bytes[this.#at];
    if (byte === OPEN) return 'an object';
    if (byte === OPEN_LIST) return 'a list';
    if (byte === QUOTE) return 'a text';
    if (byte === 0x6e) return 'null';
    if (byte === 0x74 || byte === 0x66) return 'true or false';
    if (byte === 0x2d || (byte !== undefined && byte >= 0x30 && byte <= 0x39)) return 'a number';
    throw this.#unexpected('a value');
  }

  /**
   * The keys of an object, undefined for one longer than `MAX_TEXT`; after each, the caller takes its value: by `text`,
   * `members` or `skip`. @throws JsonFault
   */
  *members(): Generator<string | undefined, void> {
    this.#expect(OPEN, '{');
    if (this.#take(CLOSE)) return;
    do {
      const key = this.text();
      this.#expect(COLON, ':');
      yield key;
    } while (this.#take(COMMA));
    this.#expect(CLOSE, ', or }');
  }

  /** A text, undefined for one of more than `MAX_TEXT` bytes, which is passed over. @throws JsonFault */
  text(): string | undefined {
    this.#blanks();
    const from = this.#at;
    this.#skipText();
    if (this.#at - from > MAX_TEXT) return undefined;
    return JSON.parse(this.#bytes.toString('utf8', from, this.#at)) as string;
  }

  /** Passes over one value of any kind. @throws JsonFault where it is none, or deeper than Go reads */
  skip(): void {
    /** Of each object and list around what comes next, whether it is an object. */
    const around: boolean[] = [];
    for (;;) {
      const kind = this.kind();
      const isObject = kind === 'an object';
      if (isObject || kind === 'a list') {
        if (around.length >= MAX_DEPTH) {
          throw new JsonFault(`more than ${MAX_DEPTH} objects or lists in each other`, this.#at);
        }
        this.#at += 1;
        if (!this.#take(isObject ? CLOSE : CLOSE_LIST)) {
          around.push(isObject);
          if (isObject) this.#skipKey();
          continue;
        }
      } else if (kind === 'a text') this.#skipText();
      else this.#skipWord();
      if (!this.#skipToNext(around)) return;
    }
  }

  // Whether another value follows in one of those around: what ends before it is taken off.
  #skipToNext(around: boolean[]): boolean {
    for (;;) {
      const isObject = around.at(-1);
      if (isObject === undefined) return false;
      if (this.#take(COMMA)) {
        if (isObject) this.#skipKey();
        return true;
      }
      if (isObject) this.#expect(CLOSE, ', or }');
      else this.#expect(CLOSE_LIST, ', or ]');
      around.pop();
    }
  }

  #skipKey(): void {
    this.#blanks();
    this.#skipText();
    this.#expect(COLON, ':');
  }

  #skipText(): void {
    if (this.#bytes[this.#at] !== QUOTE) throw this.#unexpected('a text');
    const from = this.#at;
    for (this.#at += 1; this.#at < this.#bytes.length; this.#at += 1) {
      const byte = this.#bytes[this.#at] ?? 0;
      if (byte === BACKSLASH) this.#skipEscape();
      else if (byte === QUOTE) {
        this.#at += 1;
        return;
      } else if (byte < 0x20) throw this.#unexpected('a character of a text');
    }
    this.#at = this.#bytes.length;
    throw new JsonFault('a text that does not end', from, true);
  }

  // Up to its last character.
  #skipEscape(): void {
    const text = this.#bytes.toString('latin1', this.#at, this.#at + 6);
    const length = /^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.exec(text)?.[0].length;
    if (length !== undefined) this.#at += length - 1;
    else if (this.#at + text.length < this.#bytes.length || !/^\\(?:u[0-9a-fA-F]*)?$/.test(text)) {
      throw new JsonFault('an escape that JSON does not have', this.#at);
    } else this.#at = this.#bytes.length;
  }

  // A number, true, false or null.
  #skipWord(): void {
    const from = this.#at;
    for (; this.#at < this.#bytes.length; this.#at += 1) {
      const byte = this.#bytes[this.#at] ?? 0;
      const isPart =
        (byte >= 0x30 && byte <= 0x39) ||
        (byte >= 0x61 && byte <= 0x7a) ||
        byte === 0x45 ||
        byte === 0x2b ||
        byte === 0x2d ||
        byte === 0x2e;
      if (!isPart) break;
    }
    const word = this.#bytes.toString('latin1', from, this.#at);
    if (WORD.test(word)) return;
    const isEnd = this.#at === this.#bytes.length;
    throw new JsonFault(`"${word.slice(0, 20)}", where a value should be`, from, isEnd);
  }

  #blanks(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at += 1;
    }
  }

  #take(byte: number): boolean {
    this.#blanks();
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at += 1;
    return true;
  }

  #expect(byte: number, sign: string): void {
    if (!this.#take(byte)) throw this.#unexpected(sign);
  }

  #unexpected(expected: string): JsonFault {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) return new JsonFault(`the end, where ${expected} should be`, this.#at, true);
    const shown =
      byte > 0x20 && byte < 0x7f
        ? `"${String.fromCharCode(byte)}"`
        : `byte 0x${byte.toString(16).padStart(2, '0')}`;
    return new JsonFault(`${shown}, where ${expected} should be`, this.#at);
  }
}

// Names of images are far shorter; a longer text is no name.
const MAX_TEXT = 4096;
/** What Go reads. */
const MAX_DEPTH = 10_000;
const WORD = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/;
