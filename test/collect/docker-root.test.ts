import { rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { deadDockerDisk, liveDockerDisk } from '../../src/collect/docker-disk-readers.ts';
import type { DockerContext } from '../../src/collect/docker-readers.ts';
import { findDockerRoot, rootOfStopped } from '../../src/collect/docker-root.ts';
import { NoContainerd } from '../../src/collect/reader-context.ts';
import type { DockerEndpoint } from '../../src/host/docker.ts';
import { absent, type Observed, seen, seenValue, unknown } from '../../src/host/observed.ts';
import { HERE } from '../../src/sources/docker/disk/files.ts';
import { CONTAINERD, GRAPHDRIVER, hex, scratch } from '../sources/docker/disk/tree.ts';

const made = scratch();
const AT = '2026-01-01T00:00:00Z';
const ENGINE = '11111111-2222-3333-4444-555555555555';

/** A host on which Docker says this of itself, or is in that state. */
const hostWith = (
  endpoint: Observed<Partial<DockerEndpoint>>,
  options: Partial<DockerContext['options']> = {},
): DockerContext => ({
  options: { environment: {}, dockerHost: '/nowhere.sock', ...options },
  scope: {},
  once: (async (name: string) =>
    name === 'docker.endpoint' ? endpoint : absent('/proc', AT)) as DockerContext['once'],
  containerd: async () => ({ address: '/run/c.sock', origin: 'flag' }),
});

const told = (rootDir: string, id = ENGINE, version = '28.5.2'): Observed<Partial<DockerEndpoint>> =>
  seen({ address: '/nowhere.sock', rootDir, id, version }, 'GET /info', AT);

test('the directory is the one that docker info names', async () => {
  const root = made(GRAPHDRIVER);
  expect(await findDockerRoot(hostWith(told(root)))).toMatchObject({
    state: 'seen',
    value: { path: root },
    from: 'GET /info',
  });
});

test.each<readonly [string, (root: string) => Observed<Partial<DockerEndpoint>>, object]>([
  [
    'is not here',
    (root) => told(`${root}/none`),
    { state: 'unreachable', why: expect.stringContaining('it runs in another file system') },
  ],
  [
    "is another engine's",
    (root) => told(root, 'another'),
    { state: 'unreachable', why: expect.stringContaining(`engine ${ENGINE}`) },
  ],
  ['is no directory', (root) => told(`${root}/engine-id`), { state: 'failed' }],
  [
    'is not said',
    () => told(''),
    { state: 'failed', why: expect.stringContaining('names no data directory') },
  ],
])('a directory that %s is not read', async (_, endpoint, expected) => {
  expect(await findDockerRoot(hostWith(endpoint(made(GRAPHDRIVER))))).toMatchObject(expected);
});

test('an id of a Docker before 23.0 is that of a key, and says nothing of the directory', async () => {
  const root = made(GRAPHDRIVER);
  const old = told(root, 'ABCD:EFGH', '20.10.24');
  expect(await findDockerRoot(hostWith(old))).toMatchObject({ state: 'seen' });
});

test('without a Docker to ask there is its reason, in every facet and of the databases', async () => {
  const hung = unknown('timeout', 'GET /info', 'nothing came', AT, 2000);
  const own = liveDockerDisk(hostWith(hung));
  expect(await own.readers['docker.references']()).toEqual(hung);
  expect(await own.databases()).toEqual({ items: [], gaps: [{ ...hung, object: { kind: 'docker' } }] });
  const none = absent('/proc, well-known paths', AT, 'no Docker runs here');
  const other = liveDockerDisk(hostWith(none));
  expect(await other.readers['docker.volumes']()).toEqual(none);
  expect(await other.databases()).toEqual({ items: [], gaps: [] });
});

test('without a containerd too', async () => {
  const none = absent('/proc, well-known paths', AT, 'no containerd on this machine');
  const nobody: DockerContext = {
    ...hostWith(none),
    options: { environment: {} },
    containerd: () => Promise.reject(new NoContainerd(none)),
  };
  expect(await findDockerRoot(nobody)).toEqual(none);
  expect(await liveDockerDisk(nobody).databases()).toEqual({ items: [], gaps: [] });
});

test('a Docker that does not run has its data where the configuration says, if it uses this containerd', async () => {
  const root = made(GRAPHDRIVER);
  const file = `${root}/daemon.json`;
  const stopped = (config: object, containerd = '/run/c.sock'): ReturnType<typeof rootOfStopped> => {
    writeFileSync(file, JSON.stringify(config));
    return rootOfStopped(containerd, file);
  };
  expect(await stopped({ 'data-root': root, containerd: '/run/c.sock' })).toMatchObject({
    state: 'seen',
    value: { path: root, config: { state: 'seen' } },
    from: file,
  });
  const usual = '/run/containerd/containerd.sock';
  expect(await stopped({ 'data-root': root }, usual)).toMatchObject({ state: 'seen' });
  expect(await stopped({ 'data-root': root }, '/run/k3s/containerd/containerd.sock')).toBeUndefined();
  expect(await stopped({ 'data-root': `${root}/none` }, usual)).toBeUndefined();
  expect(await stopped({ 'data-root': root, 'userns-remap': 'default' }, usual)).toMatchObject({
    state: 'unsupported',
  });
  writeFileSync(file, '{');
  expect(await rootOfStopped(usual, file)).toMatchObject({ state: 'failed' });
});

test('labels that are secrets leave the picture, and are there when asked for', async () => {
  const root = made({
    ...GRAPHDRIVER,
    ...CONTAINERD,
    'volumes/metadata.db': GRAPHDRIVER['volumes/metadata.db'] ?? '',
  });
  for (const showSecrets of [false, true]) {
    const { readers } = deadDockerDisk({ disk: HERE, root, showSecrets });
    const records = seenValue(await readers['docker.containerRecords']())?.items ?? [];
    const networks = seenValue(await readers['docker.networks']())?.items ?? [];
    const value = showSecrets ? 'tok' : '‹withheld›';
    expect(records).toHaveLength(3);
    for (const { labels } of records) expect(labels).toEqual({ 'com.example': 'a', 'api.token': value });
    expect(records.find(({ id }) => id === hex('new'))?.manifest?.annotations).toEqual({
      'api.token': value,
    });
    expect(networks.find(({ name }) => name === 'backend')?.labels).toEqual({ 'api.token': value });
  }
});

test('on a dead disk daemon.json decides which store is in use, where it is known and can be read', async () => {
  const root = made({ ...GRAPHDRIVER, ...CONTAINERD });
  const daemonJson = `${root}/daemon.json`;
  const modeBy = async (config: string | undefined): Promise<unknown> => {
    if (config === undefined) rmSync(daemonJson, { force: true });
    else writeFileSync(daemonJson, config);
    const { readers } = deadDockerDisk({ disk: HERE, root, daemonJson, showSecrets: false });
    return seenValue(await readers['docker.root']())?.mode;
  };
  const graphdriver = '{"features":{"containerd-snapshotter":false}}';
  expect(await modeBy(graphdriver)).toMatchObject({
    value: 'graphdriver',
    from: `${daemonJson}: features.containerd-snapshotter false`,
  });
  for (const config of [undefined, '{', '{}']) {
    expect(await modeBy(config)).toMatchObject({
      value: 'containerd',
      from: expect.stringContaining(hex('new')),
    });
  }
});
