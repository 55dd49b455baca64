import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { execa } from 'execa';

import type { Lab } from '../lab/lab.ts';
import { exactJson } from './exact-json.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/ctrscope.cjs');

/** What the program has answered; its output is whole, with the last newline. */
export type Answer = {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;
};

/** One object of a listing. */
export type Item = Readonly<Record<string, unknown>>;

/** What every JSON document has, and `items` where it lists something. */
export type Document = {
  readonly schemaVersion: unknown;
  readonly kind: unknown;
  readonly at: unknown;
  readonly from: unknown;
  readonly unknown: readonly unknown[];
  readonly items?: readonly Item[];
} & Readonly<Record<string, unknown>>;

export type ProgramOptions = {
  /** Set over the lab's environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
};

/** The command that starts the built program. */
export const command = (args: readonly string[]): readonly [file: string, args: readonly string[]] => {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not there; "npm run build" makes it`);
  return [process.execPath, [PROGRAM, ...args]];
};

/** The environment of a program under test: the lab's, and nothing from whoever runs the tests. */
export const programEnvironment = (
  lab: Pick<Lab, 'env'>,
  over: ProgramOptions['env'] = {},
): Record<string, string | undefined> => ({
  ...lab.env,
  CONTAINERD_NAMESPACE: undefined,
  FORCE_COLOR: undefined,
  NO_COLOR: undefined,
  ...over,
});

/** Runs the built program in a lab, its output into pipes; any exit code is an answer. */
export const ctrscope = async (
  lab: Pick<Lab, 'env'>,
  args: readonly string[],
  { env, input }: ProgramOptions = {},
): Promise<Answer> => {
  const [file, all] = command(args);
  const { stdout, stderr, exitCode } = await execa(file, all, {
    env: programEnvironment(lab, env),
    reject: false,
    stripFinalNewline: false,
    timeout: 60_000,
    maxBuffer: 1 << 30,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
  });
  return { stdout: String(stdout), stderr: String(stderr), exitCode };
};

/** The JSON document of a command; whatever is not one shows what came instead. */
export const documentOf = async (
  lab: Pick<Lab, 'env'>,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Document & { readonly items: readonly Item[] }> => {
  const { stdout, stderr, exitCode } = await ctrscope(lab, [...args, '-o', 'json'], options);
  try {
    const document = exactJson(stdout) as Document;
    return { ...document, items: document.items ?? [] };
  } catch (error) {
    throw new Error(
      `ctrscope ${args.join(' ')} (exit code ${exitCode}) printed no JSON: ${String(error)}\n${stdout.slice(0, 2000)}\n${stderr.slice(0, 2000)}`,
    );
  }
};
