import { createHash } from 'node:crypto';

import { skipReason, suites } from '../lab/shared.ts';
import type { Suite } from '../lab/suites.ts';

/** `npm run test:full`: the whole matrix, and every list as long as it is meant to be borne. */
export const isFullRun = process.env['CTRSCOPE_TESTS'] === 'full';

/**
 * The suites for tests that say the same of each: all in a full run, else one that changes with the commit.
 * The title of the tests sets where they begin, so that a commit is not tried on a single generation.
 * One that cannot be had is not chosen, unless there is no other: then its tests are skipped with its reason.
 */
export const rotatingSuites = (title = ''): readonly Suite[] => {
  if (isFullRun) return suites();
  const available = suites().filter((suite) => skipReason(suite) === undefined);
  const candidates = available.length > 0 ? available : suites();
  const offset = createHash('sha256').update(title).digest().readUInt32BE(0);
  const rotation = offset + Number(process.env['CTRSCOPE_ROTATION'] ?? 0);
  return candidates.slice(rotation % candidates.length).slice(0, 1);
};
