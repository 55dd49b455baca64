import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { readLeased, readSnapshotUsage } from '../../src/collect/holding-readers.ts';
import type { ReaderContext } from '../../src/collect/reader-context.ts';
import { Leases } from '../../src/gen/containerd/services/leases/v1/leases_pb.js';
import { Snapshots } from '../../src/gen/containerd/services/snapshots/v1/snapshots_pb.js';
import type { Lease, Snapshot, SnapshotKind } from '../../src/host/containerd.ts';
import { namespaceName, snapshotKey } from '../../src/host/ids.ts';
import { seen, seenValue } from '../../src/host/observed.ts';
import type { FacetName, Facets } from '../../src/host/snapshot.ts';
import { type Connection, openConnection } from '../../src/sources/containerd/connection.ts';
import type { FakeServer } from '../faults/fake-servers.ts';
import {
  byNamespace,
  fakeContainerd,
  type Handler,
  type Handlers,
  reply,
  status,
} from '../withstand/fake-containerd.ts';

const AT = '2026-01-02T03:04:05Z';
const LIST = 'Leases/ListResources';
const USAGE = 'Snapshots/Usage';
const hang: Handler = () => {};

const lease = (namespace: string, id: string): Lease => ({
  namespace: namespaceName(namespace),
  id,
  labels: {},
  createdAt: null,
});

const snapshot = (namespace: string, key: string, kind: SnapshotKind): Snapshot => ({
  namespace: namespaceName(namespace),
  snapshotter: 'overlayfs',
  key: snapshotKey(key),
  parent: null,
  kind,
  labels: {},
  createdAt: null,
  updatedAt: null,
});

