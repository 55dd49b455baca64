/** From an object to those that it belongs to, or that use it. */
import { afterEach, expect, test } from 'vitest';
import type { ContentInfo, Lease, Manifest, Snapshot } from '../../src/host/containerd.ts';
import { containerId, type Digest, digest, namespaceName, snapshotKey } from '../../src/host/ids.ts';
import { seen, unknown } from '../../src/host/observed.ts';
import { ownersOf, type Related, type Thing, thingsCalled, usersOf } from '../../src/host/relations.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { thingOf } from '../../src/tui/jump.ts';
import { dockerContainerOf, dockerEndpointOf } from './dockers.ts';
import { AT, containerOf, hexOf, hostOf, listed, taskOf } from './hosts.ts';
import { KEYS, openScreen, type Screen } from './screen.ts';

let screen: Screen | undefined;
afterEach(async () => {
  await screen?.close();
  screen = undefined;
});

const moby = namespaceName('moby');
const hash = (seed: number): Digest => digest(`sha256:${hexOf(seed)}`);
const [INDEX, MANIFEST, CONFIG, LAYER, LOOSE] = [1, 2, 3, 4, 5].map(hash) as [
  Digest,
  Digest,
  Digest,
  Digest,
  Digest,
];
const blob = (name: Digest, labels: Record<string, string> = {}): ContentInfo => ({
  namespace: moby,
  digest: name,
  size: 10n,
  labels,
  createdAt: null,
  updatedAt: null,
});
const manifest = (name: Digest, kind: Manifest['kind'], ...children: readonly Digest[]): Manifest => ({
  namespace: moby,
  digest: name,
  kind,
  platform: null,
  children: children.map((child) => ({
    role: kind === 'index' ? 'manifest' : 'layer',
    mediaType: 'x',
    digest: child,
    size: 10n,
    platform: null,
  })),
});
const layers = (key: string, parent: string | null): Snapshot => ({
  namespace: moby,
  snapshotter: 'overlayfs',
  key: snapshotKey(key),
  parent: parent === null ? null : snapshotKey(parent),
  kind: 'Committed',
  labels: {},
  createdAt: null,
  updatedAt: null,
});
const lease: Lease = { namespace: moby, id: 'web', labels: {}, createdAt: null };

const host: HostSnapshot = hostOf({
  'containerd.namespaces': listed([{ name: moby, labels: {} }]),
  'containerd.containers': listed(
    ['web', 'db'].map((id) => containerOf({ id: containerId(id), image: 'nginx:1.27' })),
  ),
  'containerd.tasks': listed([taskOf('web', 'RUNNING'), taskOf('db', 'RUNNING')]),
  'containerd.images': listed(
    ['nginx:1.27', 'unused:1'].map((name, i) => ({
      namespace: moby,
      name,
      target: { mediaType: 'x', digest: i === 0 ? INDEX : LOOSE, size: 10n, annotations: {} },
      labels: {},
      createdAt: null,
      updatedAt: null,
    })),
  ),
  'containerd.manifests': listed([
    manifest(INDEX, 'index', MANIFEST),
    manifest(MANIFEST, 'manifest', CONFIG, LAYER),
    manifest(LOOSE, 'manifest'),
  ]),
  'containerd.content': listed([
    blob(INDEX),
    blob(MANIFEST),
    blob(CONFIG, { 'containerd.io/gc.ref.snapshot.overlayfs': 'chain-2' }),
    blob(LAYER),
    blob(LOOSE),
  ]),
  'containerd.snapshots': listed([
    layers('chain-1', null),
    layers('chain-2', 'chain-1'),
    layers('web', 'chain-2'),
    layers('db', 'chain-2'),
    layers('orphan', null),
  ]),
  'containerd.leases': listed([lease]),
  'containerd.sandboxes': listed([]),
  'containerd.ingests': listed([]),
  'containerd.plugins': listed([]),
  'docker.containers': listed([dockerContainerOf('web', 'shop-web')]),
  'docker.endpoint': seen(dockerEndpointOf(), 'GET /info', AT),
});

const thing = (kind: Thing['kind'], id: string): Thing => ({
  kind,
  namespace: 'moby',
  id,
  ...(kind === 'snapshots' ? { snapshotter: 'overlayfs' } : {}),
});
const said = ({ things, unknown: why }: Related): readonly string[] => [
  ...things.map((t) => `${t.name ?? t.thing.id}: ${t.how}`),
  ...(why === undefined ? [] : [`? ${why.why}`]),
];

test.each([
  ['containers', 'web', ['nginx:1.27: its image', 'web: its snapshot', 'moby: its namespace']],
  ['images', 'nginx:1.27', [`${INDEX}: its target`, 'moby: its namespace']],
  ['content', LAYER, ['nginx:1.27: its image']],
  ['content', LOOSE, ['unused:1: its image']],
  ['snapshots', 'web', ['shop-web: its root file system']],
  ['snapshots', 'chain-2', ['nginx:1.27: unpacked from it']],
  ['snapshots', 'chain-1', ['nginx:1.27: unpacked from it']],
  ['snapshots', 'orphan', []],
  ['leases', 'web', ['shop-web: the container of this id', 'moby: its namespace']],
] as const)('owners of %s %s', (kind, id, expected) => {
  expect(said(ownersOf(host, thing(kind, id)))).toEqual(expected);
});

