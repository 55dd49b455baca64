/**
 * `npm run transcript`: makes the transcripts of docs/stopped-host.md and the README anew, of a lab whose daemons are killed
 * and whose data is copied to where the documents have it.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLab } from '../test/lab/lab.ts';
import { seedLab } from '../test/lab/seed.ts';
import { asked, SHOWN_ROOT, shownIn, stoppedHost, withAnswers } from '../test/live/transcript.ts';

const REPOSITORY = join(import.meta.dirname, '..');

mkdirSync(SHOWN_ROOT); // fails where something is there
const lab = await startLab({ suite: 'sid', docker: 'containerd' });
try {
  const host = await stoppedHost(lab, await seedLab(lab), SHOWN_ROOT);
  for (const name of ['README.md', 'docs/stopped-host.md']) {
    const path = join(REPOSITORY, name);
    const markdown = readFileSync(path, 'utf8');
    writeFileSync(path, withAnswers(markdown, await asked(shownIn(markdown), host)));
  }
} finally {
  rmSync(SHOWN_ROOT, { recursive: true, force: true });
  await lab.stop();
}
