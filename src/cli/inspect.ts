/** `ctrscope inspect REF…|--all` */
import { setTimeout as pause } from 'node:timers/promises';
import { type Chain, chains } from '../host/chain.ts';
import { type Subject, subjectKey, subjects } from '../host/docker-subjects.ts';
import { isUnknown } from '../host/observed.ts';
import { resolveContainers } from '../host/reference.ts';
import { type FacetName, facet, type HostSnapshot, type Scope, withFacets } from '../host/snapshot.ts';
import { distinct, entriesOf, unknownFacets } from '../host/unknown-entries.ts';
import { chainItem, chainLines } from '../report/chain.ts';
import { hintFor, unknownLine } from '../report/unknown.ts';
import { escapeText } from '../text/escape.ts';
import { documentHead, documentText } from './document.ts';
import { EXIT } from './exit-codes.ts';
import { formatOf, type GlobalOptions } from './globals.ts';
import { type HostSource, openHost } from './host-source.ts';
import { writeError, writeHint, writeOut } from './terminal-output.ts';
import { UsageError } from './usage-error.ts';

const FORMATS = ['text', 'json', 'yaml'] as const;
// What is listed of every container, and what is read of each that is inspected.
const LISTS: readonly FacetName[] = ['containerd.containers', 'containerd.tasks', 'docker.containers'];
const CONTAINERD: readonly FacetName[] = ['containerd.bodies', 'containerd.snapshots', 'containerd.images'];
const DOCKER: readonly FacetName[] = ['docker.bodies', 'docker.endpoint'];
/** A container that starts or ends is known to one of the two before the other. */
const SETTLE_MS = 300;

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

  const host = await readBodies(source, first, wanted);
  const keys = new Set(wanted.map(subjectKey));
  const inspected = await lookTwice(
    source,
    chains(host, (subject) => keys.has(subjectKey(subject))),
  );
  const unknown = distinct([
    ...unknownFacets(host, [...LISTS, ...DOCKER]),
    ...entriesOf(inspected.flatMap(({ gaps }) => gaps)),
  ]);
  const nothing = isUnknown(listed) && inspected.length === 0;
  await printChains(inspected, host, unknown, nothing, format);
  if (format === 'text' || missing.length > 0 || isUnknown(listed)) {
    for (const entry of globals.quiet === true ? [] : unknown)
      await writeError(`unknown: ${unknownLine(entry)}`);
    const hint = isUnknown(listed) ? hintFor(listed.state) : undefined;
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

async function readBodies(
  source: HostSource,
  first: HostSnapshot,
  wanted: readonly Subject[],
): Promise<HostSnapshot> {
  if (wanted.length === 0) return first;
  const docker = wanted.some((subject) => subject.docker) ? DOCKER : [];
  return withFacets(first, await source.collect([...CONTAINERD, ...docker], scopeOf(wanted)));
}

/** Whoever disagrees is looked at once more: only what both looks see is said. */
async function lookTwice(source: HostSource, first: readonly Chain[]): Promise<readonly Chain[]> {
  const disagreeing = first.filter(disagrees).map(({ subject }) => subject);
  if (disagreeing.length === 0 || source.recheck === undefined) return first;
  await pause(SETTLE_MS);
  const host = await source.collect([...LISTS, ...CONTAINERD, ...DOCKER], scopeOf(disagreeing));
  const again = new Map(chains(host).map((chain) => [subjectKey(chain.subject), chain]));
  return first.map((chain) => (disagrees(chain) ? (again.get(subjectKey(chain.subject)) ?? chain) : chain));
}

const disagrees = ({ links }: Chain): boolean =>
  links.some(({ layer, state }) => layer === 'docker' && state === 'disagreeing');

const scopeOf = (wanted: readonly Subject[]): Scope => ({
  namespaces: [...new Set(wanted.map(({ namespace }) => namespace))],
  containers: wanted.map(({ namespace, id }) => ({ namespace, id })),
});

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
