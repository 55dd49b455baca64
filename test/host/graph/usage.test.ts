import { describe, expect, test } from 'vitest';

import { buildGraph } from '../../../src/host/graph/build.ts';
import { markGraph } from '../../../src/host/graph/mark.ts';
import { digest, namespaceName, snapshotKey } from '../../../src/host/ids.ts';
import { seen } from '../../../src/host/observed.ts';
import type { HostSnapshot } from '../../../src/host/snapshot.ts';
import { usageOf } from '../../../src/host/usage/usage.ts';
import type { Usage, UsageRow } from '../../../src/host/usage/usage-row.ts';
import { usageCsv, usageItem, usageLines } from '../../../src/report/usage.ts';
import {
  AT,
  blob,
  container,
  EARLIER,
  image,
  listed,
  type Made,
  made,
  sha,
  snapshot,
  unread,
} from './made.ts';

const usage = (host: HostSnapshot): Usage => {
  const graph = buildGraph(host);
  return usageOf(host, graph, markGraph(graph));
};

const row = ({ rows }: Usage, kind: string, namespace: string | null): UsageRow => {
  const found = rows.filter((one) => one.kind === kind && one.namespace === namespace);
  if (found[0] === undefined || found.length > 1)
    throw new Error(`${found.length} rows of ${kind} ${namespace}`);
  return found[0];
};

const used = (key: string, size: bigint, how: 'recorded' | 'measured' = 'recorded') => ({
  namespace: namespaceName('shop'),
  snapshotter: 'overlayfs',
  key: snapshotKey(key),
  size,
  inodes: 1n,
  how,
});

const ref = (id: string) => ({ 'containerd.io/gc.ref.content.l.0': id });

const LISTS: Made = {
  images: [image('one', sha('a')), image('two', sha('b')), image('one', sha('a'), {}, 'blog')],
  content: [
    blob(sha('a'), ref(sha('c')), 'shop', 1n),
    blob(sha('b'), ref(sha('c')), 'shop', 10n),
    blob(sha('c'), {}, 'shop', 100n), // of both images
    blob(sha('d'), {}, 'shop', 1000n), // of nobody
    blob(sha('a'), ref(sha('e')), 'blog', 1n),
    blob(sha('d'), {}, 'blog', 1000n), // of nobody here either
    blob(sha('c'), {}, 'blog', 100n), // of nobody here
  ],
  snapshots: [
    snapshot('base'),
    snapshot('web', 'base'),
    snapshot('db', 'base'),
    snapshot('loose'),
    snapshot('slow', 'base'),
  ],
  containers: [
    container('web', { snapshot: 'web' }),
    container('db', { snapshot: 'db' }),
    container('slow', { snapshot: 'slow' }),
  ],
  over: {
    'containerd.usage': listed([
      used('base', 7n),
      used('web', 70n, 'measured'),
      used('db', 700n, 'measured'),
      used('loose', 7000n),
    ]),
    'content.blobs': listed([
      { digest: digest(sha('a')), path: '', size: 1n, modifiedAt: EARLIER },
      { digest: digest(sha('f')), path: '', size: 33n, modifiedAt: EARLIER },
    ]),
  },
};

