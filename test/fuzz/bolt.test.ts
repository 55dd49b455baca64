/** Damaged databases: whatever is done to a file, reading it ends soon, within its memory, and with an error of our own or none. */
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { bucketAt, buildFile, inlineBucket } from '../bolt/build-file.ts';
import { realFiles } from '../bolt/real-files.ts';
import { makeFile, referenceUnavailable } from '../bolt/reference.ts';
import { scratchFolder } from '../bolt/scratch.ts';
import { skipReason, suites } from '../lab/shared.ts';

const WORKER = join(import.meta.dirname, '../bolt/fuzz-worker.ts');
const CASES = process.env['CTRSCOPE_TESTS'] === 'full' ? 10_000 : 500;
/** Files of which each process makes its cases; two processors, two processes. */
const PROCESSES = 2;
/** One case; its time of the processor, because the machine may have other things to do. */
const MOST_MS = 1000;

const scratch = scratchFolder();

/** Small files of every sort, so that a mutation is likely to hit something: what the daemons wrote, if there are any. */
const originals = async (): Promise<string[]> => {
  const files = [byHand()];
  for (const suite of suites()) if (skipReason(suite) === undefined) files.push(...(await realFiles(suite)));
  if ((await referenceUnavailable()) === undefined) {
    files.push(await makeFile('mixed', scratch('mixed.db'), 12));
    files.push(await makeFile('churned', scratch('churned.db'), 60, 8192));
    files.push(await makeFile('images', scratch('images.db'), 30));
  }
  return files;
};

const byHand = (): string => {
  const label = { key: 'labels', value: inlineBucket([{ key: 'a', value: 'b' }]), bucket: true };
  return buildFile(scratch('by-hand.db'), {
    root: 3,
    freelist: 2,
    pages: {
      2: { freelist: [9] },
      3: { leaf: [{ key: 'v1', value: bucketAt(4), bucket: true }] },
      4: {
        leaf: [
          { key: 'default', value: bucketAt(5), bucket: true },
          { key: 'version', value: Buffer.from([8]) },
        ],
      },
      5: { leaf: [{ key: 'images', value: bucketAt(6), bucket: true }, label] },
      6: {
        branch: [
          { key: 'one', child: 7 },
          { key: 'two', child: 8 },
        ],
      },
      7: {
        leaf: [{ key: 'one', value: inlineBucket([{ key: 'createdat', value: 'no time' }]), bucket: true }],
      },
      8: { leaf: [{ key: 'two', value: bucketAt(10), bucket: true }] },
      10: { leaf: [label, { key: 'spec', value: 'x'.repeat(9000) }] },
    },
  });
};

test(
  `${CASES} damaged databases are read without a crash, a hang or much memory`,
  async () => {
    const files = await originals();
    const share = CASES / PROCESSES;
    const ended = await Promise.all(
      Array.from({ length: PROCESSES }, (_, i) =>
        execa(
          process.execPath,
          [
            '--max-old-space-size=128',
            WORKER,
            String(i * share),
            String((i + 1) * share),
            scratch(`case-${i}.db`),
            ...files,
          ],
          // A case that hangs: the last line said names it.
          { reject: false, timeout: 60_000 + share * MOST_MS * 0.3, maxBuffer: 1 << 28 },
        ),
      ),
    );
    for (const { exitCode, stdout, stderr } of ended) {
      const last = stdout.split('\n').at(-1) ?? '';
      // A process that was ended from outside has said last which case it was at.
      if (exitCode !== 0) throw new Error(`${last.slice(0, 300)}\n${stderr.slice(-3000)}`);
      const { outcomes, entries, slowestMs, maxRssMiB } = JSON.parse(last);
      process.stdout.write(`${JSON.stringify({ outcomes, entries, slowestMs, maxRssMiB })}\n`);
      expect(slowestMs).toBeLessThan(MOST_MS);
      expect(maxRssMiB).toBeLessThan(300);
      // Cases that never get past the door would show nothing.
      expect(entries).toBeGreaterThan(share * 20);
      expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(['damaged', 'unsound', 'metadata seen']));
    }
  },
  CASES * MOST_MS,
);
