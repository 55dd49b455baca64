import { expect } from 'vitest';

import type { UnknownEntry } from '../../src/host/unknown-entries.ts';
import { ctrscope, type Run, type RunOptions } from '../faults/program.ts';
import type { Lab } from '../lab/lab.ts';
import { exactJson } from '../live/exact-json.ts';

/** One object of a listing; integers too large for a number are bigints. */
export type Item = Readonly<Record<string, unknown>>;

/** A JSON document of the program; without `items`, the listing could not be read. */
export type Answer = Run & {
  readonly unknown: readonly UnknownEntry[];
  readonly items: readonly Item[] | undefined;
  readonly document: Readonly<Record<string, unknown>>;
};

/** Runs a command with `-o json` and reads what it printed. */
export const answerOf = async (
  lab: Pick<Lab, 'env'>,
  args: readonly string[],
  options?: RunOptions,
): Promise<Answer> => {
  const run = await ctrscope(lab, [...args, '-o', 'json'], options);
  const document = exactJson(run.stdout) as Item & {
    readonly unknown: readonly UnknownEntry[];
    readonly items?: readonly Item[];
  };
  return { ...run, document, unknown: document.unknown, items: document.items };
};

// What moves a cursor, reorders a line or hides itself; a line feed ends a line and is the only one that is right.
const ACTIVE =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

/** Nothing of what was printed acts on a terminal. */
export const isInert = ({ stdout, stderr }: Run): void => {
  for (const text of [stdout, stderr]) {
    const at = text.search(ACTIVE);
    expect(at, JSON.stringify(text.slice(Math.max(0, at - 60), at + 20))).toBe(-1);
  }
};

/** The message names the address and the call, and says what to do next. */
export const isClear = ({ stderr }: Run, address: string, words: RegExp): void => {
  const escaped = address.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  expect(stderr).toMatch(new RegExp(`^ctrscope: .*\\b[A-Z]\\w*\\.[A-Z]\\w* at ${escaped}: `, 'm'));
  expect(stderr).toMatch(words);
  expect(stderr).toMatch(/^ {2}try: \S/m);
};
