/** `ctrscope inspect REF…|--all` */
import type { Chain } from '../host/chain.ts';
import { type Subject, subjectKey, subjects } from '../host/docker-subjects.ts';
import { isUnknown, seenValue } from '../host/observed.ts';
import { resolveContainers } from '../host/reference.ts';
import { facet, type HostSnapshot } from '../host/snapshot.ts';
import { distinct, entriesOf, unknownFacets } from '../host/unknown-entries.ts';
import { chainItem, chainLines } from '../report/chain.ts';
import { hintFor, unknownLine } from '../report/unknown.ts';
import { escapeText } from '../text/escape.ts';
import { documentHead, documentText } from './document.ts';
import { EXIT } from './exit-codes.ts';
import { formatOf, type GlobalOptions } from './globals.ts';
import { type HostSource, openHost } from './host-source.ts';
import { DOCKER, LISTS, readChains } from './read-chains.ts';
import { writeError, writeHint, writeOut } from './terminal-output.ts';
import { UsageError } from './usage-error.ts';

const FORMATS = ['text', 'json', 'yaml'] as const;

/** Follows containers through Docker and containerd: record, task, snapshot, image and OCI spec. */
export const inspect = async (
  references: readonly string[],
  { all }: { readonly all?: boolean },
  globals: GlobalOptions,
): Promise<number> => {
  const format = formatOf(globals, FORMATS);
  if ((references.length === 0) === (all !== true)) {
    throw new UsageError('inspect takes references, or --all');
  }
  const source = await openHost(globals);
  try {
    return await inspectHost(source, references, all === true, format, globals);
  } finally {
    await source.close();
  }
};

async function inspectHost(
  source: HostSource,
  references: readonly string[],
  all: boolean,
  format: (typeof FORMATS)[number],
  globals: GlobalOptions,
): Promise<number> {
  const first = await source.collect(LISTS);
  if (!(await source.introduce(first))) return EXIT.failed;
  const listed = facet(first, 'containerd.containers');
  const known = subjects(first);
  const { found, missing } = resolve(known, references);
  const wanted = all ? known : found;

  const { host, inspected } = await readChains(source, first, wanted);
  const unknown = distinct([
    ...unknownFacets(host, [...LISTS, ...DOCKER]),
    ...entriesOf(inspected.flatMap(({ gaps }) => gaps)),
  ]);
  const nothing = isUnknown(listed) && inspected.length === 0;
  await printChains(inspected, host, unknown, nothing, format);
  if (format === 'text' || missing.length > 0 || isUnknown(listed)) {
    for (const entry of globals.quiet === true ? [] : unknown)
      await writeError(`unknown: ${unknownLine(entry)}`);
    // Of a list that its files had to give, too, the daemon's silence is what to look into.
    const unread = isUnknown(listed) ? listed : seenValue(listed)?.gaps.find(({ object }) => !object);
    const hint = unread === undefined ? undefined : hintFor(unread.state);
    if (hint !== undefined) await writeHint(`try: ${hint}`);
  }
  for (const reference of missing) {
    // In a list that was not read, nothing is missing.
    const why = isUnknown(listed) ? 'not looked for, the list could not be read' : 'not found';
    await writeError(`container ${escapeText(reference)}: ${why}`);
  }
  if (nothing || missing.length > 0) return EXIT.failed;
  return unknown.length > 0 ? EXIT.partial : EXIT.ok;
}

async function printChains(
  inspected: readonly Chain[],
  host: HostSnapshot,
  unknown: Parameters<typeof documentHead>[2],
  unread: boolean,
  format: (typeof FORMATS)[number],
): Promise<void> {
  if (format === 'text') {
    await writeOut(inspected.map((chain) => `${chainLines(chain).join('\n')}\n`).join('\n'));
    return;
  }
  const items = unread ? {} : { items: inspected.map(chainItem) };
  await writeOut(await documentText({ ...documentHead('inspect', host, unknown), ...items }, format));
}

function resolve(
  known: readonly Subject[],
  references: readonly string[],
): { readonly found: readonly Subject[]; readonly missing: readonly string[] } {
  const found = new Map<string, Subject>();
  const missing: string[] = [];
  for (const reference of references) {
    const matches = resolveContainers(known, reference);
    if (matches.length > 1) {
      const candidates = matches.map((subject) => escapeText(subjectKey(subject))).join(', ');
      throw new UsageError(`"${escapeText(reference)}" is more than one container: ${candidates}`);
    }
    const match = matches[0];
    if (match === undefined) missing.push(reference);
    else found.set(subjectKey(match), match);
  }
  return { found: [...found.values()], missing };
}
