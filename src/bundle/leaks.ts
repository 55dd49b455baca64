/**
 * The second look at finished files: secrets that can be known by their form. They were withheld where facts entered the
 * picture; whatever is still found here got past that, and then the bundle must not go out.
 */
import { withholdText } from '../host/secrets.ts';
import type { BundleFile } from './archive-writer.ts';

export interface Leak {
  /** The form of the secret, in words. */
  readonly rule: string;
  readonly path: string;
  readonly line: number;
}

/** Only to name what was found; whether something is a secret is for `host/secrets.ts` alone. */
const RULES: readonly (readonly [form: RegExp, rule: string])[] = [
  [/^eyJ/, 'JSON web token'],
  [/^A[KS]IA/, 'cloud access key'],
  [/^(gh[pousr]_|github_pat_|glpat-)/, 'forge token'],
  [/^xox/, 'chat token'],
  [/^sk-/, 'API key'],
  [/^-----BEGIN/, 'private key'],
];

const MAX_LEAKS = 20;

/** The first secrets found in the files. */
export const findLeaks = (files: readonly BundleFile[]): readonly Leak[] => {
  const leaks: Leak[] = [];
  for (const { path, chunks } of files) {
    let number = 0;
    for (const line of linesOf(chunks)) {
      number += 1;
      const rule = ruleBroken(line);
      if (rule !== undefined) leaks.push({ rule, path, line: number });
      if (leaks.length === MAX_LEAKS) return leaks;
    }
  }
  return leaks;
};

function ruleBroken(line: string): string | undefined {
  const clean = withholdText(line);
  if (clean === line) return undefined;
  let at = 0;
  while (line[at] === clean[at]) at += 1;
  const found = line.slice(at);
  const before = line.slice(0, at);
  if (/:\/\/[^/\s]*:$/.test(before)) return 'password in a URL';
  if (/authorization\s*[:=]\s*$/i.test(before)) return 'HTTP authorization';
  if (/bearer\s+$/i.test(before)) return 'bearer token';
  if (/hooks\.slack\.com\/services\/$/.test(before)) return 'webhook';
  if (/[?&]\w+=$/.test(before)) return 'secret in a URL';
  return RULES.find(([form]) => form.test(found))?.[1] ?? 'secret of a known form';
}

function* linesOf(chunks: readonly Uint8Array[]): Generator<string> {
  // Files are written in whole lines, or in one piece.
  for (const chunk of chunks) {
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('utf8');
    const lines = text.endsWith('\n') ? text.slice(0, -1) : text;
    yield* lines.split('\n');
  }
}
