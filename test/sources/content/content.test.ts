/** The content store and the snapshotters' folders, whatever somebody has put into them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { beforeEach, describe, expect, test } from 'vitest';

import type { Image } from '../../../src/host/containerd.ts';
import { digest, namespaceName } from '../../../src/host/ids.ts';
import type { Listing, Observed } from '../../../src/host/observed.ts';
import { blobPath, listBlobs } from '../../../src/sources/content/blobs.ts';
import { listIngestFolders } from '../../../src/sources/content/ingests.ts';
import { manifestsOnDisk } from '../../../src/sources/content/manifests.ts';
import { listSnapshotDirectories } from '../../../src/sources/content/snapshot-directories.ts';
import { diskWithin } from '../../../src/sources/disk/disk.ts';
import { scratchFolder } from '../../bolt/scratch.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';

const scratch = scratchFolder();
let number = 0;
let root = '';

beforeEach(() => {
  number += 1;
  root = scratch(`store-${number}`);
  mkdirSync(root);
});

const disk = () => diskWithin(root);
const file = (path: string, text: string | Buffer = ''): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const listing = <T>(fact: Observed<Listing<T>>): Listing<T> => {
  if (fact.state !== 'seen') throw new Error(`not seen: ${JSON.stringify(fact)}`);
  return fact.value;
};

describe('blobs', () => {
  test('are listed by their places, with size and time', async () => {
    file(`blobs/sha256/${A}`, 'text');
    file(`blobs/sha512/${'c'.repeat(128)}`, 'more');
    utimesSync(join(root, `blobs/sha256/${A}`), 1_700_000_000, 1_700_000_000.25);
    const { items, gaps } = listing(await listBlobs(disk(), root));
    expect(gaps).toEqual([]);
    expect(items).toHaveLength(2);
    expect(items.find((blob) => blob.digest === `sha256:${A}`)).toEqual({
      digest: `sha256:${A}`,
      path: join(root, `blobs/sha256/${A}`),
      size: 4n,
      modifiedAt: '2023-11-14T22:13:20.25Z',
    });
  });

  test('that are none are gaps, and the others are listed', async () => {
    file(`blobs/sha256/${A}`, 'text');
    file(`blobs/sha256/${A.toUpperCase()}`);
    file('blobs/sha256/short');
    file('blobs/md5/x');
    file('blobs/sha384');
    mkdirSync(join(root, `blobs/sha256/${B}`));
    symlinkSync('/etc/passwd', join(root, `blobs/sha256/${'d'.repeat(64)}`));
    execFileSync('mkfifo', [join(root, `blobs/sha256/${'e'.repeat(64)}`)]);
    const { items, gaps } = listing(await listBlobs(disk(), root));
    expect(items.map((blob) => blob.digest)).toEqual([`sha256:${A}`]);
    const why = gaps.map((gap) => gap.why.replace(`${root}/`, ''));
    expect(why.toSorted()).toEqual([
      `ENOTDIR: a file, no folder, 'blobs/sha384'`,
      'blobs/md5 is of no algorithm for digests',
      `blobs/sha256/${A.toUpperCase()} is called by no digest`,
      `blobs/sha256/${B} is no regular file`,
      `blobs/sha256/${'d'.repeat(64)} is no regular file`,
      `blobs/sha256/${'e'.repeat(64)} is no regular file`,
      'blobs/sha256/short is called by no digest',
    ]);
  });

  test('are none where the store has never been used, and absent where there is no store', async () => {
    expect(listing(await listBlobs(disk(), root))).toEqual({ items: [], gaps: [] });
    expect((await listBlobs(disk(), join(root, 'gone'))).state).toBe('absent');
    file('file');
    expect(await listBlobs(disk(), join(root, 'file'))).toMatchObject({
      state: 'failed',
      why: 'it is no folder',
    });
  });

  test('are not known, and not absent, where something else stands in place of their folder', async () => {
    file('blobs');
    expect(await listBlobs(disk(), root)).toMatchObject({
      state: 'failed',
      why: expect.stringMatching(/ENOTDIR: .*blobs'/),
    });
  });

  test('of any number are listed without holding others up', async () => {
    mkdirSync(join(root, 'blobs/sha256'), { recursive: true });
    for (let i = 0; i < 5000; i += 1) {
      writeFileSync(join(root, 'blobs/sha256', i.toString(16).padStart(64, '0')), '');
    }
    let turns = 0;
    const others = setInterval(() => {
      turns += 1;
    }, 1);
    const { items } = listing(await listBlobs(disk(), root));
    clearInterval(others);
    expect(items).toHaveLength(5000);
    expect(turns).toBeGreaterThan(1);
  });

  test('of too many wrong names are counted', async () => {
    for (let i = 0; i < 150; i += 1) file(`blobs/sha256/x${i}`);
    const { gaps } = listing(await listBlobs(disk(), root));
    expect(gaps).toHaveLength(101);
    expect(gaps.at(-1)?.why).toBe('50 more are not what they should be');
  });

  test('have a path only by a digest', () => {
    expect(blobPath('/r', `sha256:${A}`)).toBe(`/r/blobs/sha256/${A}`);
    for (const odd of [
      '',
      'sha256',
      `sha256:${A}:x`,
      `md5:${A}`,
      'sha256:../../x',
      `sha256:${A}/..`,
      `:${A}`,
    ]) {
      expect(blobPath('/r', odd), odd).toBeUndefined();
    }
  });
});

describe('uploads', () => {
  const upload = (folder: string, texts: Readonly<Record<string, string>>): void => {
    mkdirSync(join(root, 'ingest', folder), { recursive: true });
    for (const [name, text] of Object.entries(texts)) file(`ingest/${folder}/${name}`, text);
  };
  const STARTED = '2023-11-14T22:13:20.000000005Z';

  test('are listed by their folders', async () => {
    upload(A, {
      data: 'some bytes',
      ref: 'moby/3/layer',
      total: '100',
      startedat: STARTED,
      updatedat: '2100-01-01T00:00:00+02:00',
    });
    expect(listing(await listIngestFolders(disk(), root))).toEqual({
      items: [
        {
          folder: A,
          path: join(root, 'ingest', A),
          name: 'moby/3/layer',
          offset: 10n,
          total: 100n,
          startedAt: STARTED,
          updatedAt: '2099-12-31T22:00:00Z',
        },
      ],
      gaps: [],
    });
  });

  test('of which not all is there are listed with what is', async () => {
    upload(A, {});
    upload(B, { data: 'bytes', ref: 'r', startedat: 'yesterday', updatedat: STARTED });
    upload('no-digest', { data: '' });
    file('ingest/file');
    const { items, gaps } = listing(await listIngestFolders(disk(), root));
    const unread = { total: null, startedAt: null, updatedAt: null };
    expect(items.toSorted((a, b) => (a.folder < b.folder ? -1 : 1))).toMatchObject([
      { folder: A, name: null, offset: 0n, ...unread },
      { folder: B, name: 'r', offset: 5n, ...unread },
    ]);
    expect(gaps.map(({ why }) => why)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('"yesterday" is no RFC 3339 time'),
        expect.stringContaining('no-digest is called by no digest'),
        expect.stringContaining('file is no folder'),
        expect.stringContaining(`${A}/data'`),
      ]),
    );
    expect(gaps).toHaveLength(4);
  });

  test('of a longer name than any have none, and what cannot be read of them is named', async () => {
    upload(A, { ref: 'r'.repeat((64 << 10) + 1) });
    mkdirSync(join(root, 'ingest', A, 'data'));
    upload(B, { ref: 'r' });
    const { items, gaps } = listing(await listIngestFolders(disk(), root));
    expect(items.find(({ folder }) => folder === A)?.name).toBeNull();
    const fieldsOf = (folder: string): unknown =>
      gaps.filter(({ object }) => object?.id === folder).map(({ fields }) => fields);
    const others = ['total', 'startedAt', 'updatedAt'];
    expect(fieldsOf(A)).toEqual([['name'], ['offset', ...others]]);
    expect(fieldsOf(B)).toEqual([others]);
  });

  test('whose files are FIFOs or links out do not wait and do not lead out', async () => {
    mkdirSync(join(root, 'ingest', A), { recursive: true });
    execFileSync('mkfifo', [join(root, 'ingest', A, 'data')]);
    symlinkSync('/etc/hostname', join(root, 'ingest', A, 'ref'));
    const { items, gaps } = listing(await listIngestFolders(disk(), root));
    expect(items).toMatchObject([{ name: null, offset: 0n }]);
    expect(gaps).toMatchObject([{ why: expect.stringContaining('a FIFO, no regular file') }]);
  });
});

describe("snapshots' folders", () => {
  const at = (name: string) => ({ name, root: join(root, name) });

  test('are not known where something else stands in place of what they are in', async () => {
    file('overlayfs/snapshots');
    const { items, gaps } = listing(await listSnapshotDirectories(disk(), [at('overlayfs')]));
    expect(items).toEqual([]);
    expect(gaps).toMatchObject([{ state: 'failed', object: { kind: 'snapshotter', id: 'overlayfs' } }]);
  });

  test('are those of snapshotters that have one for each', async () => {
    mkdirSync(join(root, 'overlayfs/snapshots/12/fs'), { recursive: true });
    mkdirSync(join(root, 'overlayfs/snapshots/new-123'));
    mkdirSync(join(root, 'btrfs/active/3'), { recursive: true });
    mkdirSync(join(root, 'btrfs/snapshots/2'), { recursive: true });
    file('overlayfs/snapshots/stray');
    file('zfs/metadata.db');
    mkdirSync(join(root, 'devmapper'));
    const names = ['overlayfs', 'native', 'btrfs', 'zfs', 'devmapper'];
    const { items, gaps } = listing(await listSnapshotDirectories(disk(), names.map(at)));
    expect(items.map(({ snapshotter, name }) => `${snapshotter} ${name}`).toSorted()).toEqual([
      'btrfs 2',
      'btrfs 3',
      'overlayfs 12',
      'overlayfs new-123',
    ]);
    expect(items[0]?.path).toContain('/snapshots/');
    expect(gaps.map(({ state, object, why }) => [state, object?.id, why.replace(root, '')])).toEqual([
      ['failed', 'overlayfs/stray', '/overlayfs/snapshots/stray is no folder'],
      ['unsupported', 'zfs', 'snapshotter zfs keeps its snapshots elsewhere than in folders of their own'],
    ]);
  });
});

describe('manifests on a disk', () => {
  const put = (hex: string, value: unknown): string => {
    file(`blobs/sha256/${hex}`, typeof value === 'string' ? value : JSON.stringify(value));
    return `sha256:${hex}`;
  };
  const read = (targets: readonly { digest: string; mediaType: string }[], known: readonly string[]) =>
    manifestsOnDisk({
      disk: disk(),
      root,
      namespace: namespaceName('test'),
      images: targets.map(
        (target) =>
          ({
            target: { ...target, digest: digest(target.digest), size: 1n, annotations: {} },
          }) as unknown as Image,
      ),
      has: (blob) => known.includes(blob),
      arch: 'x64',
      deadlineMs: 10_000,
    });

  test('are walked from the index to the platform, of what the namespace has', async () => {
    const config = put('1'.repeat(64), { os: 'linux', architecture: 'amd64' });
    const manifest = put('2'.repeat(64), {
      config: { digest: config, mediaType: CONFIG, size: 5 },
      layers: [],
    });
    const platform = { os: 'linux', architecture: 'amd64' };
    const index = put('3'.repeat(64), { manifests: [{ digest: manifest, mediaType: MANIFEST, platform }] });
    const target = { digest: index, mediaType: INDEX };
    const whole = await read([target], [config, manifest, index]);
    expect(whole.gaps).toEqual([]);
    expect(whole.items).toMatchObject([
      { kind: 'index', here: manifest },
      { kind: 'manifest', platform: 'linux/amd64' },
    ]);
    // Its file is there, of another namespace.
    expect((await read([target], [])).items).toMatchObject([{ kind: 'absent' }]);
  });

  test('that are hostile are gaps', async () => {
    const garbage = put('4'.repeat(64), '{"manifests":');
    const deep = put('5'.repeat(64), `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`);
    const large = put('6'.repeat(64), '{}');
    truncateSync(join(root, 'blobs/sha256', '6'.repeat(64)), 2 ** 40);
    symlinkSync('/etc/passwd', join(root, 'blobs/sha256', '7'.repeat(64)));
    const link = `sha256:${'7'.repeat(64)}`;
    const self = put('8'.repeat(64), {
      manifests: [{ digest: `sha256:${'8'.repeat(64)}`, mediaType: INDEX }],
    });
    const odd = 'sha256:../../../etc/passwd';
    const all = [garbage, deep, large, link, self, odd];
    const { items, gaps } = await read(
      all.map((blob) => ({ digest: blob, mediaType: INDEX })),
      all,
    );
    expect(items.map(({ digest: blob, kind }) => [blob, kind])).toEqual([
      [link, 'absent'],
      [self, 'index'],
      [odd, 'absent'],
    ]);
    expect(gaps.map(({ state, object }) => [state, object?.id])).toEqual([
      ['failed', garbage],
      ['failed', deep],
      ['truncated', large],
    ]);
  });
});
