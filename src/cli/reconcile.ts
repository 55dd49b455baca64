/** `ctrscope reconcile` */
import { inOrder, reconciled } from '../host/kinds/reconcile.ts';
import { type Reconciliation, reconcileWants } from '../host/reconcile/reconcile.ts';
import { reconcileVerdict } from '../host/reconcile/verdict.ts';
import type { HostSnapshot } from '../host/snapshot.ts';
import { distinct, type UnknownEntry, unknownFacets } from '../host/unknown-entries.ts';
import { reconcileMarkdown, reconcileText } from '../report/reconcile.ts';
import { documentHead, documentText } from './document.ts';
import { exitCodeOfVerdict } from './examine.ts';
import { EXIT } from './exit-codes.ts';
import { formatOf, type GlobalOptions } from './globals.ts';
import { openHost } from './host-source.ts';
import { compareAgain } from './read-comparison.ts';
import { writeOut } from './terminal-output.ts';

const FORMATS = ['text', 'json', 'yaml', 'markdown'] as const;

/** Compares Docker with containerd; the exit code says what came of it, as doctor's does. */
export const reconcileCommand = async (globals: GlobalOptions): Promise<number> => {
  const format = formatOf(globals, FORMATS);
  const source = await openHost(globals);
  try {
    const host = await source.collect(reconcileWants());
    if (!(await source.introduce(host))) return EXIT.failed;
    return await print(host, await compareAgain(source, host), format);
  } finally {
    await source.close();
  }
};

async function print(
  host: HostSnapshot,
  reconciliation: Reconciliation,
  format: (typeof FORMATS)[number],
): Promise<number> {
  const unknown = unknownIn(host, reconciliation);
  const verdict = reconcileVerdict(reconciliation, unknown.length);
  if (format === 'json' || format === 'yaml') {
    const items = inOrder(reconciliation.rows).map((row) => reconciled.item(row));
    const head = documentHead('reconcile', host, unknown);
    const document = { ...head, ...verdict, mode: reconciliation.mode, items };
    await writeOut(await documentText(document, format));
  } else {
    const text = format === 'markdown' ? reconcileMarkdown : reconcileText;
    await writeOut(text(reconciliation, verdict, unknown));
  }
  return exitCodeOfVerdict(verdict.verdict);
}

// Where nothing is to be compared, nothing is missing for it.
function unknownIn(host: HostSnapshot, { nothing }: Reconciliation): readonly UnknownEntry[] {
  return nothing?.state === 'absent' ? [] : distinct(unknownFacets(host, reconcileWants()));
}
