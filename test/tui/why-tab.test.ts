/** Why an object is still here, in the details of images, content and snapshots. */
import { afterEach, expect, test } from 'vitest';
import { absent } from '../../src/host/observed.ts';
import type { Thing } from '../../src/host/relations.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { made, PULLED, sha, unread } from '../host/graph/made.ts';
import { detailsOfHost } from './compared-hosts.ts';
import { AT } from './hosts.ts';
import { openScreen, type Screen } from './screen.ts';

let screen: Screen;
afterEach(() => screen.close());

const opened = async (host: HostSnapshot, ...keys: readonly string[]): Promise<void> => {
  screen = await openScreen(160, 40, { details: detailsOfHost(() => host) });
  await screen.show(host);
  await screen.press(...keys);
  await screen.settle(500);
};
const why = (what: string): readonly string[] => [':', ...`why ${what}`, '\r'];

test('a snapshot of a container, a layer, a blob and an image each say who holds them', async () => {
  await opened(made(PULLED), ...why('base'));
  expect(screen.lines()[2]).toMatch(/Snapshots .* Why /);
  expect(screen.text()).toMatch(/snapshot overlayfs\/base in namespace shop is held by/);
  expect(screen.text()).toContain('└─ ');
  await screen.press(...why(sha('c')));
  await screen.settle(500);
  expect(screen.lines()[2]).toMatch(/Content .* Why /);
  expect(screen.lineWith('image docker.io/library/app:1  shop')).not.toBe('');
  await screen.press(...why('docker.io/library/app:1'));
  await screen.shows('needs no');
  expect(screen.text()).toContain('It holds:');
});

test('what nothing holds is told from what may be held', async () => {
  const { containers: _, images: __, ...rest } = PULLED;
  await opened(made(rest), ...why('base'));
  expect(screen.text()).toContain('Nothing holds snapshot overlayfs/base');
  await screen.close();
  await opened(made({ ...rest, over: { 'containerd.leases': unread() } }), ...why('base'));
  expect(screen.text()).toContain('is unknown');
  expect(screen.text()).toContain('Not read');
  expect(screen.text()).toContain('no answer within 2 s');
});

test('each row is asked for itself, with its namespace and snapshotter', async () => {
  const asked: Thing[] = [];
  const host = made(PULLED);
  screen = await openScreen(160, 40, {
    details: {
      why: (thing) => {
        asked.push(thing);
        return Promise.resolve(absent('made up', AT, 'it went away'));
      },
    },
  });
  await screen.show(host);
  await screen.press('7', ':', ...'why', '\r');
  await screen.settle(500);
  expect(asked).toEqual([{ kind: 'snapshots', namespace: 'shop', id: 'base', snapshotter: 'overlayfs' }]);
  expect(screen.text()).toContain('it went away');
});

test('what has no holders says so', async () => {
  await opened(made(PULLED), ':', ...'why', '\r');
  expect(screen.text()).toContain('why is asked of images, content and snapshots');
});

test('why a container is here is no question; what is not there is not found', async () => {
  const { snapshots: _, ...rest } = PULLED;
  await opened(made(rest), ...why('web'));
  expect(screen.text()).toContain('“web” is a container');
  await screen.press('\x1b', ...why('nothing-called-so'));
  expect(screen.text()).toContain('nothing here is called “nothing-called-so”');
});
