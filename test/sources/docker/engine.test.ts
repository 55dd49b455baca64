import { describe, expect, test } from 'vitest';

import { imageStoreOf } from '../../../src/host/docker-scope.ts';
import { compareApiVersions, NEWEST_SPOKEN, negotiate } from '../../../src/sources/docker/api-version.ts';
import { openDocker } from '../../../src/sources/docker/connection.ts';
import { readApi, readInfo, readVersion } from '../../../src/sources/docker/engine.ts';
import { DockerFailure } from '../../../src/sources/docker/failure.ts';
import { pingOf, pingVersion, type Route, startFake } from './fake-docker.ts';

const AT = '2026-01-01T00:00:00Z';

/** What `_ping` of a fake leads to: the versions, or why there are none. */
const apiOf = async (routes: Readonly<Record<string, Route>>): Promise<unknown> => {
  await using fake = await startFake(routes);
  const connection = openDocker(fake.socket);
  try {
    return { ...(await readApi(connection, { deadlineMs: 2000 })), requests: fake.requests };
  } catch (error) {
    if (!(error instanceof DockerFailure)) throw error;
    return { state: error.state, why: error.message.replace(fake.socket, 'X'), requests: fake.requests };
  } finally {
    connection.close();
  }
};

describe('the version of the API', () => {
  test.each([
    ['1.24', '1.24'],
    ['1.41', '1.41'],
    ['1.51', '1.51'],
    ['1.99', NEWEST_SPOKEN],
    ['2.0', NEWEST_SPOKEN],
  ])('is the older of the two: of %s it is %s', (server, use) => {
    expect(negotiate(server, null)).toEqual({ use });
  });

  test('compares by numbers: 1.9 is before 1.10', () => {
    expect(compareApiVersions('1.9', '1.10')).toBeLessThan(0);
    expect(compareApiVersions('1.51', '1.51')).toBe(0);
    expect(compareApiVersions('2.0', '1.99')).toBeGreaterThan(0);
  });

  test('takes one question of a daemon that we know', async () => {
    expect(await apiOf({ '/_ping': pingVersion('1.41') })).toEqual({
      server: '1.41',
      minimum: null,
      used: '1.41',
      engine: '99.1.2',
      requests: ['GET /_ping'],
    });
  });

  test('takes two of a newer one, which may have dropped what we speak', async () => {
    expect(
      await apiOf({ '/_ping': pingVersion('1.60'), '/version': { MinAPIVersion: '1.44' } }),
    ).toMatchObject({ server: '1.60', minimum: '1.44', used: NEWEST_SPOKEN });
    expect(
      await apiOf({ '/_ping': pingVersion('1.99'), '/version': { MinAPIVersion: '1.70' } }),
    ).toMatchObject({
      state: 'unsupported',
      why: `GET /_ping at X: it is too new: its API begins at 1.70, and this program speaks up to ${NEWEST_SPOKEN}; a newer ctrscope may read it`,
    });
  });

  test('of a daemon from before 1.12 of Docker is too old', async () => {
    expect(await apiOf({ '/_ping': pingVersion('1.19') })).toMatchObject({
      state: 'unsupported',
      why: 'GET /_ping at X: it is too old: its API ends at 1.19, and 1.24 (Docker 1.12) is the oldest that can be read',
    });
  });

  test.each([
    ['names none', pingOf({ Server: 'nginx' })],
    ['names a strange one', pingOf({ 'Api-Version': '1.41; rm -rf' })],
    ['names one with too many digits', pingOf({ 'Api-Version': '1.99999999999999999999' })],
  ])('of a server that %s: it is no Docker', async (_, route) => {
    expect(await apiOf({ '/_ping': route })).toMatchObject({
      state: 'unreachable',
      why: 'GET /_ping at X: what answers there does not say that it is Docker: it names no API version',
    });
  });

  test('of Podman is not spoken: it has no containerd', async () => {
    expect(
      await apiOf({ '/_ping': pingOf({ 'Api-Version': '1.41', 'Libpod-Api-Version': '5.4.2' }) }),
    ).toMatchObject({ state: 'unsupported' });
  });
});

