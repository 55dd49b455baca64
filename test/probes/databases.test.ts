import { describe, expect, test } from 'vitest';
import { databaseCorrupt } from '../../probes/metadata/database-corrupt.ts';
import { databaseEmpty } from '../../probes/metadata/database-empty.ts';
import { databaseMissing } from '../../probes/snapshot/database-missing.ts';
import { directoryMissing } from '../../probes/snapshot/directory-missing.ts';
import { orphanDirectory } from '../../probes/snapshot/orphan-directory.ts';
import type { Plugin } from '../../src/host/containerd.ts';
import { absent, unknown } from '../../src/host/observed.ts';
import type { SnapshotDirectory } from '../../src/host/storage.ts';
import { AT, claimOf, daemons, shim } from './made-up.ts';
import { database, directory, IMAGE, listing, META_DB, OVERLAY, snapshotRecord, stored } from './stored.ts';

const only = (...databases: ReturnType<typeof database>[]) => ({ 'metadata.databases': listing(databases) });

describe('a database', () => {
  test('with damaged pages is told with the first of them, and what still works', () => {
    const damage = ['page 7: no leaf', 'page 9: no leaf', 'page 11: no leaf', 'page 13: no leaf'];
    const claim = claimOf(databaseCorrupt, stored(only(database('metadata', META_DB, { damage }))));
    expect(claim).toMatchObject({
      title: `${META_DB} is damaged in 4 places`,
      object: { layer: 'metadata', kind: 'database', id: META_DB, name: 'metadata' },
      confidence: 'certain',
    });
    expect(claim.evidence.map(({ value }) => value)).toEqual(['12, 64.0 KiB', ...damage.slice(0, 3)]);
    expect(claim.impact).toMatch(/^Containers that run go on/);
    expect(claim.next.map(({ effect }) => effect)).toEqual(['reads', 'writes', 'writes', 'disrupts']);
  });

  test('without a valid meta page is told, with what containerd says of its plugin', () => {
    const plugin: Plugin = {
      type: 'io.containerd.metadata.v1',
      id: 'bolt',
      status: 'error',
      error: 'invalid database',
      requires: [],
      platforms: [],
      capabilities: [],
      exports: {},
    };
    const facets = only(database('metadata', META_DB, { salvaged: true, txid: 0n }));
    const claim = claimOf(databaseCorrupt, stored({ ...facets, 'containerd.plugins': listing([plugin]) }));
    expect(claim.title).toBe(`${META_DB} has no valid meta page`);
    expect(claim.evidence.at(-1)).toMatchObject({ layer: 'containerd', value: 'invalid database' });
  });

  test('without its root bucket is told, with where that should be', () => {
    const lost = 'page 9: the file ends before this page does';
    const facets = only(database('metadata', META_DB, { salvaged: true, damage: [lost] }));
    const claim = claimOf(databaseCorrupt, stored(facets));
    expect(claim.title).toBe(`${META_DB} has lost its root bucket`);
    expect(claim.evidence.map(({ value }) => value)).toEqual(['12, 64.0 KiB', lost]);
  });

  test('that is none is told; one that may not be read is not judged', () => {
    const state = (kind: 'failed' | 'denied', why: string) =>
      stored(only(database('overlayfs', `${OVERLAY}/metadata.db`, unknown(kind, 'x', why, AT, 1))));
    expect(claimOf(databaseCorrupt, state('failed', 'no bbolt file'))).toMatchObject({
      confidence: 'likely',
      object: { name: 'overlayfs' },
    });
    expect(databaseCorrupt.run(state('denied', 'needs root'))).toMatchObject({ outcome: 'skip' });
  });

  test('that changed during each reading is not damaged', () => {
    const torn = database('metadata', META_DB, { torn: true, damage: ['page 7: no leaf'] });
    expect(databaseCorrupt.run(stored(only(torn)))).toMatchObject({ outcome: 'skip' });
  });
});

