import { afterAll, beforeAll, describe } from 'vitest';

import { labUnavailable } from './available.ts';
import { suiteUnavailable } from './binaries.ts';
import { type Lab, type LabOptions, startLab } from './lab.ts';
import { isSuite, SUITES, type Suite } from './suites.ts';

/** A first use may have to download a suite; a start takes about half a second. */
const START_MS = 120_000;
const STOP_MS = 60_000;

/** The suites that tests run on: all three, or those that CTRSCOPE_SUITES lists, parted by commas. */
export const suites = (): readonly Suite[] => {
  const words = (process.env['CTRSCOPE_SUITES'] ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
  for (const word of words) {
    if (!isSuite(word)) throw new Error(`CTRSCOPE_SUITES names "${word}"; suites: ${SUITES.join(' ')}`);
  }
  return words.length === 0 ? SUITES : words.filter(isSuite);
};

/** Why tests cannot run on a suite; said on stderr too, once per test file. */
export const skipReason = (suite: Suite): string | undefined => skipReasons.get(suite);

/**
 * One `describe` per suite, of all or of those that `on` names. The body's tests share a lab; those of a suite that cannot be had are skipped
 * under a title that says why, and so are counted.
 *
 *     describeLab('containers', { docker: 'graphdriver' }, (lab) => {
 *       test('are listed', async () => { await lab().ctr(['containers', 'list']); });
 *     });
 */
export const describeLab = (
  title: string,
  {
    on = suites(),
    ...options
  }: Omit<LabOptions, 'suite' | 'tag' | 'kept'> & { readonly on?: readonly Suite[] },
  body: (lab: () => Lab, suite: Suite) => void,
): void => {
  for (const suite of on) {
    const reason = skipReason(suite);
    if (reason === undefined) {
      describe(`${title} (${suite})`, () => body(sharedLab(suite, options), suite));
    } else {
      describe.skip(`${title} (${suite}), skipped: ${reason}`, () => body(() => noLab(reason), suite));
    }
  }
};

/**
 * A lab for the tests of the surrounding `describe` or file; call the result inside a test. All who ask for
 * the same suite and options within a file get the same lab, which stops when the last of them is done.
 */
export const sharedLab = (
  suite: Suite,
  options: Omit<LabOptions, 'suite' | 'tag' | 'kept'> = {},
): (() => Lab) => {
  const key = JSON.stringify([suite, options]);
  const shared = sharedLabs.get(key) ?? { users: 0, lab: undefined, starting: undefined };
  sharedLabs.set(key, shared);
  shared.users += 1; // all describes of a file are collected before the first test runs
  beforeAll(async () => {
    shared.starting ??= startLab({ ...options, suite });
    shared.lab = await shared.starting;
  }, START_MS);
  afterAll(async () => {
    shared.users -= 1;
    if (shared.users === 0) await shared.lab?.stop();
  }, STOP_MS);
  return () => shared.lab ?? noLab(`the lab of ${suite} is there only while its tests run`);
};

type Shared = { users: number; lab: Lab | undefined; starting: Promise<Lab> | undefined };

const sharedLabs = new Map<string, Shared>();

const noLab = (reason: string): never => {
  throw new Error(reason);
};

const findSkipReason = async (suite: Suite): Promise<string | undefined> =>
  labUnavailable() ?? (await suiteUnavailable(suite));

// While tests are collected, before any of their timeouts runs: this may download.
const skipReasons = new Map<Suite, string>();
for (const suite of suites()) {
  const reason = await findSkipReason(suite);
  if (reason === undefined) continue;
  skipReasons.set(suite, reason);
  process.stderr.write(`SKIPPED: tests on ${suite}: ${reason}\n`);
}
