/** What docs/stopped-host.md and the README show of a host that does not run is what the program prints of one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';
import { scratchFolder } from '../bolt/scratch.ts';
import { seedLab } from '../lab/seed.ts';
import { sharedLab, skipReason } from '../lab/shared.ts';
import { asked, SHOWN_ROOT, type StoppedHost, shownIn, stableLines, stoppedHost } from './transcript.ts';

const ROOT = join(import.meta.dirname, '../..');
const DOCUMENTS = ['README.md', 'docs/stopped-host.md'].map(
  (name) => [name, shownIn(readFileSync(join(ROOT, name), 'utf8'))] as const,
);

const reason = skipReason('sid');
const title = reason === undefined ? 'sid, containerd' : `sid, containerd, skipped: ${reason}`;

describe(`both daemons killed (${title})`, { skip: reason !== undefined }, () => {
  const lab = sharedLab('sid', { docker: 'containerd' });
  const scratch = scratchFolder();
  let host: StoppedHost;

  beforeAll(async () => {
    host = await stoppedHost(lab(), await seedLab(lab()), scratch('web-1'));
  });

  test.each(DOCUMENTS)('%s shows what is printed; "npm run transcript" makes it anew', async (_, shown) => {
    const answers = await asked(shown, host);
    for (const [i, { args, text }] of answers.entries()) {
      const printed = text.replaceAll(host.root, SHOWN_ROOT);
      expect(stableLines(printed), args.join(' ')).toEqual(stableLines(shown[i]?.text ?? ''));
    }
  });

  test('every command that reads a disk is shown', () => {
    const commands = new Set(DOCUMENTS.flatMap(([, shown]) => shown.flatMap(({ args }) => args)));
    for (const name of ['get', 'report', 'reconcile', 'usage', 'why', 'owner', 'verify']) {
      expect(commands).toContain(name);
    }
  });
});