describe('a meta.db without records', () => {
  const empty = unknown('failed', META_DB, 'at offset 0: the file is empty', AT, 1);

  test.each([
    ['gone', absent(META_DB, AT), 'there is no meta.db'],
    ['of no bytes', empty, 'meta.db has no bytes'],
    ['new', { version: null }, 'meta.db has no records'],
  ])('that is %s is told where content is left', (_, file, words) => {
    const facets = { ...only(database('metadata', META_DB, file)), 'proc.daemons': daemons(shim(7)) };
    const claim = claimOf(databaseEmpty, stored(facets));
    expect(claim.title).toBe(`${words}, but content and snapshots of an earlier one are there: ${META_DB}`);
    expect(claim.evidence.map(({ layer }) => layer)).toEqual(['metadata', 'content', 'snapshot']);
    expect(claim.impact).toContain('1 shim may still run a container');
  });

  test.each([
    [
      '/var/lib/containerd',
      'live',
      'systemctl stop containerd && cp -a /var/lib/containerd /var/lib/containerd.kept',
    ],
    // Another containerd's unit has that name, and stopping it would help nobody.
    ['/var/lib/rancher/k3s/agent/containerd', 'live', null],
    [
      '/mnt/web-1/var/lib/containerd',
      'disk',
      'cp -a /mnt/web-1/var/lib/containerd /mnt/web-1/var/lib/containerd.kept',
    ],
  ] as const)('in %s is kept (%s)', (root, from, command) => {
    const path = `${root}/io.containerd.metadata.v1.bolt/meta.db`;
    const claim = claimOf(databaseEmpty, {
      ...stored(only(database('metadata', path, absent(path, AT)))),
      from,
    });
    expect(claim.next.at(-1)?.command).toBe(command);
  });

  test('is right on a fresh host', () => {
    const fresh = {
      ...only(database('metadata', META_DB, { version: null })),
      'content.blobs': listing<never>([]),
      'snapshot.directories': listing<never>([]),
    };
    expect(databaseEmpty.run(stored(fresh)).outcome).toBe('pass');
    expect(databaseMissing.run(stored(fresh)).outcome).toBe('pass');
  });

  test('is not told twice: it is no damage', () => {
    expect(databaseCorrupt.run(stored(only(database('metadata', META_DB, empty)))).outcome).not.toBe(
      'claims',
    );
    // And damage is not emptiness.
    const damaged = database('metadata', META_DB, { version: null, damage: ['page 3: no leaf'] });
    expect(databaseEmpty.run(stored(only(damaged))).outcome).toBe('pass');
  });
});

describe('a snapshotter without its database', () => {
  const path = `${OVERLAY}/metadata.db`;
  const gone = only(database('overlayfs', path, absent(path, AT)));

  test('is told by what meta.db records of it and by its folders', () => {
    const claim = claimOf(databaseMissing, stored(gone));
    expect(claim.object).toEqual({
      layer: 'metadata',
      namespace: null,
      kind: 'database',
      id: path,
      name: 'overlayfs',
    });
    expect(claim.evidence.map(({ value }) => value)).toEqual([
      'not there',
      '3 records: chain-1, chain-2, web',
      '4 folders: 1, 2, 3 and 1 more',
    ]);
    expect(claim.impact).toContain('the next collection of garbage deletes the folders');
  });

  test.each([
    ['records', { 'snapshot.directories': unknown('denied', 'x', 'needs root', AT, 1) }],
    ['folders', { 'metadata.snapshots': unknown('failed', 'x', 'damaged', AT, 1) }],
  ])('is told by %s alone', (_, other) => {
    expect(databaseMissing.run(stored({ ...gone, ...other })).outcome).toBe('claims');
  });

  test('that was never used is none', () => {
    const unused = { 'metadata.snapshots': listing<never>([]), 'snapshot.directories': listing<never>([]) };
    expect(databaseMissing.run(stored({ ...gone, ...unused })).outcome).toBe('pass');
  });

  test('is looked for among what any process has still open, by its own path', () => {
    const [first] = claimOf(databaseMissing, stored(gone)).next;
    expect(first?.command).toBe(
      "find /proc/[0-9]*/fd -lname '*io.containerd.snapshotter.v1.overlayfs/metadata.db (deleted)'",
    );
  });

  test('is not a program of its own, whose export names no folder of a database', () => {
    // As its manual has it: [proxy_plugins.stargz.exports] root = "/var/lib/containerd-stargz-grpc/"
    const stargz = '/var/lib/containerd-stargz-grpc/metadata.db';
    const facets = {
      ...only(database('metadata', META_DB), database('stargz', stargz, absent(stargz, AT))),
      'metadata.snapshots': listing([snapshotRecord('chain-1', 1n, { snapshotter: 'stargz' })]),
    };
    expect(databaseMissing.run(stored(facets)).outcome).toBe('pass');
  });

  test("is not Docker's volumes, whose database has the same name", () => {
    const volumes = '/var/lib/docker/volumes/metadata.db';
    const facets = only(database('volumes/metadata.db', volumes, absent(volumes, AT)));
    expect(databaseMissing.run(stored(facets)).outcome).toBe('pass');
  });
});

