import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Disk } from '../../../src/host/disk.ts';
import { HERE } from '../../../src/sources/disk/disk.ts';
import { buildFile } from '../../bolt/build-file.ts';
import { layOut } from '../../bolt/build-tree.ts';
import { backend, HOST, listing, scratchRoot, shortGap, snapshot } from './host.ts';

const root = scratchRoot();

describe('a snapshot whose snapshotter', () => {
  const gapsOf = async (): Promise<unknown> =>
    listing((await root.read()).facts['containerd.snapshots']).gaps.map(shortGap);

  test('has lost it is listed all the same', async () => {
    root.write();
    buildFile(root.overlayDb(), layOut({ v1: { snapshots: { 'default/2/top': backend(300n, 2) } } }));
    const { facts } = await root.read();
    expect(listing(facts['containerd.snapshots']).items.map(({ key, kind }) => [key, kind])).toEqual([
      ['base', 'Unknown'],
      ['top', 'Active'],
    ]);
    expect(listing(facts['metadata.snapshots']).items[0]?.backend).toMatchObject({
      state: 'absent',
      from: root.overlayDb(),
    });
    expect(await gapsOf()).toEqual([
      {
        object: { kind: 'snapshot', namespace: 'default', id: 'base' },
        fields: ['kind'],
        why: `meta.db calls it "default/1/base", and ${root.overlayDb()} has no such snapshot`,
      },
    ]);
  });

  test('has lost its database is listed all the same', async () => {
    const laid = layOut(HOST);
    buildFile(root.metaDb(), laid);
    expect(existsSync(root.overlayDb())).toBe(false);
    const { facts, snapshotters } = await root.read();
    expect(listing(facts['containerd.snapshots']).items.map(({ kind }) => kind)).toEqual([
      'Unknown',
      'Unknown',
    ]);
    expect(snapshotters).toMatchObject([{ name: 'overlayfs', database: { state: 'absent' } }]);
  });

  test('has a database that cannot be read is unknown, once for all', async () => {
    root.write();
    writeFileSync(root.overlayDb(), 'not a database, '.repeat(1000));
    expect(await gapsOf()).toEqual([
      {
        object: { kind: 'snapshotter', namespace: 'default', id: 'overlayfs' },
        fields: ['kind'],
        why: expect.stringContaining('not a bbolt database'),
      },
    ]);
  });

  test('is a process of its own is unknown, and so said', async () => {
    root.write({ v1: { default: { snapshots: { stargz: { a: snapshot('default/1/a') } } } } });
    expect(await gapsOf()).toMatchObject([
      { object: { kind: 'snapshotter', id: 'stargz' }, why: expect.stringContaining('a process of its own') },
    ]);
  });

  test('has a damaged record is a gap of that snapshot', async () => {
    root.write();
    const laid = layOut({
      v1: { snapshots: { 'default/1/base': backend(1n, 9), 'default/2/top': { kind: Buffer.from([2]) } } },
    });
    buildFile(root.overlayDb(), laid);
    const { items, gaps } = listing((await root.read()).facts['metadata.backends']);
    expect(items.map(({ name, kind }) => [name, kind])).toEqual([['default/1/base', 'Unknown']]);
    expect(gaps.map(shortGap)).toEqual([
      {
        object: { kind: 'snapshot', id: 'default/1/base' },
        fields: undefined,
        why: 'kind: 09 is no kind of snapshot',
      },
      { object: { kind: 'snapshot', id: 'default/2/top' }, fields: undefined, why: 'the record has no id' },
    ]);
  });
});

test('what a snapshotter has and containerd has forgotten is among the backends', async () => {
  root.write({ v1: { default: {} } });
  const { facts } = await root.read();
  expect(listing(facts['metadata.snapshots']).items).toEqual([]);
  expect(listing(facts['metadata.backends']).items.map(({ name, kind }) => [name, kind])).toEqual([
    ['default/1/base', 'Committed'],
    ['default/2/top', 'Active'],
  ]);
});

test('a snapshot that is removed between the two files is no fault of either', async () => {
  root.write();
  buildFile(root.overlayDb(), layOut({ v1: { snapshots: { 'default/1/base': backend(1n, 3) } } }));
  // As containerd does: its own record goes first, and the snapshotter's with the next collection.
  const disk: Disk = {
    ...HERE,
    open: (path) => {
      if (path === root.overlayDb()) {
        buildFile(
          root.metaDb(),
          layOut(
            { v1: { default: { snapshots: { overlayfs: { base: snapshot('default/1/base') } } } } },
            { txids: [8n, 9n] },
          ),
        );
      }
      return HERE.open(path);
    },
  };
  const { items, gaps } = listing(
    (await root.read(['containerd.snapshots'], { disk })).facts['containerd.snapshots'],
  );
  expect(items.map(({ key }) => key)).toEqual(['base']);
  expect(gaps).toEqual([]);
});
