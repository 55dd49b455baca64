/** `ctrscope get KIND [NAME…]` */
import { type AnyKind, KINDS, kindNamed } from '../host/kinds/index.ts';
import type { Kind } from '../host/kinds/kind.ts';
import { isUnknown, type Listing, type Observed } from '../host/observed.ts';
import { facet, type HostSnapshot } from '../host/snapshot.ts';
import { type UnknownEntry, unknownOfKind } from '../host/unknown-entries.ts';
import { csvLines, textTable } from '../report/table.ts';
import { hintFor, unknownLine } from '../report/unknown.ts';
import { escapeText } from '../text/escape.ts';
import { nearest } from '../text/nearest.ts';
import { documentHead, documentText } from './document.ts';
import { EXIT } from './exit-codes.ts';
import { formatOf, type GlobalOptions } from './globals.ts';
import { openHost } from './host-source.ts';
import { writeError, writeHint, writeOut } from './terminal-output.ts';
import { UsageError } from './usage-error.ts';

const FORMATS = ['text', 'json', 'yaml', 'csv'] as const;
/** Lines of what is not known; a screen is enough of them. */
const MAX_UNKNOWN = 20;

/** Lists one kind; the exit code says whether it was read whole. */
export const get = async (
  word: string,
  names: readonly string[],
  globals: GlobalOptions,
): Promise<number> => {
  const kind = kindOf(word);
  const format = formatOf(globals, FORMATS);
  const host = await openHost(globals);
  try {
    const snapshot = await host.collect(kind.wants);
    if (!(await host.introduce(snapshot))) return EXIT.failed;
    return await kind.use((typed) => print(typed, kind, snapshot, names, format, globals));
  } finally {
    await host.close();
  }
};

async function print<Row>(
  kind: Kind<Row>,
  anyKind: AnyKind,
  host: HostSnapshot,
  names: readonly string[],
  format: (typeof FORMATS)[number],
  globals: GlobalOptions,
): Promise<number> {
  const main = facet(host, kind.facet);
  const unknown = unknownOfKind(host, anyKind);
  const all = kind.rows(host);
  const rows = names.length === 0 ? all : all.filter((row) => names.some((name) => matches(kind, row, name)));
  const missing = names.filter((name) => !all.some((row) => matches(kind, row, name)));
  const head = documentHead(kind.name, host, unknown);

  if (format === 'json' || format === 'yaml') {
    // A listing that could not be read has no items, which is not the same as having none.
    const items = isUnknown(main) ? {} : { items: rows.map((row) => kind.item(row)) };
    await writeOut(await documentText({ ...head, ...items }, format));
  } else if (!isUnknown(main)) {
    const lines =
      globals.quiet === true
        ? rows.map((row) => escapeText(kind.id(row)))
        : format === 'csv'
          ? csvLines(kind, rows, host.at)
          : textTable(kind, rows, host.at);
    await writeOut(lines.map((line) => `${line}\n`).join(''));
  }

  if (globals.quiet !== true && !isUnknown(main)) {
    if (main.state === 'absent' && main.why !== undefined) await writeError(main.why);
    else if (all.length === 0 && format === 'text' && !hasGaps(main)) await writeError(kind.whenEmpty);
  }
  await sayUnknown(unknown, globals);
  if (isUnknown(main)) return EXIT.failed; // whether a name is there cannot be said
  for (const name of missing) await writeError(`${kind.singular} ${escapeText(name)}: not found`);
  if (missing.length > 0) return EXIT.failed;
  return unknown.length > 0 ? EXIT.partial : EXIT.ok;
}

async function sayUnknown(unknown: readonly UnknownEntry[], globals: GlobalOptions): Promise<void> {
  if (globals.quiet === true) return;
  for (const entry of unknown.slice(0, MAX_UNKNOWN)) await writeError(`unknown: ${unknownLine(entry)}`);
  const more = unknown.length - MAX_UNKNOWN;
  if (more > 0) await writeError(`unknown: … and ${more} more; -o json has them all`);
  // Of what is not live, nothing can be tried but to read it with more rights.
  const tried = globals.root === undefined ? unknown : unknown.filter(({ state }) => state === 'denied');
  const hint = tried.map(({ state }) => hintFor(state)).find((line) => line !== undefined);
  if (hint !== undefined) await writeHint(`try: ${hint}`);
}

// Of a list with gaps nobody can say that it is empty.
function hasGaps(main: Observed<Listing<unknown>>): boolean {
  return main.state === 'seen' && main.value.gaps.length > 0;
}

function matches<Row>(kind: Kind<Row>, row: Row, name: string): boolean {
  return kind.id(row) === name || kind.key(row) === name || (kind.names?.(row).includes(name) ?? false);
}

function kindOf(word: string): AnyKind {
  const kind = kindNamed(word);
  if (kind !== undefined) return kind;
  const known = KINDS.map(({ name }) => name);
  const suggestion = nearest(word.toLowerCase(), known);
  const meant = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
  throw new UsageError(`no kind "${escapeText(word)}"${meant} There are ${known.join(', ')}`);
}
