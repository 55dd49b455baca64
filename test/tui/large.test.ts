/** Ten thousand rows: what a key costs does not depend on how many there are. */
import { afterEach, expect, test } from 'vitest';
import type { Container } from '../../src/host/containerd.ts';
import { containerId } from '../../src/host/ids.ts';
import { seen } from '../../src/host/observed.ts';
import { dockerEndpointOf } from './dockers.ts';
import { containerOf, hostOf, listed } from './hosts.ts';
import { KEYS, openScreen, type Screen } from './screen.ts';

let screen: Screen;
afterEach(() => screen.close());

test('a key makes the texts of the rows that are seen, and of no others', async () => {
  let texts = 0;
  const counted = (id: string): Container =>
    Object.defineProperty({ ...containerOf({ id: containerId(id) }) }, 'image', {
      enumerable: true,
      get: () => {
        texts += 1;
        return 'docker.io/library/redis:7.2';
      },
    });
  screen = await openScreen(160, 50);
  await screen.show(
    hostOf({
      'containerd.containers': listed(
        Array.from({ length: 10_000 }, (_, i) => counted(`app-${String(i).padStart(5, '0')}`)),
      ),
      'containerd.tasks': listed([]),
    }),
  );
  const perFrame = 50 + 5;
  for (const key of ['j', KEYS.pageDown, 'G', 'k', 'g', ']', KEYS.tab, 'j', KEYS.tab, '?', KEYS.esc]) {
    texts = 0;
    await screen.press(key);
    expect(texts, JSON.stringify(key)).toBeLessThanOrEqual(perFrame);
  }
  // A filter reads every row once, and the next letter reads none again.
  await screen.press('/');
  texts = 0;
  await screen.press('r');
  expect(texts).toBeLessThanOrEqual(10_000 + perFrame);
  texts = 0;
  await screen.press('e', 'd');
  expect(texts).toBeLessThanOrEqual(2 * perFrame);
  await screen.press(...'is -not');
  expect(screen.text()).toContain('0 of 10000 match');
});

test('of a snapshot that shares its facts with the one before, no row is made again', async () => {
  let reads = 0;
  const counted = (id: string): Container =>
    Object.defineProperty({ ...containerOf({ id: containerId(id) }) }, 'namespace', {
      enumerable: true,
      get: () => {
        reads += 1;
        return 'moby';
      },
    });
  const host = hostOf({
    'containerd.containers': listed(Array.from({ length: 2000 }, (_, i) => counted(`app-${i}`))),
    'containerd.tasks': listed([]),
  });
  screen = await openScreen(160, 50);
  await screen.show(host);
  reads = 0;
  await screen.show({ ...host, at: '2026-03-01T12:00:05.000Z' });
  expect(reads).toBeLessThan(800);
  // What changed is made again, though only Docker did.
  await screen.show({
    ...host,
    facets: { ...host.facets, 'docker.endpoint': seen(dockerEndpointOf(), 'GET /info', host.at) },
  });
  expect(reads).toBeGreaterThan(2000);
});

test('a snapshot in which nothing is new draws nothing', async () => {
  screen = await openScreen();
  const items = [containerOf({ id: containerId('old'), createdAt: '2025-01-01T00:00:00Z' })];
  const host = (seconds: string) =>
    hostOf(
      { 'containerd.containers': listed(items), 'containerd.tasks': listed([]) },
      `2026-03-01T12:00:${seconds}Z`,
    );
  await screen.show(host('01'));
  const before = screen.written().length;
  await screen.show(host('03'));
  await screen.show(host('05'));
  expect(screen.written().length).toBe(before);
});

test('of snapshots that come faster than ten a second, the newest is drawn', async () => {
  screen = await openScreen();
  const host = (count: number) =>
    hostOf({
      'containerd.containers': listed(
        Array.from({ length: count }, (_, i) => containerOf({ id: containerId(`c${i}`) })),
      ),
      'containerd.tasks': listed([]),
    });
  await screen.show(host(1));
  const before = screen.written().split('\x1b[?2026h').length;
  await Promise.all(
    Array.from({ length: 40 }, (_, i) => screen.feed({ kind: 'snapshot', host: host(i + 2) })),
  );
  await screen.shows('Containers 41');
  expect(screen.written().split('\x1b[?2026h').length - before).toBeLessThanOrEqual(4);
});
