/** `ctrscope why REF` */
import { GC_FACETS } from '../host/graph/build.ts';
import { isUnknown } from '../host/observed.ts';
import { type FacetName, facet, type HostSnapshot } from '../host/snapshot.ts';
import { distinct, entriesOf, type UnknownEntry, unknownFacets } from '../host/unknown-entries.ts';
import { askWhy, WHY_WANTS, type WhyAnswer } from '../host/why.ts';
import { whyFields, whyLines } from '../report/why.ts';
import { documentHead, documentText } from './document.ts';
import { EXIT } from './exit-codes.ts';
import { formatOf, type GlobalOptions } from './globals.ts';
import { openHost } from './host-source.ts';
import { readWhy } from './read-why.ts';
import { refuseEmpty, refuseSeveral, sayMissing, sayUnknown } from './references.ts';
import { writeOut } from './terminal-output.ts';

const FORMATS = ['text', 'json', 'yaml'] as const;

/** Says who holds an object, or that nothing does. */
export const whyCommand = async (reference: string, globals: GlobalOptions): Promise<number> => {
  const format = formatOf(globals, FORMATS);
  refuseEmpty(reference, 'why');
  const source = await openHost(globals);
  try {
    const first = await source.collect(WHY_WANTS);
    if (!(await source.introduce(first))) return EXIT.failed;
    const { host, result } = await readWhy(source, (seen) => askWhy(seen, reference), first);
    if (result.state === 'ambiguous') return refuseSeveral(result.matches, reference);
    const answer = result.state === 'answer' ? result.answer : undefined;
    return await say(host, reference, answer, format, globals);
  } finally {
    await source.close();
  }
};

async function say(
  host: HostSnapshot,
  reference: string,
  answer: WhyAnswer | undefined,
  format: (typeof FORMATS)[number],
  globals: GlobalOptions,
): Promise<number> {
  const unknown = unknownForWhy(host, answer);
  if (answer === undefined) {
    await sayMissing(host, { reference, why: whyMissing(host), command: 'why' }, unknown, globals);
    return EXIT.failed;
  }
  if (format === 'text')
    await writeOut(
      whyLines(answer, host.at)
        .map((line) => `${line}\n`)
        .join(''),
    );
  else {
    const document = { ...documentHead('why', host, unknown), ...whyFields(answer, host.at) };
    await writeOut(await documentText(document, format));
  }
  if (format === 'text') await sayUnknown(unknown, globals);
  return unknown.length > 0 ? EXIT.partial : EXIT.ok;
}

/** What the answer lacks. The ingests' records and Docker's files say more only of ingests and of a Docker that does not answer. */
export const unknownForWhy = (host: HostSnapshot, answer: WhyAnswer | undefined): UnknownEntry[] => {
  const paths = [answer?.holders, answer?.perhaps, answer?.former].flatMap((found) => found?.paths ?? []);
  const shown = [
    ...(answer?.match.nodes ?? []),
    ...paths.flatMap(({ steps }) => steps.map(({ node }) => node)),
  ];
  const docker = shown.some(({ kind, nameUnread }) => kind.startsWith('docker') || nameUnread);
  const wanted: FacetName[] = [...GC_FACETS, ...(docker ? (['docker.containers'] as const) : [])];
  const ingest = answer?.held === undefined && answer?.match.nodes.some(({ kind }) => kind === 'ingest');
  return distinct([
    ...unknownFacets(host, ingest ? [...wanted, 'metadata.ingests'] : wanted),
    ...entriesOf(answer?.unread ?? []),
    ...versionEntry(host, answer),
  ]);
};

// What depends on the daemon's version is unknown with it.
function versionEntry(host: HostSnapshot, answer: WhyAnswer | undefined): UnknownEntry[] {
  return answer?.held === undefined ? unknownFacets(host, ['containerd.version']) : [];
}

/** In words, that there is no such object: lists that were not read may have it. */
export const whyMissing = (host: HostSnapshot): string =>
  GC_FACETS.some((name) => isUnknown(facet(host, name))) ? 'not found in what could be read' : 'not found';
