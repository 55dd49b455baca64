/** `ctrscope owner REF` */
import { resolve } from 'node:path';
import { buildGraph } from '../host/graph/build.ts';
import { OWNER_WANTS, ownerOf } from '../host/owner/owner.ts';
import { distinct, unknownFacets } from '../host/unknown-entries.ts';
import { ownerLines } from '../report/owner.ts';
import { documentHead, documentText } from './document.ts';
import { EXIT } from './exit-codes.ts';
import { formatOf, type GlobalOptions } from './globals.ts';
import { openHost } from './host-source.ts';
import { refuseEmpty, refuseSeveral, sayMissing, sayUnknown } from './references.ts';
import { writeOut } from './terminal-output.ts';

const FORMATS = ['text', 'json', 'yaml'] as const;

/** Says to whom a digest, a snapshot, a path or a cgroup belongs. */
export const ownerCommand = async (reference: string, globals: GlobalOptions): Promise<number> => {
  const format = formatOf(globals, FORMATS);
  refuseEmpty(reference, 'owner');
  const source = await openHost(globals);
  try {
    const host = await source.collect(OWNER_WANTS);
    if (!(await source.introduce(host))) return EXIT.failed;
    const root = globals.root === undefined ? undefined : resolve(globals.root);
    const result = ownerOf(host, buildGraph(host), reference, root);
    if (result.state === 'ambiguous') return refuseSeveral(result.matches, reference);
    const restsOn = result.state === 'none' ? result.restsOn : result.answer.restsOn;
    const nameless = result.state === 'answer' && result.answer.owners.some(({ name }) => name === undefined);
    const names = nameless ? (['docker.containers'] as const) : [];
    const unknown = distinct(unknownFacets(host, [...new Set([...restsOn, ...names])]));
    if (result.state === 'none') {
      await sayMissing(host, { reference, why: result.why, command: 'owner' }, unknown, globals);
      return EXIT.failed;
    }
    const { answer } = result;
    if (format === 'text') {
      const lines = ownerLines(answer, unknown.length === 0);
      await writeOut(lines.map((line) => `${line}\n`).join(''));
      await sayUnknown(unknown, globals);
    } else {
      const fields = { subject: answer.subject, items: answer.owners };
      await writeOut(await documentText({ ...documentHead('owner', host, unknown), ...fields }, format));
    }
    return unknown.length > 0 ? EXIT.partial : EXIT.ok;
  } finally {
    await source.close();
  }
};
