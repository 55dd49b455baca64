/** A host that is only a disk: what of it is found, what is read, and what is said of the rest. */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

import { beforeEach, describe, expect, test } from 'vitest';

import { ALL_FACETS } from '../../src/bundle/forms.ts';
import { type DiskHost, openDiskHost } from '../../src/collect/disk.ts';
import { isUnknown, type Listing, type Observed } from '../../src/host/observed.ts';
import { type FacetName, facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { buildFile } from '../bolt/build-file.ts';
import { layOut, type Tree } from '../bolt/build-tree.ts';
import { scratchFolder } from '../bolt/scratch.ts';
import { varint } from '../sources/metadata/encode.ts';
import { AT, backend, DIGEST, HOST, image, snapshot } from '../sources/metadata/host.ts';

const SECRET = 'hunter2';
const scratch = scratchFolder();
let number = 0;
let dir = '';

beforeEach(() => {
  number += 1;
  dir = scratch(`disk-${number}`);
  mkdirSync(dir);
});

const file = (path: string, text = ''): void => {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
};
const folder = (path: string): void => void mkdirSync(join(dir, path), { recursive: true });

/** A containerd's root with databases, below the folder. */
const containerd = (root: string, tree: Tree = HOST): string => {
  const metaDb = join(dir, root, 'io.containerd.metadata.v1.bolt/meta.db');
  folder(`${root}/io.containerd.metadata.v1.bolt`);
  folder(`${root}/io.containerd.snapshotter.v1.overlayfs/snapshots/1`);
  folder(`${root}/io.containerd.snapshotter.v1.btrfs`);
  buildFile(metaDb, layOut(tree));
  const snapshots = {
    'default/1/base': backend(1n, 3, {
      size: varint(100n),
      inodes: varint(5n),
      labels: { 'containerd.io/snapshot/password': SECRET },
    }),
    'default/2/top': backend(2n, 2, { parent: 'default/1/base' }),
  };
  buildFile(
    join(dir, root, 'io.containerd.snapshotter.v1.overlayfs/metadata.db'),
    layOut({ v1: { snapshots, parents: {} } }),
  );
  return metaDb;
};

const open = (at = '', options: Parameters<typeof openDiskHost>[1] = {}): Promise<DiskHost> =>
  openDiskHost(join(dir, at), options);

const listing = <T>(fact: Observed<Listing<T>>): Listing<T> => {
  if (fact.state !== 'seen') throw new Error(`not seen: ${JSON.stringify(fact)}`);
  return fact.value;
};

const stateOf = (host: HostSnapshot, name: FacetName): string => facet(host, name).state;

describe('containerds in a folder', () => {
  test('are found where a live host would have its own, the first of them chosen', async () => {
    for (const root of [
      'home/user/.local/share/containerd',
      'var/lib/rancher/k3s/agent/containerd',
      'var/lib/docker/containerd/daemon',
      'var/lib/containerd',
    ]) {
      containerd(root);
    }
    const { chosen, layout } = await open();
    expect(chosen).toEqual({ path: join(dir, 'var/lib/containerd'), named: "containerd's default" });
    expect(layout.containerds.map(({ path, named }) => [path.slice(dir.length), named])).toEqual([
      ['/var/lib/containerd', "containerd's default"],
      ['/var/lib/docker/containerd/daemon', "Docker's own containerd"],
      ['/var/lib/rancher/k3s/agent/containerd', 'k3s'],
      ['/home/user/.local/share/containerd', 'rootless containerd'],
    ]);
    expect(layout.docker).toBe(join(dir, 'var/lib/docker'));
    expect(layout.unread).toEqual([]);
  });

  test('are found where the config files say, also behind links', async () => {
    containerd('mnt/big/ctrd');
    containerd('mnt/big/dock/containerd/daemon');
    file('etc/containerd/config.toml', 'version = 2\nroot = "/data/ctrd/"\n');
    file('etc/docker/daemon.json', '{"data-root":"/data/dock"}');
    symlinkSync('/mnt/big', join(dir, 'data'));
    const { layout, collect } = await open();
    expect(layout.containerds.map(({ path }) => path.slice(dir.length))).toEqual([
      '/data/ctrd',
      '/data/dock/containerd/daemon',
    ]);
    expect(layout.docker).toBe(join(dir, 'data/dock'));
    const host = await collect(['containerd.images']);
    expect(listing(facet(host, 'containerd.images')).items).toHaveLength(2);
  });

  test('are no others than those inside, whatever the config files and links say', async () => {
    const outside = scratch(`outside-${number}`);
    mkdirSync(join(outside, 'io.containerd.metadata.v1.bolt'), { recursive: true });
    file('etc/containerd/config.toml', `root = "/../../../../../..${outside}"\n`);
    folder('var/lib');
    symlinkSync(outside, join(dir, 'var/lib/containerd'));
    symlinkSync('loop', join(dir, 'loop'));
    file('etc/docker/daemon.json', '{"data-root":"/loop"}');
    const { layout, chosen } = await open();
    expect(layout.containerds).toEqual([]);
    expect(chosen).toBeUndefined();
    expect(layout.looked.length).toBeGreaterThan(4);
    expect(layout.unread.map(({ why }) => why).join()).toContain('ELOOP');
  });

  test('may be the folder itself, or below the folder of its Docker', async () => {
    containerd('ctrd');
    containerd('dock/containerd/daemon');
    folder('dock/containers');
    folder('dock/image');
    const itself = await open('ctrd/');
    expect(itself.chosen).toEqual({ path: join(dir, 'ctrd'), named: 'the folder itself' });
    expect(itself.layout.docker).toBeNull();
    const docker = await open('dock');
    expect(docker.chosen?.path).toBe(join(dir, 'dock/containerd/daemon'));
    expect(docker.layout.docker).toBe(join(dir, 'dock'));
    rmSync(join(dir, 'dock/containerd'), { recursive: true });
    expect((await open('dock')).chosen).toBeUndefined();
  });

  test('may have their snapshotters elsewhere, and their config in several files', async () => {
    containerd('big/ctrd');
    const moved = 'io.containerd.snapshotter.v1.overlayfs';
    mkdirSync(join(dir, 'fast'));
    renameSync(join(dir, 'big/ctrd', moved), join(dir, 'fast/ovl'));
    file(
      'etc/containerd/config.toml',
      'version = 2\nroot = "/wrong"\nimports = ["conf.d/*.toml", "../../../../etc/containerd/config.toml"]\n',
    );
    file(
      'etc/containerd/conf.d/10-root.toml',
      'root = "/big/ctrd"\nimports = ["../config.toml", "10-root.toml"]',
    );
    file('etc/containerd/conf.d/20-overlay.toml', `[plugins."${moved}"]\nroot_path = "/fast/ovl/"\n`);
    file('etc/containerd/conf.d/README', 'no config');
    const { chosen, collect } = await open();
    expect(chosen).toMatchObject({ path: join(dir, 'big/ctrd') });
    const host = await collect(['metadata.databases', 'metadata.snapshots', 'snapshot.directories']);
    expect(listing(facet(host, 'metadata.databases')).items.map(({ path }) => path)).toContain(
      join(dir, 'fast/ovl/metadata.db'),
    );
    expect(listing(facet(host, 'snapshot.directories')).items.map(({ path }) => path)).toEqual([
      join(dir, 'fast/ovl/snapshots/1'),
    ]);
    const states = listing(facet(host, 'metadata.snapshots')).items.map(({ backend }) => backend.state);
    expect(states).toContain('seen');
  });

  test('have a snapshotter that lies on another disk as unknown, not as lost', async () => {
    containerd('var/lib/containerd');
    const usual = join(dir, 'var/lib/containerd/io.containerd.snapshotter.v1.overlayfs');
    file('etc/containerd/config.toml', '[plugins.overlayfs]\nroot_path = "/fast/ovl"\n');
    const states = async (): Promise<readonly string[]> => {
      const host = await (await open()).collect(['metadata.snapshots']);
      const { items } = listing(facet(host, 'metadata.snapshots'));
      return items
        .filter(({ snapshotter }) => snapshotter === 'overlayfs')
        .map(({ backend }) => backend.state);
    };
    // It was set up before, or by one that reads no such section.
    expect(await states()).toContain('seen');
    rmSync(join(usual, 'metadata.db'));
    expect(new Set(await states())).toEqual(new Set(['unsupported']));
  });

  test('have a config that is not known where a file that it imports is not', async () => {
    containerd('var/lib/containerd');
    file('etc/containerd/config.toml', 'version = 2\nroot = "/big/ctrd"\nimports = ["more.toml"]\n');
    // The usual place is looked at all the same.
    expect((await open()).chosen?.path).toBe(join(dir, 'var/lib/containerd'));
    rmSync(join(dir, 'var/lib/containerd'), { recursive: true });
    expect((await open()).layout.elsewhere).toMatch(
      /more\.toml may say where, and is not known: .*imports it/,
    );
  });

  test('are looked for by config files of any kind without waiting for them', async () => {
    containerd('var/lib/containerd');
    folder('etc/containerd');
    folder('etc/docker/daemon.json');
    execFileSync('mkfifo', [join(dir, 'etc/containerd/config.toml')]);
    expect((await open()).chosen?.path).toBe(join(dir, 'var/lib/containerd'));
    await expect(open('gone')).rejects.toThrow(/ENOENT.*gone/);
    await expect(open('etc/containerd/config.toml')).rejects.toThrow(/ENOTDIR|no folder/);
  });
});

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
    rmSync(join(dir, 'ctrd/io.containerd.snapshotter.v1.overlayfs/metadata.db'));
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
    const other = scratch(`other-${number}.db`);
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

describe("Docker's data directory without a containerd", () => {
  const docker = (at: string): void => {
    folder(`${at}/containers`);
    folder(`${at}/image`);
  };
  const images = async (at = ''): Promise<Observed<unknown>> =>
    facet(await (await open(at)).collect(['containerd.images']), 'containerd.images');

  test('alone does not say that there was none', async () => {
    docker('dock');
    expect(await images('dock')).toMatchObject({
      state: 'offline',
      why: expect.stringContaining("only Docker's data directory is here"),
    });
    docker('var/lib/docker');
    expect(await images()).toMatchObject({ state: 'offline', why: expect.stringContaining('no /etc') });
  });

  test("alone has Docker's own databases", async () => {
    docker('dock');
    file('dock/volumes/metadata.db', 'no database');
    const host = await (await open('dock')).collect(['metadata.databases']);
    const { items, gaps } = listing(facet(host, 'metadata.databases'));
    expect(items.map(({ owner }) => owner)).toContain('volumes/metadata.db');
    expect(gaps[0]).toMatchObject({ state: 'offline', object: { id: 'metadata' } });
  });

  test('in all of a system says that there was none', async () => {
    docker('var/lib/docker');
    folder('etc');
    expect(await images()).toMatchObject({ state: 'absent' });
    // As dockerd would use it whether it is named or not.
    file('etc/docker/daemon.json', '{"containerd":"/var/run/containerd/containerd.sock"}');
    expect(await images()).toMatchObject({ state: 'absent' });
  });

  test.each([
    ['an empty folder', () => folder('var/lib/containerd'), /is there and has nothing of it/],
    [
      'a config that names another root',
      () => file('etc/containerd/config.toml', 'root = "/data/ctrd"'),
      /says in \/data\/ctrd, where nothing of it is/,
    ],
    ['a config that cannot be read', () => file('etc/containerd/config.toml', 'root = ['), /may say where/],
    [
      "another daemon's address",
      () => file('etc/docker/daemon.json', '{"containerd":"/run/other/containerd.sock"}'),
      /used the containerd at \/run\/other\/containerd\.sock/,
    ],
  ] as const)('does not where the disk has %s', async (_name, make, why) => {
    docker('var/lib/docker');
    folder('etc');
    make();
    expect(await images()).toMatchObject({ state: 'offline', why: expect.stringMatching(why) });
  });

  test("is read with Docker's own, or the system's, where that is there", async () => {
    docker('var/lib/docker');
    containerd('var/lib/docker/containerd/daemon');
    expect((await open('var/lib/docker')).layout.elsewhere).toBeNull();
    expect(await images('var/lib/docker')).toMatchObject({ state: 'seen' });
    expect(await images()).toMatchObject({ state: 'seen' });
  });
});
