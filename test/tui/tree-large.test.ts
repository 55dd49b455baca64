/** Trees of ten thousand rows: what is closed costs what a list does, and a long chain is no deep recursion. */
import { afterEach, expect, test, vi } from 'vitest';
import type { ContentInfo, Snapshot } from '../../src/host/containerd.ts';
import { hostOf, listed } from './hosts.ts';
import { KEYS, openScreen, type Screen } from './screen.ts';
import { blobOf, childOf, imageOf, indexOf, snapshotOf } from './view-hosts.ts';

let screen: Screen;
afterEach(() => screen.close());

const MANY = 10_000;
const RIGHT = '\x1b[C';
const LEFT = '\x1b[D';
const perFrame = 50 + 5;

let texts = 0;
/** Counts how often its age, which only a cell shows, is put into words. */
const counted = (snapshot: Snapshot): Snapshot =>
  Object.defineProperty({ ...snapshot }, 'createdAt', {
    enumerable: true,
    get: () => {
      texts += 1;
      return '2026-03-01T10:00:00Z';
    },
  });
const nameOf = (i: number): string => `layer-${String(i).padStart(5, '0')}`;
const current = (): string => screen.lines().find((line) => line.startsWith('▸')) ?? '';

test('ten thousand snapshots in one chain: a key costs what is seen, wherever in it one is', async () => {
  const chain = Array.from({ length: MANY }, (_, i) =>
    counted(snapshotOf(nameOf(i), i === 0 ? null : nameOf(i - 1), i === MANY - 1 ? 'Active' : 'Committed')),
  );
  screen = await openScreen(160, 50);
  await screen.show(hostOf({ 'containerd.snapshots': listed(chain) }));
  await screen.press('7');
  // It is in use at its end, so all of it is open.
  expect(screen.lines()[4]).toMatch(/▾ layer-00000 .* 9999/);
  for (const key of ['j', KEYS.pageDown, 'G', 'k', LEFT, RIGHT, 'g', ']', '?', KEYS.esc]) {
    texts = 0;
    await screen.press(key);
    expect(texts, JSON.stringify(key)).toBeLessThanOrEqual(2 * perFrame);
  }
  await screen.press('G');
  expect(current()).toMatch(/… {5,}.*layer-09999 .*Active/);
  await screen.press(LEFT);
  expect(current()).toContain('layer-09998');
  await screen.press('g', LEFT);
  expect(screen.lines()[5]?.slice(0, 90).trim()).toBe('');
  // A filter reads every row once; what leads to its match is nearly all of them, and of those what is seen is drawn.
  texts = 0;
  await screen.press('/');
  await screen.press('l');
  expect(texts).toBeLessThanOrEqual(MANY + 2 * perFrame);
  texts = 0;
  await screen.press(...'ayer-0999', '7', KEYS.enter);
  expect(texts).toBeLessThanOrEqual(15 * perFrame);
  expect(screen.lines()[2]).toContain('<1/10000>');
  await screen.press('G');
  expect(current()).toContain('layer-09997');
});

test('ten thousand snapshots in many chains, and in one circle', async () => {
  const chains = Array.from({ length: MANY }, (_, i) =>
    counted(
      snapshotOf(nameOf(i), i % 20 === 0 ? null : nameOf(i - 1), i % 40 === 19 ? 'Active' : 'Committed'),
    ),
  );
  screen = await openScreen(160, 50);
  await screen.show(hostOf({ 'containerd.snapshots': listed(chains) }));
  await screen.press('7', 'G');
  // Of each two chains one is in use, and open; the other is one line.
  expect(current()).toMatch(/▸ layer-09980 .* 19/);
  texts = 0;
  await screen.press(' ', 'G');
  expect(current()).toContain('layer-09981');
  expect(texts).toBeLessThanOrEqual(4 * perFrame);
  const circle = Array.from({ length: MANY }, (_, i) => snapshotOf(nameOf(i), nameOf((i + 1) % MANY)));
  await screen.show(hostOf({ 'containerd.snapshots': listed(circle) }));
  await vi.waitFor(() => expect(screen.text()).toContain('its parents lead back to it'));
  expect(screen.lines()[2]).toContain('Snapshots 10000 ');
});

test('twenty thousand images ask content once, for a summary; an opened one asks no more', async () => {
  let read = 0;
  const content = Array.from(
    { length: 1000 },
    (_, i): ContentInfo =>
      Object.defineProperty({ ...blobOf(`blob-${i}`) }, 'namespace', {
        enumerable: true,
        get: () => {
          read += 1;
          return 'moby';
        },
      }),
  );
  const facets = {
    'containerd.images': listed(Array.from({ length: 20_000 }, (_, i) => imageOf(`app-${i}`, 'shared'))),
    'containerd.manifests': listed([indexOf('shared', [childOf('manifest', 'blob-7', 9n)])]),
    'containerd.content': listed(content),
  };
  screen = await openScreen(160, 50);
  await screen.show(hostOf(facets));
  read = 0;
  await screen.press('5', 'j', KEYS.pageDown, '/', ...'app', KEYS.enter, 'G');
  expect(read).toBe(1000);
  await screen.press(' ');
  expect(read).toBe(1000);
  await screen.press('k', ' ', 'G', ' ', ' ');
  // Nor does the next picture, in which the content is the same.
  await screen.show(hostOf(facets));
  expect(read).toBe(1000);
  expect(screen.text()).toContain('manifest');
});
