import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { createWork, type Work } from '../../src/collect/feed-work.ts';
import type { ObjectKey } from '../../src/host/event-objects.ts';
import type { FacetName } from '../../src/host/snapshot.ts';

const key = (id: string, facet: ObjectKey['facet'] = 'containerd.tasks'): ObjectKey => ({
  facet,
  namespace: 'a',
  id,
});

/** What was asked for, each answered when the test says so. */
const recorder = (): {
  work: Work;
  reads: { id: string; end: (error?: Error) => void }[];
  lists: { facets: readonly FacetName[]; at: number; end: () => void }[];
} => {
  const reads: { id: string; end: (error?: Error) => void }[] = [];
  const lists: { facets: readonly FacetName[]; at: number; end: () => void }[] = [];
  const work = createWork({
    read: ({ id }) =>
      new Promise((resolve, reject) => {
        reads.push({ id, end: (error) => (error === undefined ? resolve() : reject(error)) });
      }),
    list: (facets) => new Promise((resolve) => lists.push({ facets, at: performance.now(), end: resolve })),
  });
  return { work, reads, lists };
};

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('an object', () => {
  test('is read at once, and once more when it changes meanwhile', async () => {
    const { work, reads } = recorder();
    work.touch(key('one'));
    expect(reads.map(({ id }) => id)).toEqual(['one']);
    work.touch(key('one'));
    work.touch(key('one'));
    expect(reads).toHaveLength(1);
    reads[0]?.end();
    await settle();
    expect(reads).toHaveLength(2);
    reads[1]?.end();
    await settle();
    expect(work.idle()).toBe(true);
  });

  test('waits while many others are being read, and is touched any number of times meanwhile', async () => {
    const { work, reads } = recorder();
    for (let i = 0; i < 40; i += 1) work.touch(key(`${i % 20}`));
    expect(reads.length).toBeLessThan(20);
    for (let done = 0; done < reads.length; done += 1) {
      reads[done]?.end();
      await settle();
    }
    // The first were touched again while they were read.
    expect(new Set(reads.map(({ id }) => id)).size).toBe(20);
    expect(work.idle()).toBe(true);
  });

  test('that cannot be read lets its facet be listed', async () => {
    const { work, reads, lists } = recorder();
    work.touch(key('one'));
    reads[0]?.end(new Error('it was late'));
    await vi.advanceTimersByTimeAsync(400);
    expect(lists.map(({ facets }) => facets)).toEqual([['containerd.tasks']]);
  });
});

describe('a burst', () => {
  test('is listed once when it has settled, and nothing of it is read by itself', async () => {
    const { work, reads, lists } = recorder();
    for (let i = 0; i < 1000; i += 1) work.touch(key(`${i}`));
    const before = reads.length;
    await vi.advanceTimersByTimeAsync(299);
    expect(lists).toEqual([]);
    await vi.advanceTimersByTimeAsync(2);
    expect(lists).toHaveLength(1);
    lists[0]?.end();
    await settle();
    for (const { end } of reads) end();
    await vi.advanceTimersByTimeAsync(5000);
    // Readings that began before the list may be older than it.
    expect(reads.length).toBe(2 * before);
    expect(before).toBeLessThanOrEqual(16);
    expect(lists).toHaveLength(1);
  });

  test('that never settles is listed all the same, in a tenth of the time at most', async () => {
    const { work, lists } = recorder();
    const listMs = 500;
    for (let ms = 0; ms < 60_000; ms += 10) {
      for (let i = 0; i < 50; i += 1) work.touch(key(`${(ms * 5 + i) % 5000}`));
      await vi.advanceTimersByTimeAsync(10);
      for (const { at, end } of lists) if (performance.now() - at >= listMs) end();
    }
    expect(lists.length).toBeGreaterThanOrEqual(60_000 / (listMs * 13));
    expect(lists.length).toBeLessThanOrEqual(60_000 / (listMs * 10) + 1);
  });

  test('of one facet does not hold up another', async () => {
    const { work, reads } = recorder();
    for (let i = 0; i < 1000; i += 1) work.touch(key(`${i}`));
    for (const { end } of reads.splice(0)) end();
    await settle();
    work.touch(key('c', 'containerd.containers'));
    expect(reads.map(({ id }) => id)).toContain('c');
  });
});

describe('a list', () => {
  test('is made of all that are due together, and objects wait for it', async () => {
    const { work, reads, lists } = recorder();
    work.mark('containerd.tasks', 'now');
    work.mark('containerd.leases', 'now');
    await settle();
    expect(lists.map(({ facets }) => facets)).toEqual([['containerd.tasks', 'containerd.leases']]);
    work.touch(key('one'));
    expect(reads).toEqual([]);
    lists[0]?.end();
    await settle();
    expect(reads.map(({ id }) => id)).toEqual(['one']);
  });

  test('that is wanted soon comes at once, but not on the heels of another', async () => {
    const { work, lists } = recorder();
    work.mark('docker.containers', 'soon');
    await settle();
    expect(lists).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    lists[0]?.end();
    await settle();
    work.mark('docker.containers', 'soon');
    await vi.advanceTimersByTimeAsync(1799);
    expect(lists).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2);
    expect(lists).toHaveLength(2);
  });
});

describe('while it is paused', () => {
  test('nothing begins, and nothing is forgotten', async () => {
    const { work, reads, lists } = recorder();
    work.pause();
    work.touch(key('one'));
    work.mark('containerd.leases', 'now');
    await vi.advanceTimersByTimeAsync(10_000);
    expect([reads.length, lists.length]).toEqual([0, 0]);
    work.resume();
    await settle();
    expect([reads.length, lists.length]).toEqual([1, 1]);
  });

  test('all can be forgotten', async () => {
    const { work, reads, lists } = recorder();
    work.pause();
    work.touch(key('one'));
    work.mark('containerd.leases', 'now');
    work.clear();
    work.resume();
    await vi.advanceTimersByTimeAsync(10_000);
    expect([reads.length, lists.length]).toEqual([0, 0]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
