/** Stepping back through what was, and how often what is new is drawn. */
import { afterEach, expect, test, vi } from 'vitest';
import type { Captured } from '../../src/tui/captured.ts';
import { faster, paceText, slower } from '../../src/tui/pace.ts';
import { remembered } from '../../src/tui/past.ts';
import { hostOf, listed, manyContainers } from './hosts.ts';
import { openScreen, type Screen } from './screen.ts';

let screen: Screen | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await screen?.close();
  screen = undefined;
});

const captured = (count: number, receivedAt = 0): Captured => ({ host: manyContainers(count), receivedAt });

test('sixty snapshots are kept, fewer where they are large, and none twice', () => {
  let past: readonly Captured[] = [];
  for (let i = 0; i < 80; i += 1) past = remembered(past, captured(3, i));
  expect(past).toHaveLength(60);
  expect(past.at(-1)?.receivedAt).toBe(79);
  let large: readonly Captured[] = [];
  for (let i = 0; i < 10; i += 1) large = remembered(large, captured(2000, i));
  // Of each, four thousand objects are its own.
  expect(large.map(({ receivedAt }) => receivedAt)).toEqual([5, 6, 7, 8, 9]);
  const [same] = large;
  if (same === undefined) throw new Error('nothing was kept');
  const again = { host: { ...same.host, at: '2026-03-01T12:00:09.000Z' }, receivedAt: 99 };
  expect(remembered([same], again)).toEqual([same]);
});

test('snapshots that share their facts cost only what is new in each', () => {
  const first = manyContainers(10_000);
  const { 'containerd.containers': containers } = first.facets;
  if (containers?.state !== 'seen') throw new Error('nothing was listed');
  let past: readonly Captured[] = [];
  for (let i = 0; i < 40; i += 1) {
    const [one, ...rest] = containers.value.items;
    if (one === undefined) throw new Error('nothing was listed');
    const host = hostOf({ ...first.facets, 'containerd.containers': listed([{ ...one }, ...rest]) });
    past = remembered(past, { host, receivedAt: i });
  }
  expect(past).toHaveLength(40);
});

test('< pauses and steps back, > steps forth, p goes on with the newest', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  screen = await openScreen(100, 24);
  for (const count of [1, 2, 3]) {
    await screen.show(manyContainers(count));
    vi.setSystemTime(Date.now() + 6000);
  }
  await screen.press('>');
  expect(screen.text()).toContain('this is the newest; < steps back');
  await screen.press('<');
  expect(screen.lines()[0]).toContain('‖ paused, 6 s back (1/2)');
  expect(screen.text()).toContain('Containers 2');
  await screen.press('<', '<');
  expect(screen.lines()[0]).toContain('‖ paused, 12 s back (2/2)');
  expect(screen.text()).toContain('Containers 1');
  expect(screen.text()).toContain('there is no older picture');
  // What comes meanwhile is newer than all of them, and the picture stands.
  await screen.show(manyContainers(4));
  expect(screen.lines()[0]).toContain('‖ paused, 18 s back (3/3)');
  expect(screen.text()).toContain('Containers 1');
  await screen.press('>', '>', '>');
  expect(screen.lines()[0]).toMatch(/‖ paused \d\d/);
  expect(screen.text()).toContain('Containers 4');
  await screen.press('<', 'p');
  expect(screen.lines()[0]).toContain('● live');
  expect(screen.text()).toContain('Containers 4');
});

test('the pace goes in steps of 100 ms up to a second and of 500 ms above it', () => {
  const steps = [100];
  while (steps.length < 14) steps.push(slower(steps.at(-1) ?? 0));
  expect(steps.map(paceText).join(' ')).toBe(
    '0.1s 0.2s 0.3s 0.4s 0.5s 0.6s 0.7s 0.8s 0.9s 1s 1.5s 2s 2.5s 3s',
  );
  expect([3000, 1500, 1000, 100].map(faster)).toEqual([2500, 1000, 900, 100]);
  expect(slower(10_000)).toBe(10_000);
});

test('a slower screen shows the newest when its time has come, and + brings it sooner', async () => {
  screen = await openScreen(100, 24);
  expect(screen.lines()[22]).toContain(' 0.1s');
  await screen.show(manyContainers(1));
  await screen.press(...'_'.repeat(12));
  expect(screen.text()).toContain('new data is drawn at most every 2.5s');
  await screen.show(manyContainers(2));
  await screen.shows('Containers 1');
  await screen.press(...'+'.repeat(12));
  expect(screen.text()).toContain('Containers 2');
});