describe('what is asked of containerd for each lease and snapshot', () => {
  let folder: string;
  let server: FakeServer | undefined;
  let connection: Connection | undefined;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ctrscope-holding-'));
  });
  afterEach(async () => {
    connection?.close();
    await server?.close();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const context = async (
    handlers: Handlers,
    facets: { readonly [K in FacetName]?: Facets[K] },
    timeoutMs: number = 400,
  ): Promise<ReaderContext> => {
    const address = join(folder, 'c.sock');
    server = await fakeContainerd(address, handlers);
    return {
      options: { address, timeoutMs, environment: {} },
      scope: {},
      connect: async (path) => {
        connection = openConnection(path);
        return connection;
      },
      once: async (name) => {
        const value = facets[name];
        if (value === undefined) throw new Error(`nobody made up ${name}`);
        return seen(value, name, AT);
      },
      // The rest is of no use to these readers.
    } as ReaderContext;
  };
  const leases = (...items: readonly Lease[]): { 'containerd.leases': Facets['containerd.leases'] } => ({
    'containerd.leases': { items, gaps: [] },
  });
  const snapshots = (
    ...items: readonly Snapshot[]
  ): { 'containerd.snapshots': Facets['containerd.snapshots'] } => ({
    'containerd.snapshots': { items, gaps: [] },
  });

  test('sorts what a lease keeps by kind; types of later versions keep nothing', async () => {
    const resources = [
      { id: 'sha256:aa', type: 'content' },
      { id: 'key/with/slashes', type: 'snapshots/overlayfs' },
      { id: 'upload', type: 'ingests' },
      { id: 'docker.io/a', type: 'images' },
      { id: 'stream', type: 'streams' },
    ];
    const found = await readLeased(
      await context(
        { [LIST]: reply(Leases.method.listResources.output, { resources }) },
        leases(lease('one', 'l')),
      ),
    );
    expect(seenValue(found)).toEqual({
      items: [
        {
          namespace: 'one',
          id: 'l',
          content: ['sha256:aa'],
          images: ['docker.io/a'],
          ingests: ['upload'],
          snapshots: [{ snapshotter: 'overlayfs', key: 'key/with/slashes' }],
        },
      ],
      gaps: [],
    });
  });

  test('a lease that ended meanwhile is left out, one that fails is a gap, and so is what the list had not', async () => {
    const handlers = {
      [LIST]: byNamespace({
        one: reply(Leases.method.listResources.output, { resources: [] }),
        two: status(5, 'lease "gone": not found'),
        three: status(2, 'broken bucket'),
      }),
    };
    const missing = {
      state: 'timeout',
      from: 'Leases.List',
      why: 'late',
      at: AT,
      ms: 1,
      object: { namespace: 'four' },
    } as const;
    const all = {
      items: [lease('one', 'here'), lease('two', 'gone'), lease('three', 'broken')],
      gaps: [missing],
    };
    const found = seenValue(await readLeased(await context(handlers, { 'containerd.leases': all })));
    expect(found?.items.map(({ id }) => id)).toEqual(['here']);
    expect(found?.gaps.map(({ state, object }) => ({ state, object }))).toEqual([
      { state: 'failed', object: { kind: 'lease', namespace: 'three', id: 'broken' } },
      { state: 'timeout', object: { namespace: 'four' } },
    ]);
  });

  test('a containerd without the service is said to be one', async () => {
    const found = await readLeased(await context({}, leases(lease('one', 'l'))));
    expect(found).toMatchObject({ state: 'unsupported', from: 'Leases.ListResources' });
  });

  test('many leases of a daemon that does not answer cost a bounded time, and are not said one by one', async () => {
    const many = Array.from({ length: 2000 }, (_, i) => lease(i % 2 === 0 ? 'one' : 'two', `l${i}`));
    const handlers = {
      [LIST]: byNamespace({ one: hang, two: reply(Leases.method.listResources.output, { resources: [] }) }),
    };
    const started = performance.now();
    const found = seenValue(await readLeased(await context(handlers, leases(...many), 100)));
    expect(performance.now() - started).toBeLessThan(5000);
    expect(found?.items.length).toBeGreaterThan(0);
    const rest = found?.gaps.filter(({ object }) => object?.kind === 'leases') ?? [];
    expect(rest.map(({ object }) => object?.namespace).toSorted()).toEqual(['one', 'two']);
    const told = rest.reduce((sum, { why }) => sum + Number(/(\d+) objects not asked for/.exec(why)?.[1]), 0);
    expect((found?.items.length ?? 0) + (found?.gaps.length ?? 0) - rest.length + told).toBe(2000);
  });

  test('usage is recorded for what is committed and measured for the rest, two at once', async () => {
    let open = 0;
    let most = 0;
    const answer = reply(Snapshots.method.usage.output, { size: 42n, inodes: 3n });
    const handlers: Handlers = {
      [USAGE]: (stream, namespace) => {
        open += 1;
        most = Math.max(most, open);
        setTimeout(() => {
          open -= 1;
          answer(stream, namespace);
        }, 5);
      },
    };
    const all = Array.from({ length: 12 }, (_, i) =>
      snapshot('one', `s${i}`, i % 2 === 0 ? 'Active' : 'View'),
    );
    const measured = seenValue(await readSnapshotUsage(await context(handlers, snapshots(...all))));
    expect(measured?.items.every(({ how, size }) => how === 'measured' && size === 42n)).toBe(true);
    expect(measured?.items.length).toBe(12);
    expect(most).toBe(2);
  });

  test('a snapshot that takes too long to measure is a gap of its own, and the others are known', async () => {
    const handlers = {
      [USAGE]: byNamespace({
        one: reply(Snapshots.method.usage.output, { size: 7n, inodes: 1n }),
        two: hang,
      }),
    };
    const all = [
      snapshot('one', 'base', 'Committed'),
      snapshot('two', 'big', 'Active'),
      snapshot('one', 'web', 'Active'),
    ];
    const found = seenValue(await readSnapshotUsage(await context(handlers, snapshots(...all), 200)));
    expect(found?.items.map(({ key, how }) => [key, how])).toEqual([
      ['base', 'recorded'],
      ['web', 'measured'],
    ]);
    expect(found?.gaps).toMatchObject([
      { state: 'timeout', object: { kind: 'snapshot', namespace: 'two', id: 'overlayfs/big' } },
    ]);
  });
});