test.each([
  ['images', 'nginx:1.27', ['db: made from it', 'shop-web: made from it']],
  ['images', 'unused:1', []],
  ['content', LAYER, [`${MANIFEST}: manifest that names it`]],
  ['content', INDEX, ['nginx:1.27: its target']],
  ['snapshots', 'chain-2', ['web: stands on it', 'db: stands on it', 'nginx:1.27: unpacked from it']],
  ['snapshots', 'db', ['db: its root file system']],
  ['containers', 'web', ['web: lease of its id']],
  ['leases', 'web', ['? which resources a lease holds is in no list']],
] as const)('users of %s %s', (kind, id, expected) => {
  expect(said(usersOf(host, thing(kind, id)))).toEqual(expected);
});

test('without a config that names the chain, a layer belongs to the containers above it; a cycle ends', () => {
  const facts = {
    ...host.facets,
    'containerd.content': listed([]),
    'containerd.snapshots': listed([layers('a', 'b'), layers('b', 'a'), layers('db', 'b')]),
  };
  expect(said(ownersOf(hostOf(facts), thing('snapshots', 'a')))).toEqual(['db: its root file system']);
});

test('what could not be read is not taken for nothing', () => {
  const denied = unknown('denied', 'Containers.List', 'permission denied', AT, 1);
  const facts = { ...host.facets, 'containerd.containers': denied };
  expect(said(usersOf(hostOf(facts), thing('images', 'unused:1')))).toContain('? permission denied');
});

test('objects are found by name, id and the beginning of an id', () => {
  expect(thingsCalled(host, 'shop-web')).toEqual([thing('containers', 'web')]);
  expect(thingsCalled(host, LAYER.slice(7, 17)).map(({ id }) => id)).toEqual([LAYER]);
  expect(thingsCalled(host, 'orphan')).toEqual([thing('snapshots', 'orphan')]);
  expect(thingsCalled(host, 'cha')).toEqual([]);
});

test('o opens a menu where there are several, Enter goes there, Ctrl-O comes back', async () => {
  screen = await openScreen(120, 30);
  await screen.show(host);
  await screen.press(':', 'sort id desc', KEYS.enter, 'o');
  expect(screen.text()).toMatch(/┌─ Comes from, belongs to ─+┐/);
  expect(screen.lineWith('its image')).toMatch(/nginx:1\.27 +image · its image/);
  await screen.press('j', KEYS.enter);
  expect(screen.lines()[2]).toContain('─ Snapshots 5');
  expect(screen.lineWith('▸')).toMatch(/▸ +└ +web /);
  await screen.press('u');
  expect(screen.lines()[2]).toContain('─ Containers 2');
  expect(screen.lineWith('▸')).toContain('shop-web');
  await screen.press('\x0f', '\x0f');
  expect(screen.lines()[2]).toContain('─ Containers 2');
});

test('l shows what was heard of the object, and Ctrl-O comes back', async () => {
  screen = await openScreen(120, 30);
  await screen.show(host);
  await screen.press('l');
  expect(screen.lines()[2]).toContain('─ Events 0 /id=db');
  await screen.press('\x0f');
  expect(screen.lines()[2]).toContain('─ Containers 2');
});

test('a blob in the tree of an image, and an upload among the blobs, are followed as what they are', () => {
  expect(thingOf('images', { namespace: 'moby', role: 'layer', digest: LAYER })).toEqual(
    thing('content', LAYER),
  );
  expect(thingOf('content', { namespace: 'moby', ref: 'layer-1' })).toEqual(thing('ingests', 'layer-1'));
  expect(thingOf('plugins', { type: 'x', id: 'y' })).toBeUndefined();
});

test('what would hide the object is taken away: the filter, and problems only', async () => {
  screen = await openScreen(120, 30);
  await screen.show(host);
  await screen.press('7', '/', 'orphan', KEYS.enter, '6', '/', LAYER.slice(7, 19), KEYS.enter, 'o');
  expect(screen.lineWith('▸')).toContain('nginx:1.27');
  await screen.press('3', 'o', 'j', KEYS.enter);
  expect(screen.lines()[2]).toMatch(/─ Snapshots 5 ─/);
});

test('nothing and not known are said apart', async () => {
  screen = await openScreen(120, 30);
  await screen.show(host);
  await screen.press('7', '/', 'orphan', KEYS.enter, 'u');
  expect(screen.text()).toContain('nothing in what was read uses it');
  await screen.press('o');
  expect(screen.text()).toContain('it belongs to nothing that was read');
  await screen.press('8', 'u');
  expect(screen.text()).toContain(
    'not known what uses it: leases: which resources a lease holds is in no list',
  );
});

test('owner NAME in the palette asks for any object by its name', async () => {
  screen = await openScreen(120, 30);
  await screen.show(host);
  await screen.press(':', 'owner chain-1', KEYS.enter);
  expect(screen.lines()[2]).toContain('─ Images 2');
  expect(screen.lineWith('▸')).toContain('nginx:1.27');
  await screen.press(':', 'owner nobody', KEYS.enter);
  expect(screen.text()).toContain('! nothing here is called “nobody”');
});
