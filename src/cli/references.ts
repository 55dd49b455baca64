/** What the commands that take a reference to any object say alike. */
import type { Match } from '../host/graph/find.ts';
import type { HostSnapshot } from '../host/snapshot.ts';
import type { UnknownEntry } from '../host/unknown-entries.ts';
import { notFoundHints } from '../report/not-found.ts';
import { hintFor, unknownLine } from '../report/unknown.ts';
import { escapeText } from '../text/escape.ts';
import type { GlobalOptions } from './globals.ts';
import { writeError, writeHint } from './terminal-output.ts';
import { UsageError } from './usage-error.ts';

/** Candidates of an ambiguous reference that are named. */
const MAX_CANDIDATES = 10;
const MAX_UNKNOWN = 20;

/** @throws UsageError that names the candidates, each by what means it alone */
export function refuseSeveral(matches: readonly Pick<Match, 'label'>[], reference: string): never {
  const named = matches.slice(0, MAX_CANDIDATES).map(({ label }) => escapeText(label));
  const more = matches.length - named.length;
  const rest = more > 0 ? ` and ${more} more` : '';
  throw new UsageError(
    `"${escapeText(reference)}" is more than one object: ${named.join(', ')}${rest}; any of these names one`,
  );
}

/** @throws UsageError for a reference that names nothing */
export function refuseEmpty(reference: string, command: string): void {
  if (reference.trim() === '')
    throw new UsageError(`${command} needs to be told of what: the reference is empty`);
}

/** That nothing is called so, what was not read, and what to try. */
export async function sayMissing(
  host: HostSnapshot,
  {
    reference,
    why,
    command,
  }: { readonly reference: string; readonly why: string; readonly command: 'why' | 'owner' },
  unknown: readonly UnknownEntry[],
  globals: GlobalOptions,
): Promise<void> {
  await writeError(`${escapeText(reference)}: ${escapeText(why)}`);
  await sayUnknown(unknown, globals);
  if (globals.quiet === true) return;
  for (const hint of notFoundHints(host, reference, command)) await writeHint(hint);
}

/** Lines about what is not known, with what to try. */
export async function sayUnknown(unknown: readonly UnknownEntry[], globals: GlobalOptions): Promise<void> {
  if (globals.quiet === true) return;
  for (const entry of unknown.slice(0, MAX_UNKNOWN)) await writeError(`unknown: ${unknownLine(entry)}`);
  const more = unknown.length - MAX_UNKNOWN;
  if (more > 0) await writeError(`unknown: … and ${more} more; -o json has them all`);
  // Of what is not live, nothing can be tried but to read it with more rights.
  const tried = globals.root === undefined ? unknown : unknown.filter(({ state }) => state === 'denied');
  const hint = tried.map(({ state }) => hintFor(state)).find((line) => line !== undefined);
  if (hint !== undefined) await writeHint(`try: ${hint}`);
}
