/** One line of text being typed. */

export interface Draft {
  readonly text: string;
  /** Where the next character goes, in UTF-16 units; never inside a pair. */
  readonly at: number;
}

export const EMPTY_DRAFT: Draft = { text: '', at: 0 };

export const draftOf = (text: string): Draft => ({ text, at: text.length });

/** The draft after a key, or undefined when the key is none of a line's. */
export const editDraft = (
  draft: Draft,
  key: { readonly name: string; readonly text?: string },
): Draft | undefined => {
  if (key.text !== undefined) return insert(draft, key.text);
  const { text, at } = draft;
  switch (key.name) {
    case 'backspace':
      return cut(draft, before(text, at), at);
    case 'delete':
      return cut(draft, at, after(text, at));
    case 'left':
      return { text, at: before(text, at) };
    case 'right':
      return { text, at: after(text, at) };
    case 'home':
    case 'ctrl-a':
      return { text, at: 0 };
    case 'end':
    case 'ctrl-e':
      return { text, at: text.length };
    case 'ctrl-u':
      return cut(draft, 0, at);
    case 'ctrl-w':
      return cut(draft, wordStart(text, at), at);
    default:
      return undefined;
  }
};

/** Text put in at the cursor; line breaks and other controls of a pasted text become spaces. */
export const insert = ({ text, at }: Draft, added: string): Draft => {
  const clean = added.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return { text: text.slice(0, at) + clean + text.slice(at), at: at + clean.length };
};

function cut({ text }: Draft, from: number, to: number): Draft {
  return { text: text.slice(0, from) + text.slice(to), at: from };
}

function wordStart(text: string, at: number): number {
  return Math.max(0, text.slice(0, at).search(/\S+\s*$/));
}

function before(text: string, at: number): number {
  return Math.max(0, at - (isLowHalf(text, at - 1) ? 2 : 1));
}

function after(text: string, at: number): number {
  return Math.min(text.length, at + (isLowHalf(text, at + 1) ? 2 : 1));
}

function isLowHalf(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff;
}
