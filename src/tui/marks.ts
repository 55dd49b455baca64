/** The sign that stands before the word for a row's state; theme.ts has its ASCII twin. */
import type { RowTone } from '../host/kinds/kind.ts';
import type { Span, Style } from './spans.ts';

const MARKS: Readonly<Record<RowTone, { readonly sign: string; readonly style?: Style }>> = {
  ok: { sign: '●', style: 'ok' },
  created: { sign: '◌', style: 'created' },
  pass: { sign: '✓', style: 'ok' },
  paused: { sign: '‖', style: 'paused' },
  ended: { sign: '○', style: 'ended' },
  bad: { sign: '✗', style: 'bad' },
  warn: { sign: '!', style: 'warn' },
  unknown: { sign: '?', style: 'unknown' },
  absent: { sign: '–', style: 'ended' },
  plain: { sign: ' ' },
};

export const markOf = (tone: RowTone): Span => ({ text: MARKS[tone].sign, ...styleOf(tone) });

/** The style in which the word for this state is written. */
export const styleOf = (tone: RowTone): { readonly style?: Style } => {
  const { style } = MARKS[tone];
  return style === undefined ? {} : { style };
};

/** Whether somebody looking for problems wants to see it. */
export const isProblem = (tone: RowTone): boolean => tone === 'bad' || tone === 'warn' || tone === 'unknown';

const SPINNER = ['⠋', '⠙', '⠹', '⠸'] as const;

/** One step a second: enough to see that it lives. */
export const spinner = (seconds: number): string =>
  SPINNER[Math.abs(Math.floor(seconds)) % SPINNER.length] ?? '⠋';
