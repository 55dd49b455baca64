/** `ctrscope report` */
import { wantsOf } from '../diagnose/engine.ts';
import { PROBES } from '../diagnose/probes.ts';
import { KINDS } from '../host/kinds/index.ts';
import type { FacetName, HostSnapshot } from '../host/snapshot.ts';
import type { UnknownEntry } from '../host/unknown-entries.ts';
import { diagnosisFields, inventoryOf, unknownInReport } from '../report/document.ts';
import { documentHead, documentText } from './document.ts';
import { examine, exitCodeOf } from './examine.ts';
import { EXIT } from './exit-codes.ts';
import { formatOf, type GlobalOptions } from './globals.ts';
import { writeOut } from './terminal-output.ts';

const FORMATS = ['text', 'json', 'yaml', 'markdown'] as const;

// What it reads besides its inventory.
const OTHERS = (['host.system', ...wantsOf(PROBES)] as const).filter(
  (name) => !KINDS.some(({ wants }) => wants.includes(name)),
);

/** All that a report of this snapshot does not know. */
export const unreadInReport = (host: HostSnapshot): readonly UnknownEntry[] => unknownInReport(host, OTHERS);

/** Verdict first, then findings, what could not be checked, inventory, timings. */
export const report = async (globals: GlobalOptions): Promise<number> => {
  const format = formatOf(globals, FORMATS);
  const shown: readonly FacetName[] = ['host.system', ...KINDS.flatMap(({ wants }) => wants)];
  const examined = await examine(globals, PROBES, shown, unreadInReport);
  if (examined === undefined) return EXIT.failed;
  const { host, diagnosis, unknown } = examined;
  if (format === 'json' || format === 'yaml') {
    const document = {
      ...documentHead('report', host, unknown),
      ...diagnosisFields(diagnosis),
      inventory: inventoryOf(host),
      timings: host.timings,
    };
    await writeOut(await documentText(document, format));
  } else if (format === 'markdown') {
    const { reportMarkdown } = await import('../report/markdown.ts');
    await writeOut(reportMarkdown(host, diagnosis, unknown));
  } else {
    const { reportText } = await import('../report/text.ts');
    await writeOut(reportText(host, diagnosis, unknown));
  }
  return exitCodeOf(diagnosis);
};
