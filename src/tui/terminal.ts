/** The terminal while the UI has it: raw keys, the alternate screen, the mouse; and all of it given back. */
import { StringDecoder } from 'node:string_decoder';
import { render } from 'ink';
import type { ReactElement } from 'react';
import { createInputReader, type InputEvent } from './input.ts';
import type { TuiOptions } from './options.ts';

export interface Terminal {
  /** Draws what has changed now instead of at the next frame. */
  readonly flush: () => void;
  /** Brings the element up to date before anything else happens. */
  readonly redraw: () => void;
  readonly setMouse: (on: boolean) => void;
  /** Puts a text on the clipboard of whoever sits at the terminal, however far away that is. */
  readonly copy: (text: string) => boolean;
  /** Gives the terminal back; safe to call twice. */
  readonly close: () => void;
}

export interface TerminalEvents {
  readonly onInput: (event: InputEvent) => void;
  /** The terminal is gone. */
  readonly onHangup: () => void;
  readonly onError: (error: unknown) => void;
}

const PASTE = { on: '\x1b[?2004h', off: '\x1b[?2004l' } as const;
// Presses and the wheel, in the form that has no limit of 223 columns. Not movement: it would be a flood.
const MOUSE = { on: '\x1b[?1000h\x1b[?1006h', off: '\x1b[?1006l\x1b[?1000l' } as const;
const SHOW_CURSOR = '\x1b[?25h';
const LEAVE_SCREEN = '\x1b[?1049l';
// Frames a second; what a key does is drawn at once all the same.
const MAX_FPS = 15;
// What terminals take at least in one clipboard sequence.
const COPY_LIMIT = 74_994;

/** Takes the terminal and draws the element on it. */
export const openTerminal = (
  { stdin, stdout, stderr }: Pick<TuiOptions, 'stdin' | 'stdout' | 'stderr'>,
  element: ReactElement,
  isMouseOn: boolean,
  events: TerminalEvents,
): Terminal => {
  const decoder = new StringDecoder('utf8');
  const reader = createInputReader(events.onInput);
  const onData = (chunk: Buffer | string): void =>
    reader.push(typeof chunk === 'string' ? chunk : decoder.write(chunk));
  let isOpen = true;
  let flushing: 'no' | 'yes' | 'again' = 'no';
  const write = (text: string): void => {
    // A terminal that is gone cannot be written to, and needs nothing given back.
    if (stdout.writable !== false) stdout.write(text);
  };

  // Before the first frame: a key that the terminal still echoes would move the cursor under Ink's hands. So would the
  // echo of those pressed earlier, for the alternate screen begins where the cursor was.
  stdin.setRawMode(true);
  write('\r');
  // `CI` in the environment must not blank the screen, so nothing is left to detection.
  const app = render(element, {
    stdin,
    stdout,
    stderr,
    interactive: true,
    alternateScreen: true,
    incrementalRendering: true,
    patchConsole: false,
    exitOnCtrlC: false,
    maxFps: MAX_FPS,
    isScreenReaderEnabled: false,
  });
  app.waitUntilExit().catch(events.onError);
  write(PASTE.on + (isMouseOn ? MOUSE.on : ''));
  stdin.ref();
  stdin.on('data', onData);
  stdin.on('end', events.onHangup);
  stdin.on('error', events.onHangup);
  stdout.on('error', events.onHangup);
  stdin.resume();

  const flush = (): void => {
    if (!isOpen) return;
    if (flushing !== 'no') {
      flushing = 'again';
      return;
    }
    flushing = 'yes';
    app
      .waitUntilRenderFlush()
      .catch(events.onError)
      .finally(() => {
        const isWanted = flushing === 'again';
        flushing = 'no';
        // A key that came meanwhile may have been too late for that frame.
        if (isWanted) flush();
      });
  };

  return {
    flush,
    redraw: () => {
      if (isOpen) app.rerender(element);
    },
    setMouse: (on) => write(on ? MOUSE.on : MOUSE.off),
    copy: (text) => {
      const encoded = Buffer.from(text).toString('base64');
      if (encoded.length > COPY_LIMIT) return false;
      write(`\x1b]52;c;${encoded}\x07`);
      return true;
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      reader.reset();
      stdin.off('data', onData);
      stdin.off('end', events.onHangup);
      stdin.off('error', events.onHangup);
      write(MOUSE.off + PASTE.off);
      // Ink leaves the alternate screen; should it fail, we do.
      if (!tryTo(() => app.unmount())) write(LEAVE_SCREEN);
      write(SHOW_CURSOR);
      // After a hang-up there is no terminal whose mode could be set.
      tryTo(() => stdin.setRawMode(false));
      stdin.pause();
      stdin.unref();
      // What was just written may still fail, when there is nobody left to tell.
      stdout.off('error', events.onHangup);
      stdout.off('error', ignore);
      stdout.on('error', ignore);
    },
  };
};

function tryTo(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

function ignore(): void {
  // The terminal is gone.
}
