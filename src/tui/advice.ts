/** Why something could not be read, in words, and what to try. */
import type { UnknownState } from '../host/observed.ts';
import { screenText } from './foreign.ts';
import { EMPTY_LINE, type Line, line, span, textLine } from './spans.ts';
import { wrapWords } from './wrap.ts';

export interface Cause {
  readonly state: string;
  readonly why: string;
  /** The RPC, file or command. */
  readonly from: string;
}

/** The cause of a failed reading and a command that may tell more, as lines of at most `cells` cells. */
export const causeLines = (what: string, cause: Cause, cells: number): readonly Line[] => {
  const command = COMMANDS[cause.state];
  return [
    line(span('✗ ', 'bad'), span(`${what}: ${WORDS[cause.state] ?? cause.state}`, 'bad')),
    EMPTY_LINE,
    ...wrapWords(screenText(cause.why), cells - 2).map((text) => textLine(`  ${text}`)),
    textLine(`  ${screenText(cause.from)}`, 'muted'),
    ...(command === undefined ? [] : [EMPTY_LINE, line(span('  try  ', 'muted'), span(command, 'key'))]),
  ];
};

const WORDS: Readonly<Record<string, string>> = {
  denied: 'permission denied',
  timeout: 'no answer in time',
  unreachable: 'cannot be reached',
  unsupported: 'not supported by this version',
  offline: 'not available offline',
  failed: 'failed',
  truncated: 'only read in part',
  withheld: 'withheld',
  notCollected: 'not read',
} satisfies Record<UnknownState, string>;

// The least that helps: reading as root, then the program's own diagnosis.
const COMMANDS: Readonly<Record<string, string>> = {
  denied: 'sudo ctrscope',
  timeout: 'ctrscope doctor',
  unreachable: 'ctrscope doctor',
  failed: 'ctrscope doctor',
} satisfies Partial<Record<UnknownState, string>>;
