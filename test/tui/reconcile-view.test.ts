/** The comparison of Docker with containerd as a view. */
import { afterEach, expect, test } from 'vitest';
import { detailsOf } from '../../src/cli/details.ts';
import { absent } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { TUI_WANTS } from '../../src/tui/views.ts';
import { without } from '../host/reconcile/faults.ts';
import { container } from '../host/reconcile/objects.ts';
import { unreadable } from '../host/reconcile/rows.ts';
import { hostOf, storeWorld } from '../host/reconcile/world.ts';
import { detailsOfHost, faultyHost, faultyWorld } from './compared-hosts.ts';
import { AT } from './hosts.ts';
import { openScreen, type Screen } from './screen.ts';

let screen: Screen;
afterEach(() => screen.close());

const called = [':', ...'reconcile', '\r'];

const compared = async (host: HostSnapshot = faultyHost(), columns = 160): Promise<void> => {
  screen = await openScreen(columns, 40, { details: detailsOfHost(() => host) });
  await screen.show(host);
  await screen.press(...called);
  await screen.settle(500);
};

test('the worst stands first, with its word, its rule, and what both sides have shown', async () => {
  await compared();
  expect(screen.lines()[2]).toContain('Reconcile 14 · 2 broken, 3 stale · containerd image store overlayfs');
  expect(screen.lineWith('▸')).toMatch(/✗ broken +container +s-created +created +nothing/);
  expect(screen.lineWith('s-running')).toContain('! stale');
  expect(screen.lineWith('s-paused')).toContain('✓ agrees');
  expect(screen.text()).toContain("no lease keeps the container's snapshot");
  expect(screen.lineWith('Docker  created')).not.toBe('');
  expect(screen.lineWith('containerd  nothing')).not.toBe('');
  expect(screen.lineWith('State.Status = created')).not.toBe('');
});

test('problems only, a filter and a sort work as in other views', async () => {
  await compared();
  await screen.press('z');
  expect(screen.lineWith('agrees')).toBe('');
  expect(screen.lineWith('overlayfs/')).toContain('stale');
  await screen.press('z', '/', ...'kind=lease state=expected', '\r');
  expect(screen.lines()[2]).toContain('<2/14>');
});

test('o offers the object itself and what it belongs to; x shows the chain of a container', async () => {
  await compared();
  await screen.press('j', 'j', 'o');
  expect(screen.lineWith('container · itself')).toContain('s-running');
  await screen.press('\r');
  expect(screen.lines()[2]).toContain('Containers');
  await screen.press('\x0f', 'x');
  expect(screen.lines()[2]).toMatch(/Containers .* Chain/);
});

test('of a container that only Docker has, o and x say so and what shows it, and stay', async () => {
  await compared();
  for (const key of ['o', 'x']) {
    await screen.press(key);
    expect(screen.text()).toContain('only Docker has s-created');
    expect(screen.text()).toContain('ctrscope inspect s-created');
    expect(screen.lines()[2]).toContain('Reconcile 14');
  }
  // Where containerd could not be asked, nobody knows.
  await screen.show(hostOf(faultyWorld(), { 'containerd.containers': unreadable('Containers.List') }));
  await screen.press('x');
  expect(screen.text()).not.toContain('only Docker has');
});

test('nothing is read for it before it is open, nor by the feed', async () => {
  let looks = 0;
  const host = faultyHost();
  const details = detailsOf({
    collect: () => {
      looks += 1;
      return Promise.resolve(host);
    },
    recheck: undefined,
  });
  screen = await openScreen(160, 40, { details });
  await screen.show(host);
  await screen.press('5', '7');
  await screen.settle(500);
  expect(looks).toBe(0);
  expect(
    TUI_WANTS.filter((name) => name.startsWith('docker.') && name !== 'docker.containers'),
  ).not.toContain('docker.layers');
  await screen.press(...called);
  await screen.settle(500);
  expect(looks).toBe(1);
  // What changes is read again, but not at once.
  await screen.show({ ...hostOf(faultyWorld()), at: AT });
  await screen.settle(500);
  expect(looks).toBe(1);
  await screen.press('r');
  await screen.settle(500);
  expect(looks).toBe(2);
});

test('what only one of several looks sees is not judged', async () => {
  const world = storeWorld();
  world.leases = without(world.leases, ({ id }) => id === container('s-created'));
  const looks = [hostOf(world), hostOf(storeWorld())];
  const collect = (): Promise<HostSnapshot> => Promise.resolve(looks.shift() ?? hostOf(storeWorld()));
  screen = await openScreen(160, 40, { details: detailsOf({ collect, recheck: collect }) });
  await screen.show(hostOf(storeWorld()));
  await screen.press(...called);
  await screen.settle(700);
  expect(screen.lines()[2]).toContain('nothing wrong');
  expect(looks).toEqual([]);
});

test('what could not be read is said: of a row, of the list, and of the whole', async () => {
  await compared(hostOf(faultyWorld(), { 'containerd.leases': unreadable('Leases.List') }));
  expect(screen.text()).toContain('partial: ');
  expect(screen.text()).toContain('Not read');
  expect(screen.text()).toContain('Leases.List');
  await screen.close();
  // One answer that two facts lack is said once.
  const denied = unreadable('Leases.List');
  await compared(hostOf(faultyWorld(), { 'containerd.leases': denied, 'containerd.leaseResources': denied }));
  const [, missing = ''] = screen.text().split('Not read');
  expect(missing.match(/│ \? /g)).toHaveLength(1);
  await screen.close();
  const nowhere = absent('/proc', AT, 'no Docker uses this containerd');
  await compared(hostOf(faultyWorld(), { 'docker.endpoint': nowhere, 'docker.root': nowhere }));
  expect(screen.text()).toContain('nothing to compare');
  await screen.close();
  screen = await openScreen(160, 40, {
    details: { comparison: () => Promise.reject(new Error('the disk went away')) },
  });
  await screen.show(faultyHost());
  await screen.press(...called);
  await screen.shows('the disk went away');
});

test('a recording and a disk are compared, too', async () => {
  const world = faultyWorld();
  world.from = 'bundle';
  await compared(hostOf(world));
  expect(screen.lines()[2]).toContain('2 broken, 3 stale');
});

test('of the past there is no comparison', async () => {
  screen = await openScreen(160, 40, { details: detailsOfHost(faultyHost) });
  await screen.show(hostOf(storeWorld()));
  await screen.show(faultyHost());
  await screen.press('<', ...called);
  await screen.shows('A comparison is made of what is there now; p leaves the past.');
  await screen.press('p');
  await screen.settle(500);
  expect(screen.lines()[2]).toContain('2 broken');
  // One that was made before stays, and is of what was there then.
  await screen.press('<');
  expect(screen.lines()[2]).toContain('2 broken');
  expect(screen.lines()[2]).toContain('newer than the past shown');
});