describe('a snapshot without its folder', () => {
  test('is told with its number, its place, and all that stands on it', () => {
    const facets = { 'snapshot.directories': listing(['2', '3'].map((name) => directory(name))) };
    const claim = claimOf(directoryMissing, stored(facets));
    expect(claim).toMatchObject({
      title: 'folder 1 of snapshot chain-1 (default, overlayfs) is gone',
      object: { layer: 'snapshot', namespace: 'default', kind: 'snapshot', id: 'chain-1' },
    });
    expect(claim.evidence[1]).toMatchObject({ source: `${OVERLAY}/snapshots/1`, value: 'not there' });
    expect(claim.impact).toBe(
      `1 container (web) cannot be started again; one that runs holds what it has mounted and may miss files; no new container can be made of ${IMAGE}; 2 snapshots above it cannot be mounted. All else works.`,
    );
  });

  test('that nothing stands on hits nothing', () => {
    const facets = {
      'metadata.snapshots': listing([snapshotRecord('lonely', 77n)]),
    };
    expect(claimOf(directoryMissing, stored(facets)).impact).toMatch(/^Nothing stands on it/);
  });

  test('is not judged for snapshotters that keep no folders, nor where it has no number', () => {
    const devmapper = snapshotRecord('a', 77n, { snapshotter: 'devmapper' });
    expect(directoryMissing.run(stored({ 'metadata.snapshots': listing([devmapper]) })).outcome).toBe('pass');
    const numberless = snapshotRecord('a', 77n, { backend: absent('x', AT) });
    expect(directoryMissing.run(stored({ 'metadata.snapshots': listing([numberless]) })).outcome).toBe(
      'pass',
    );
    const unread = snapshotRecord('a', 77n, { backend: unknown('failed', 'x', 'damaged', AT, 1) });
    expect(directoryMissing.run(stored({ 'metadata.snapshots': listing([unread]) })).outcome).toBe('skip');
  });

  test('beside many others is one finding about their folder', () => {
    const many = Array.from({ length: 30 }, (_, i) => snapshotRecord(`s-${i}`, BigInt(100 + i)));
    const claim = claimOf(directoryMissing, stored({ 'metadata.snapshots': listing(many) }));
    expect(claim.title).toBe('the folders of 30 snapshots (overlayfs) are gone');
    expect(claim.next[0]?.command).toBe(`findmnt -T ${OVERLAY}/snapshots`);
  });
});

describe('a folder without a snapshot', () => {
  const folders = (...more: readonly SnapshotDirectory[]) => ({
    'snapshot.directories': listing([...['1', '2', '3'].map((name) => directory(name)), ...more]),
  });

  test('is told by its path, with what removes it and what does not', () => {
    const claim = claimOf(orphanDirectory, stored(folders(directory('9999'))));
    expect(claim).toMatchObject({
      title: 'folder 9999 of snapshotter overlayfs belongs to no snapshot',
      outcome: 'warn',
      confidence: 'likely',
      object: { layer: 'snapshot', kind: 'directory', id: `${OVERLAY}/snapshots/9999`, name: 'overlayfs' },
    });
    expect(claim.evidence[1]).toMatchObject({ source: `${OVERLAY}/metadata.db`, field: 'number 9999' });
    expect(claim.next.at(-1)?.text).toMatch(/^leave it: the collection/);
    const draft = claimOf(orphanDirectory, stored(folders(directory('new-77'))));
    expect(draft.why).toMatch(/^It was made for a snapshot that was never recorded/);
    expect(claimOf(orphanDirectory, { ...stored(folders(directory('9999'))), from: 'disk' }).confidence).toBe(
      'certain',
    );
  });

  test('is none while it is young, for a snapshot may be being made', () => {
    expect(orphanDirectory.run(stored(folders(directory('9999', AT)))).outcome).toBe('pass');
  });

  test("is not judged where the snapshotter's database is gone or was not read", () => {
    const path = `${OVERLAY}/metadata.db`;
    for (const file of [absent(path, AT), unknown('failed', path, 'damaged', AT, 1)]) {
      const databases = { 'metadata.databases': listing([database('overlayfs', path, file)]) };
      const host = stored({ ...folders(directory('9999')), ...databases });
      expect(orphanDirectory.run(host).outcome).toBe('skip');
    }
  });

  test('is judged by the database of its own snapshotter', () => {
    const native: SnapshotDirectory = {
      ...directory('1'),
      snapshotter: 'native',
      path: '/native/snapshots/1',
    };
    const databases = {
      'metadata.databases': listing([
        database('overlayfs', `${OVERLAY}/metadata.db`),
        database('native', '/native/metadata.db'),
      ]),
    };
    const claim = claimOf(orphanDirectory, stored({ ...folders(native), ...databases }));
    expect(claim.object).toMatchObject({ id: '/native/snapshots/1', name: 'native' });
    expect(claim.next.at(-1)).toMatchObject({ effect: 'disrupts' });
  });
});
