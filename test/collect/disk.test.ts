/** A host that is only a disk: what of it is found, what is read, and what is said of the rest. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { ALL_FACETS } from '../../src/bundle/forms.ts';
import { isUnknown, type Observed } from '../../src/host/observed.ts';
import { type FacetName, facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { varint } from '../sources/metadata/encode.ts';
import { AT, DIGEST, image, snapshot } from '../sources/metadata/host.ts';
import { diskTree, listing, SECRET } from './disk-tree.ts';

const { dir, outside, folder, containerd, open } = diskTree();

const stateOf = (host: HostSnapshot, name: FacetName): string => facet(host, name).state;

describe('a disk', () => {
  test('has every facet, as read or with the reason why it is not', async () => {
    containerd('ctrd');
    const { collect } = await open('ctrd');
    const host = await collect(ALL_FACETS);
    expect(host.from).toBe('disk');
    const states: Record<string, string[]> = { seen: [], absent: [], offline: [] };
    for (const name of ALL_FACETS) states[stateOf(host, name)]?.push(name);
    expect(states['seen']?.toSorted()).toEqual(
      [
        'containerd.bodies',
        'containerd.containers',
        'containerd.images',
        'containerd.ingests',
        'containerd.leaseResources',
        'containerd.leases',
        'containerd.manifests',
        'containerd.content',
        'containerd.namespaces',
        'containerd.sandboxes',
        'containerd.snapshots',
        'containerd.usage',
        'metadata.backends',
        'metadata.databases',
        'metadata.ingests',
        'metadata.snapshots',
        'snapshot.directories',
      ].toSorted(),
    );
    // The content store was never made; Docker has no folder here.
    expect(states['absent']).toEqual(
      expect.arrayContaining(['content.blobs', 'content.ingests', 'docker.root']),
    );
    for (const name of [
      'containerd.tasks',
      'containerd.plugins',
      'docker.containers',
      'host.system',
    ] as const) {
      expect(facet(host, name)).toMatchObject({
        state: 'offline',
        why: expect.stringMatching(/^read from the disk; \S/),
      });
    }
    expect(Object.values(states).flat()).toHaveLength(ALL_FACETS.length);
    expect(host.timings).toHaveLength(ALL_FACETS.length);
  });

  test('tells what snapshots took when they were committed, and of others that nobody can say', async () => {
    containerd('ctrd');
    const { collect } = await open('ctrd');
    const { items, gaps } = listing(facet(await collect(['containerd.usage']), 'containerd.usage'));
    expect(items).toEqual([
      {
        namespace: 'default',
        snapshotter: 'overlayfs',
        key: 'base',
        size: 100n,
        inodes: 5n,
        how: 'recorded',
      },
    ]);
    expect(gaps).toMatchObject([
      { state: 'offline', object: { kind: 'snapshot', namespace: 'default', id: 'overlayfs/top' } },
    ]);
  });

  test('names its databases, and of the snapshotters those that were used', async () => {
    const metaDb = containerd('ctrd');
    const { collect } = await open('ctrd');
    const databases = async () =>
      listing(facet(await collect(['metadata.databases']), 'metadata.databases')).items;
    expect(await databases()).toMatchObject([
      { owner: 'metadata', path: metaDb, file: { state: 'seen', value: { version: 3, damage: [] } } },
      { owner: 'overlayfs', file: { state: 'seen' } },
    ]);
    rmSync(join(dir(), 'ctrd/io.containerd.snapshotter.v1.overlayfs/metadata.db'));
    expect(await databases()).toMatchObject([
      { owner: 'metadata' },
      { owner: 'overlayfs', file: { state: 'absent' } },
    ]);
  });

  test('is narrowed to a namespace', async () => {
    containerd('ctrd');
    const { collect } = await open('ctrd', { namespace: 'empty' });
    const host = await collect(['containerd.namespaces', 'containerd.images']);
    expect(listing(facet(host, 'containerd.namespaces')).items).toMatchObject([{ name: 'empty' }]);
    expect(listing(facet(host, 'containerd.images')).items).toEqual([]);
  });

  test('withholds secrets in every fact as a live host does', async () => {
    const labels = { password: SECRET, plain: 'kept' };
    const spec = { process: { args: ['x', '--password', SECRET], env: [`A=${SECRET}`] } };
    // protobuf's Any: the type, and the bytes.
    const any = (json: string): Buffer => {
      const type = 'types.containerd.io/opencontainers/runtime-spec/1/Spec';
      const head = (tag: number, bytes: Buffer): Buffer =>
        Buffer.concat([
          Buffer.from([
            tag,
            ...(bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7]),
          ]),
          bytes,
        ]);
      return Buffer.concat([head(0x0a, Buffer.from(type)), head(0x12, Buffer.from(json))]);
    };
    containerd('ctrd', {
      v1: {
        version: varint(3n),
        default: {
          labels,
          images: { 'one:1': image({ labels, annotations: labels }) },
          containers: {
            c: {
              createdat: AT,
              updatedat: AT,
              labels,
              runtime: { name: 'r' },
              spec: any(JSON.stringify(spec)),
            },
          },
          content: { blob: { [DIGEST]: { createdat: AT, updatedat: AT, size: varint(7n), labels } } },
          leases: { l: { createdat: AT, labels } },
          sandboxes: { s: { createdat: AT, updatedat: AT, labels, runtime: { name: 'r' } } },
          snapshots: { overlayfs: { base: snapshot('default/1/base', { labels }) } },
        },
      },
    });
    const scope = { containers: [{ namespace: 'default', id: 'c' }] };
    const textOf = async (showSecrets: boolean): Promise<string> => {
      const { collect } = await open('ctrd', { showSecrets });
      const { facets } = await collect(ALL_FACETS, scope);
      return JSON.stringify(facets, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
    };
    const withheld = await textOf(false);
    expect(withheld).not.toContain(SECRET);
    expect(withheld).toContain('--password');
    expect(withheld).toContain('"plain":"kept"');
    const shown = (await textOf(true)).split(SECRET).length - 1;
    // Of each kind's labels, the annotations, the arguments, the environment and the snapshotter's own labels.
    expect(shown).toBeGreaterThanOrEqual(12);
  });
});

describe('a meta.db that is not what it should be', () => {
  const FACTS = ['containerd.namespaces', 'containerd.images', 'containerd.containers'] as const;
  const REST = ['content.blobs', 'metadata.backends', 'snapshot.directories'] as const;

  test.each([
    ['empty', (path: string) => writeFileSync(path, ''), /is empty|no bytes|too small|0 bytes/],
    ['of another program', (path: string) => writeFileSync(path, 'SQLite format 3\0'.repeat(1000)), /\S/],
    ['of zeros', (path: string) => writeFileSync(path, Buffer.alloc(65536)), /\S/],
    ['cut off in the head of its first page', (path: string) => truncateSync(path, 10), /\S/],
    [
      'a FIFO',
      (path: string) => {
        rmSync(path);
        execFileSync('mkfifo', [path]);
      },
      /not a regular file/,
    ],
    [
      'a folder',
      (path: string) => {
        rmSync(path);
        mkdirSync(path);
      },
      /not a regular file/,
    ],
    [
      'a link that leads to itself',
      (path: string) => {
        rmSync(path);
        symlinkSync('meta.db', path);
      },
      /ELOOP/,
    ],
  ] as const)('%s is named with what is wrong, and everything else is read', async (_, spoil, why) => {
    const metaDb = containerd('ctrd');
    folder('ctrd/io.containerd.content.v1.content/blobs');
    spoil(metaDb);
    const host = await (await open('ctrd')).collect([...FACTS, ...REST, 'metadata.databases']);
    for (const name of FACTS) {
      const fact: Observed<unknown> = facet(host, name);
      expect(isUnknown(fact), `${name}: ${JSON.stringify(fact.state)}`).toBe(true);
      expect(fact).toMatchObject({ from: metaDb, why: expect.stringMatching(why) });
    }
    for (const name of REST) expect(stateOf(host, name), name).toBe('seen');
    expect(listing(facet(host, 'metadata.databases')).items).toMatchObject([
      { owner: 'metadata', path: metaDb, file: { why: expect.stringMatching(why) } },
      { owner: 'overlayfs', file: { state: 'seen' } },
      { owner: 'btrfs' },
    ]);
  });

  test('that leads out of the root is absent, and what it leads to is not read', async () => {
    const metaDb = containerd('ctrd');
    const other = `${outside()}.db`;
    writeFileSync(other, readFileSync(metaDb));
    rmSync(metaDb);
    symlinkSync(other, metaDb);
    const host = await (await open('ctrd')).collect(FACTS);
    for (const name of FACTS) {
      expect(facet(host, name)).toMatchObject({ state: 'absent', why: expect.stringContaining(metaDb) });
    }
  });

  test('that is cut off behind its first page is read as far as it goes, and is not called empty', async () => {
    truncateSync(containerd('ctrd'), 4096);
    const host = await (await open('ctrd')).collect(FACTS);
    for (const name of FACTS) {
      const fact = facet(host, name);
      if (fact.state === 'seen') expect(fact.value.gaps.length, name).toBeGreaterThan(0);
      else expect(isUnknown(fact), name).toBe(true);
    }
  });

  test('that is damaged gives what is left of it, and says what is lost', async () => {
    const metaDb = containerd('ctrd');
    const bytes = readFileSync(metaDb);
    const at = bytes.indexOf('two:1');
    // The page that the record of the second image is on keeps its head and loses the rest.
    bytes.fill(0, at, at + 200);
    writeFileSync(metaDb, bytes);
    const host = await (await open('ctrd')).collect([...FACTS, 'metadata.databases']);
    const { gaps } = listing(facet(host, 'containerd.images'));
    expect(gaps.length).toBeGreaterThan(0);
    expect(listing(facet(host, 'containerd.namespaces')).items).toHaveLength(2);
  });
});

test('a folder that has nothing of either is said to have nothing, not to be unread', async () => {
  const { collect, chosen, layout } = await open();
  expect([chosen, layout.docker]).toEqual([undefined, null]);
  const host = await collect(['containerd.images', 'docker.root', 'content.blobs']);
  for (const name of ['containerd.images', 'docker.root', 'content.blobs'] as const) {
    expect(stateOf(host, name)).toBe('absent');
  }
});