describe('usage', () => {
  test('tells what is shared from what one holder alone keeps, and counts each blob once on the host', () => {
    const all = usage(made(LISTS));
    expect(row(all, 'content', 'shop')).toMatchObject({
      objects: 4,
      size: 1111n,
      shared: 101n,
      unique: 10n,
      reclaimable: 1000n,
      undecided: 0n,
      orphaned: null,
      how: 'recorded: made up',
    });
    // Nothing in blog holds c, but shop does: its bytes stay.
    expect(row(all, 'content', 'blog')).toMatchObject({
      size: 1101n,
      shared: 101n,
      unique: 0n,
      reclaimable: 1000n,
    });
    expect(row(all, 'content', null)).toMatchObject({
      objects: 4,
      size: 1111n,
      shared: 101n,
      unique: 10n,
      reclaimable: 1000n,
      orphaned: 33n,
    });
  });

  test('adds up snapshots as they were recorded and measured, and counts those that were not', () => {
    const all = usage(made(LISTS));
    expect(row(all, 'snapshots', 'shop')).toMatchObject({
      objects: 5,
      size: 7777n,
      shared: 7n,
      unique: 770n,
      reclaimable: 7000n,
      unmeasured: 1,
      how: '2 recorded when committed, 2 measured by the snapshotter now, 1 not measured',
    });
  });

  test('lists what nothing holds, the largest first', () => {
    expect(usage(made(LISTS)).loose.map(({ state, kind, id, size }) => [state, kind, id, size])).toEqual([
      ['reclaimable', 'snapshot', 'loose', 7000n],
      ['reclaimable', 'content', sha('d'), 1000n],
      ['orphaned', 'content', sha('f'), 33n],
    ]);
  });

  test('does not call anything reclaimable while a lease could hold it', () => {
    const host = made({ ...LISTS, over: { ...LISTS.over, 'containerd.leaseResources': unread() } });
    const all = usage(host);
    expect(all.loose.map(({ state }) => state)).toEqual(['orphaned']);
    expect(row(all, 'content', null)).toMatchObject({ reclaimable: 0n, undecided: 1000n });
  });

  test('does not know what is orphaned where the files were not read, nor takes an unread list for an empty one', () => {
    const { 'content.blobs': _, ...over } = LISTS.over ?? {};
    const host = made({ ...LISTS, over: { ...over, 'containerd.snapshots': unread() } });
    const all = usage(host);
    expect(usageItem(row(all, 'content', null))).not.toHaveProperty('orphaned');
    expect(all.rows.some(({ kind }) => kind === 'snapshots')).toBe(false);
  });

  test('finds snapshots that containerd has forgotten, and folders that the snapshotter has', () => {
    const backend = (id: bigint, name: string) => ({
      snapshotter: 'overlayfs',
      name,
      id,
      kind: 'Committed' as const,
      parent: null,
      size: 5n,
      inodes: 1n,
      labels: {},
      createdAt: EARLIER,
      updatedAt: EARLIER,
    });
    const folder = (name: string) => ({
      snapshotter: 'overlayfs',
      name,
      path: `/s/${name}`,
      modifiedAt: EARLIER,
    });
    const over = {
      ...LISTS.over,
      'metadata.backends': listed([backend(1n, 'shop/1/base'), backend(2n, 'shop/2/gone')]),
      'metadata.snapshots': listed([
        {
          namespace: namespaceName('shop'),
          snapshotter: 'overlayfs',
          key: snapshotKey('slow'),
          name: 'shop/1/base',
          children: [],
          backend: seen(backend(1n, 'shop/1/base'), 'made up', AT),
        },
      ]),
      'snapshot.directories': listed([folder('1'), folder('2'), folder('3'), folder('new-77')]),
    };
    const all = usage(made({ ...LISTS, over }));
    expect(row(all, 'snapshots', null)).toMatchObject({ orphaned: 5n, size: 7782n, unmeasured: 0 });
    const orphans = all.loose.filter(({ state, kind }) => state === 'orphaned' && kind !== 'content');
    expect(orphans.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'snapshot shop/2/gone',
      'directory /s/3',
      'directory /s/new-77',
    ]);
  });

  test('says nothing of the whole host when it is asked of one namespace', () => {
    const all = usage({ ...made(LISTS), scope: { namespaces: ['shop'] } });
    expect(row(all, 'content', null).orphaned).toBeNull();
  });

  test('is printed with every number whole in CSV, and ? for what is not known in text', () => {
    const { 'content.blobs': _, ...over } = LISTS.over ?? {};
    const all = usage(made({ ...LISTS, over }));
    expect(usageCsv(all)[1]).toBe('content,blog,,3,1101,101,0,1000,0,,0,recorded: made up');
    expect(usageLines(all, AT).find((line) => /^content +\(host\)/.test(line))).toMatch(/ \? +0 +recorded/);
  });
});
