import { execa } from 'execa';
import { expect } from 'vitest';

import type { Diagnosis } from '../../src/host/finding.ts';
import type { UnknownEntry } from '../../src/host/unknown-entries.ts';
import type { Lab } from '../lab/lab.ts';
import { programEnvironment } from '../live/program.ts';

/** The built program, as a user runs it. */
export const PROGRAM = new URL('../../dist/ctrscope.cjs', import.meta.url).pathname;

/** Far above what any answer takes: it is there to tell a hang from a slow machine. */
const HANG_MS = 60_000;

/** What a run of the program has said. */
export type Run = {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
};

/** How a run differs from the plain one of root. */
export type RunOptions = {
  /** Put before the program: `setpriv …`, `unshare …`. */
  readonly prefix?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The command that is run in the place of `node dist/ctrscope.cjs`. */
  readonly program?: readonly string[];
};

/** Runs the program against a lab. It ends by itself, and never with a stack trace: everything else is the test's to say. */
export const ctrscope = async (
  lab: Pick<Lab, 'env'>,
  args: readonly string[],
  { prefix = [], env = {}, program = [process.execPath, PROGRAM] }: RunOptions = {},
): Promise<Run> => {
  const [file = '', ...rest] = [...prefix, ...program, ...args];
  const started = performance.now();
  const run = await execa(file, rest, {
    env: programEnvironment(lab, env),
    reject: false,
    stdin: 'ignore',
    timeout: HANG_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 512 << 20,
    stripFinalNewline: false,
  });
  const ms = performance.now() - started;
  const said = `ctrscope ${args.join(' ')}\n${run.stderr}`;
  expect(run.timedOut, `hung for ${HANG_MS} ms: ${said}`).toBe(false);
  expect(run.exitCode, `ended by ${run.signal ?? run.originalMessage ?? 'nobody'}: ${said}`).toBeTypeOf(
    'number',
  );
  expect(run.stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
  return { exitCode: run.exitCode ?? -1, stdout: run.stdout, stderr: run.stderr, ms };
};

/** The document that `doctor -o json` writes. */
export type DoctorDocument = Diagnosis & {
  readonly schemaVersion: number;
  readonly kind: string;
  readonly unknown: readonly UnknownEntry[];
};

/** `doctor -o json`, and what it has said. */
export const doctor = async (
  lab: Pick<Lab, 'env'>,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Run & { readonly document: DoctorDocument }> => {
  const run = await ctrscope(lab, ['doctor', '-o', 'json', ...args], options);
  return { ...run, document: JSON.parse(run.stdout) as DoctorDocument };
};
