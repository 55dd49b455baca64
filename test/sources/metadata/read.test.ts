import { describe, expect, test } from 'vitest';
import { varint } from './encode.ts';
import { EVERYTHING } from './everything.ts';
import { AT, DIGEST, HOST, image, listing, MANY_LABELS, scratchRoot, shortGap, TIME, wipe } from './host.ts';

const root = scratchRoot();

test('a sound database gives everything, and no gap', async () => {
  root.write();
  const { facts, metaDb: file } = await root.read();
  expect(file).toMatchObject({
    state: 'seen',
    value: { version: 3, pageSize: 4096, txid: 7n, torn: false, damage: [] },
  });
  for (const name of EVERYTHING) expect(listing<unknown>(facts[name]).gaps, name).toEqual([]);
  expect(listing(facts['containerd.namespaces']).items).toEqual([
    { name: 'default', labels: { team: 'front' } },
    { name: 'empty', labels: {} },
  ]);
  expect(listing(facts['containerd.images']).items).toEqual([
    {
      namespace: 'default',
      name: 'one:1',
      target: { digest: DIGEST, mediaType: 'm', size: 7n, annotations: {} },
      labels: {},
      createdAt: TIME,
      updatedAt: TIME,
    },
    expect.objectContaining({
      name: 'two:1',
      labels: MANY_LABELS,
      target: expect.objectContaining({ annotations: { a: 'b' } }),
    }),
  ]);
  expect(listing(facts['containerd.snapshots']).items).toEqual([
    {
      namespace: 'default',
      snapshotter: 'overlayfs',
      key: 'base',
      parent: null,
      kind: 'Committed',
      // containerd's own labels stand before the snapshotter's.
      labels: { mine: 'meta', both: 'meta', its: 'own' },
      createdAt: TIME,
      updatedAt: TIME,
    },
    expect.objectContaining({ key: 'top', parent: 'base', kind: 'Active' }),
  ]);
  expect(listing(facts['metadata.snapshots']).items).toMatchObject([
    {
      key: 'base',
      name: 'default/1/base',
      children: ['top'],
      backend: { state: 'seen', value: { id: 1n, size: 100n, inodes: 5n } },
    },
    {
      key: 'top',
      children: [],
      backend: { value: { id: 300n, size: null, inodes: null, parent: 'default/1/base' } },
    },
  ]);
  expect(listing(facts['containerd.content']).items.map(({ size }) => size)).toEqual([7n, -1n]);
});

test('only what is wanted is read, and only the namespaces in scope', async () => {
  root.write();
  const { facts, snapshotters } = await root.read(['containerd.namespaces', 'containerd.images'], {
    scope: { namespaces: ['empty'] },
  });
  expect(Object.keys(facts)).toEqual(['containerd.namespaces', 'containerd.images']);
  expect(listing(facts['containerd.namespaces']).items.map(({ name }) => name)).toEqual(['empty']);
  expect(listing(facts['containerd.images']).items).toEqual([]);
  expect(snapshotters).toEqual([]);
});

describe('damage is a gap where it belongs, and everything else is there', () => {
  test('a record that is lost as a whole', async () => {
    root.write(HOST, (laid) => wipe(laid, 'v1/default/images/one:1'));
    const { facts } = await root.read();
    expect(listing(facts['containerd.images']).items.map(({ name }) => name)).toEqual(['two:1']);
    expect(listing(facts['containerd.images']).gaps.map(shortGap)).toEqual([
      {
        object: { kind: 'image', namespace: 'default', id: 'one:1' },
        fields: undefined,
        why: expect.stringMatching(
          /^page \d+ at offset \d+: number of the page: expected \d+, found 0 \(in bucket v1\/default\/images\/one:1\)$/,
        ),
      },
    ]);
    for (const name of EVERYTHING.filter((fact) => fact !== 'containerd.images')) {
      expect(listing<unknown>(facts[name]).gaps, name).toEqual([]);
    }
  });

  test('labels that are lost, of a record that is not', async () => {
    root.write(HOST, (laid) => wipe(laid, 'v1/default/images/two:1/labels'));
    const { items, gaps } = listing((await root.read()).facts['containerd.images']);
    expect(items.map(({ name, labels }) => [name, labels])).toEqual([
      ['one:1', {}],
      ['two:1', {}],
    ]);
    expect(gaps).toMatchObject([
      { state: 'failed', object: { kind: 'image', id: 'two:1' }, fields: ['labels'] },
    ]);
  });

  test('all of a kind', async () => {
    root.write(HOST, (laid) => wipe(laid, 'v1/default/content/blob'));
    const { facts } = await root.read();
    expect(listing(facts['containerd.content'])).toMatchObject({
      items: [],
      gaps: [{ object: { namespace: 'default' } }],
    });
    expect(listing(facts['containerd.images']).gaps).toEqual([]);
  });

  test('a whole namespace', async () => {
    root.write(HOST, (laid) => wipe(laid, 'v1/default'));
    const { facts } = await root.read();
    expect(listing(facts['containerd.namespaces']).items.map(({ name }) => name)).toEqual([
      'default',
      'empty',
    ]);
    expect(listing(facts['containerd.namespaces']).gaps).toMatchObject([
      { object: { kind: 'namespace', id: 'default' }, fields: ['labels'] },
    ]);
    expect(listing(facts['containerd.leases']).gaps).toMatchObject([{ object: { namespace: 'default' } }]);
  });

  test('everything', async () => {
    root.write(HOST, (laid) => wipe(laid, 'v1'));
    const { facts } = await root.read();
    expect(listing(facts['containerd.namespaces'])).toMatchObject({ items: [], gaps: [{ state: 'failed' }] });
  });

  test('a value that is not what it should be', async () => {
    root.write({
      v1: {
        default: {
          images: { 'one:1': image({ createdat: 'yesterday', target: { digest: DIGEST, size: '\xff' } }) },
        },
      },
    });
    const { items, gaps } = listing((await root.read()).facts['containerd.images']);
    expect(items).toMatchObject([
      { name: 'one:1', createdAt: null, updatedAt: TIME, target: { digest: DIGEST, mediaType: '' } },
    ]);
    expect(gaps.map(shortGap)).toEqual([
      {
        object: { kind: 'image', namespace: 'default', id: 'one:1' },
        fields: ['createdAt'],
        why: 'createdat: 9 bytes (796573746572646179) are no time',
      },
      {
        object: { kind: 'image', namespace: 'default', id: 'one:1' },
        fields: ['targetSize'],
        why: 'size: 2 bytes (c3bf) are no varint',
      },
    ]);
  });

  test('records that containerd itself would not take', async () => {
    root.write({
      v1: {
        default: {
          images: { 'no target': { createdat: AT } },
          content: { blob: { 'no-digest': { size: varint(1n) } } },
        },
      },
    });
    const { facts } = await root.read();
    expect(listing(facts['containerd.images'])).toMatchObject({
      items: [],
      gaps: [{ object: { kind: 'image', id: 'no target' }, why: 'the record names no target' }],
    });
    expect(listing(facts['containerd.content'])).toMatchObject({
      items: [],
      gaps: [{ object: { kind: 'blob', id: 'no-digest' } }],
    });
  });
});
