/** `ctrscope usage` */
import { setTimeout as pause } from 'node:timers/promises';
import { buildGraph } from '../host/graph/build.ts';
import { markGraph } from '../host/graph/mark.ts';
import { isUnknown } from '../host/observed.ts';
import { facet, type HostSnapshot, withFacets } from '../host/snapshot.ts';
import { distinct, unknownFacets } from '../host/unknown-entries.ts';
import { RECORD_WANTS, USAGE_WANTS, usageOf, usageRestsOn } from '../host/usage/usage.ts';
import type { Usage } from '../host/usage/usage-row.ts';
import { looseItem, usageCsv, usageItem, usageLines } from '../report/usage.ts';
import { documentHead, documentText } from './document.ts';
import { EXIT } from './exit-codes.ts';
import { formatOf, type GlobalOptions } from './globals.ts';
import { openHost } from './host-source.ts';
import { sayUnknown } from './references.ts';
import { writeOut } from './terminal-output.ts';

const FORMATS = ['text', 'json', 'yaml', 'csv'] as const;
/** What is being pulled may be seen before what holds it: what nobody seems to hold is looked at again. */
const SETTLE_MS = 300;

/** Says what takes the disk, and how that is known. */
export const usageCommand = async (globals: GlobalOptions): Promise<number> => {
  const format = formatOf(globals, FORMATS);
  const source = await openHost(globals);
  try {
    const first = await source.collect(USAGE_WANTS);
    if (!(await source.introduce(first))) return EXIT.failed;
    let host = first;
    let usage = usageFrom(host);
    if (source.recheck !== undefined && usage.loose.length > 0) {
      await pause(SETTLE_MS);
      host = withFacets(first, await source.collect(RECORD_WANTS));
      usage = usageFrom(host);
    }
    const unknown = distinct(unknownFacets(host, usageRestsOn(host)));
    // Without either list there is nothing to add up.
    const nothing =
      isUnknown(facet(host, 'containerd.content')) && isUnknown(facet(host, 'containerd.snapshots'));
    if (format === 'json' || format === 'yaml') {
      const fields = nothing ? {} : { items: usage.rows.map(usageItem), loose: usage.loose.map(looseItem) };
      await writeOut(await documentText({ ...documentHead('usage', host, unknown), ...fields }, format));
    } else if (!nothing) {
      const lines = format === 'csv' ? usageCsv(usage) : usageLines(usage, host.at);
      await writeOut(lines.map((line) => `${line}\n`).join(''));
    }
    await sayUnknown(unknown, globals);
    if (nothing) return EXIT.failed;
    return unknown.length > 0 ? EXIT.partial : EXIT.ok;
  } finally {
    await source.close();
  }
};

function usageFrom(host: HostSnapshot): Usage {
  const graph = buildGraph(host);
  return usageOf(host, graph, markGraph(graph));
}
