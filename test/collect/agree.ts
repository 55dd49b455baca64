import { isDeepStrictEqual } from 'node:util';

import { expect } from 'vitest';

import { openLiveHost } from '../../src/collect/live.ts';
import type { FacetName, HostSnapshot } from '../../src/host/snapshot.ts';
import type { Lab } from '../lab/lab.ts';
import { until } from '../lab/until.ts';
import { type Follower, itemsOf, wantsOf } from './follow.ts';

/** A whole reading of a lab's containerd, not through the feed. */
export const freshly = async (
  lab: Pick<Lab, 'address'>,
  wants: readonly FacetName[] = wantsOf('containerd.'),
): Promise<HostSnapshot> => {
  const live = openLiveHost({ address: lab.address, environment: {} });
  try {
    return await live.collect(wants);
  } finally {
    live.close();
  }
};

/** Waits until the feed's picture is what a whole reading gives, of some kinds or all. */
export const agree = async (
  read: () => Promise<HostSnapshot>,
  feed: Follower,
  what: string,
  kinds?: readonly string[],
): Promise<void> => {
  let last: readonly unknown[] = [];
  try {
    await until(`the feed agrees after ${what}`, async () => {
      const fresh = itemsOf(await read(), kinds);
      const host = feed.host();
      const kept = host === undefined ? undefined : itemsOf(host, kinds);
      last = [kept, fresh];
      return isDeepStrictEqual(kept, fresh) ? true : undefined;
    });
  } catch (error) {
    expect(last[0], what).toEqual(last[1]);
    throw error;
  }
};