describe('what the engine says of itself', () => {
  const INFO = {
    ID: 'X',
    Driver: 'overlay2',
    DriverStatus: [['Backing Filesystem', 'extfs'], ['odd'], 7],
    ServerVersion: '28.5.2',
    DockerRootDir: '/var/lib/docker',
    CgroupDriver: 'systemd',
    CgroupVersion: '2',
    LiveRestoreEnabled: true,
    DefaultRuntime: 'runc',
    Runtimes: { runc: { path: 'runc' }, crun: {} },
    LoggingDriver: 'json-file',
    SecurityOptions: ['name=seccomp,profile=builtin'],
    Warnings: null,
    ContainersRunning: 2,
    HttpProxy: 'http://user:secret@proxy',
    Containerd: {
      Address: '/run/containerd/containerd.sock',
      Namespaces: { Containers: 'moby', Plugins: 'plugins.moby' },
    },
  };

  test('is read, and the rest left where it is', async () => {
    await using fake = await startFake({ '/info': INFO });
    const connection = openDocker(fake.socket, '1.51');
    const info = await readInfo(connection, { deadlineMs: 2000 });
    connection.close();
    expect(info).toMatchObject({
      driver: 'overlay2',
      driverStatus: [['Backing Filesystem', 'extfs']],
      containerd: { state: 'seen', value: '/run/containerd/containerd.sock' },
      namespaces: { containers: 'moby', plugins: 'plugins.moby' },
      runtimes: ['runc', 'crun'],
      warnings: [],
      liveRestore: true,
      containers: { running: 2, paused: 0, stopped: 0 },
    });
    expect(JSON.stringify(info)).not.toContain('secret');
  });

  test('lacks the containerd before API 1.46', async () => {
    const { Containerd, ...older } = INFO;
    expect(Containerd).toBeDefined();
    await using fake = await startFake({ '/info': older });
    const connection = openDocker(fake.socket, '1.41');
    const info = await readInfo(connection, { deadlineMs: 2000 });
    connection.close();
    expect(info.containerd.state).toBe('absent');
    expect(info.namespaces).toEqual({ containers: null, plugins: null });
  });

  test('with a component that is none keeps the others', async () => {
    await using fake = await startFake({
      '/version': {
        MinAPIVersion: 'x',
        Components: [{ Name: 'Engine', Version: '28.5.2' }, 5, { Name: 'runc', Version: null }],
      },
    });
    const connection = openDocker(fake.socket);
    expect(await readVersion(connection, { deadlineMs: 2000 })).toEqual({
      minimum: null,
      components: [
        { name: 'Engine', version: '28.5.2' },
        { name: 'runc', version: '' },
      ],
    });
    connection.close();
  });
});

describe('the image store', () => {
  const snapshotter = [['driver-type', 'io.containerd.snapshotter.v1']] as const;

  test.each([
    ['overlay2', [['Backing Filesystem', 'extfs']], 'graphdriver'],
    ['overlayfs', snapshotter, 'containerd'],
    ['native', snapshotter, 'containerd'],
    // A name of both: only the status tells.
    ['btrfs', [], 'graphdriver'],
    ['btrfs', snapshotter, 'containerd'],
    ['vfs', [], 'graphdriver'],
  ] as const)('of driver %s with status %j is %s', (driver, status, mode) => {
    const observed = imageStoreOf(driver, status, 'GET /info at X', AT);
    expect(observed).toMatchObject({ state: 'seen', value: mode });
    expect(observed.from).toContain('GET /info at X');
  });

  test('is not guessed from a name that is not known', () => {
    expect(imageStoreOf('overlayfs', [], 'GET /info', AT)).toMatchObject({ state: 'failed' });
    expect(imageStoreOf('overlayfs', [['driver-type', 'another.v2']], 'GET /info', AT)).toMatchObject({
      state: 'failed',
    });
  });
});
