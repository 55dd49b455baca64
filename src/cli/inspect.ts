/** `ctrscope inspect REF…|--all` */
import { type LiveHost, openLiveHost } from '../collect/live.ts';
import { type Chain, chains } from '../host/chain.ts';
import { type ContainerRow, containerRows } from '../host/kinds/containers.ts';
import { isUnknown } from '../host/observed.ts';
import { resolveContainers } from '../host/reference.ts';
import { facet, type HostSnapshot, withFacets } from '../host/snapshot.ts';
import { entriesOf, unknownFacets } from '../host/unknown-entries.ts';
import { chainItem, chainLines } from '../report/chain.ts';
import { hintFor, unknownLine } from '../report/unknown.ts';
import { escapeText } from '../text/escape.ts';
import { documentHead, documentText } from './document.ts';
import { EXIT } from './exit-codes.ts';
import { formatOf, type GlobalOptions, liveOptions } from './globals.ts';
import { foundNobody, sayChoice, sayNobody } from './no-containerd.ts';
import { writeError, writeHint, writeOut } from './terminal-output.ts';
import { UsageError } from './usage-error.ts';

const FORMATS = ['text', 'json', 'yaml'] as const;

/** Follows containers through containerd: record, task, snapshot, image and OCI spec. */
export const inspect = async (
  references: readonly string[],
  { all }: { readonly all?: boolean },
  globals: GlobalOptions,
): Promise<number> => {
  const format = formatOf(globals, FORMATS);
  if ((references.length === 0) === (all !== true)) {
    throw new UsageError('inspect takes references, or --all');
  }
  const live = openLiveHost(liveOptions(globals));
  try {
    return await inspectLive(live, references, all === true, format, globals);
  } finally {
    live.close();
  }
};

async function inspectLive(
  live: LiveHost,
  references: readonly string[],
  all: boolean,
  format: (typeof FORMATS)[number],
  globals: GlobalOptions,
): Promise<number> {
  const first = await live.collect(['containerd.containers', 'containerd.tasks']);
  const nobody = foundNobody(first);
  if (nobody !== undefined) {
    await sayNobody(nobody);
    return EXIT.failed;
  }
  if (globals.quiet !== true) await sayChoice(first);
  const listed = facet(first, 'containerd.containers');
  const rows = containerRows(first);
  const { found, missing } = resolve(rows, references);
  const wanted = all ? rows : found;

  const host = await readBodies(live, first, wanted);
  const keys = new Set(wanted.map(keyOf));
  const inspected = chains(host, (row) => keys.has(keyOf(row)));
  const unknown = [
    ...unknownFacets(host, ['containerd.containers', 'containerd.tasks']),
    ...entriesOf(inspected.flatMap(({ gaps }) => gaps)),
  ];
  await printChains(inspected, host, unknown, isUnknown(listed), format);
  if (format === 'text' || missing.length > 0 || isUnknown(listed)) {
    for (const entry of globals.quiet === true ? [] : unknown)
      await writeError(`unknown: ${unknownLine(entry)}`);
    const hint = isUnknown(listed) ? hintFor(listed.state) : undefined;
    if (hint !== undefined) await writeHint(`try: ${hint}`);
  }
  for (const reference of missing) await writeError(`container ${escapeText(reference)}: not found`);
  if (isUnknown(listed) || missing.length > 0) return EXIT.failed;
  return unknown.length > 0 ? EXIT.partial : EXIT.ok;
}

async function readBodies(
  live: LiveHost,
  first: HostSnapshot,
  rows: readonly ContainerRow[],
): Promise<HostSnapshot> {
  if (rows.length === 0) return first;
  const containers = rows.map(({ container: { namespace, id } }) => ({ namespace, id }));
  const namespaces = [...new Set(containers.map(({ namespace }) => namespace))];
  const second = await live.collect(['containerd.bodies', 'containerd.snapshots', 'containerd.images'], {
    namespaces,
    containers,
  });
  return withFacets(first, second);
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
  rows: readonly ContainerRow[],
  references: readonly string[],
): { readonly found: readonly ContainerRow[]; readonly missing: readonly string[] } {
  const found = new Map<string, ContainerRow>();
  const missing: string[] = [];
  for (const reference of references) {
    const matches = resolveContainers(rows, reference);
    if (matches.length > 1) {
      const candidates = matches.map((row) => escapeText(keyOf(row))).join(', ');
      throw new UsageError(`"${escapeText(reference)}" is more than one container: ${candidates}`);
    }
    const match = matches[0];
    if (match === undefined) missing.push(reference);
    else found.set(keyOf(match), match);
  }
  return { found: [...found.values()], missing };
}

const keyOf = ({ container }: ContainerRow): string => `${container.namespace}/${container.id}`;
