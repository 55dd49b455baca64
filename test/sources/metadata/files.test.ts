import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Disk } from '../../../src/host/disk.ts';
import { HERE } from '../../../src/sources/disk/disk.ts';
import { buildFile, type FileSpec, fileBytes } from '../../bolt/build-file.ts';
import { layOut } from '../../bolt/build-tree.ts';
import { EVERYTHING } from './everything.ts';
import { image, listing, scratchRoot } from './host.ts';

const root = scratchRoot();

describe('a meta.db that cannot be read', () => {
  test.each<readonly [string, () => void, unknown]>([
    ['is absent where it is not there', () => {}, { state: 'absent' }],
    [
      'is failed where it is empty',
      () => writeFileSync(root.metaDb(), ''),
      { state: 'failed', why: 'offset 0: the file is empty' },
    ],
    [
      'is failed where it is something else',
      () => writeFileSync(root.metaDb(), 'x'.repeat(9000)),
      { state: 'failed', why: expect.stringContaining('not a bbolt database') },
    ],
    [
      'is failed where it is a folder',
      () => mkdirSync(root.metaDb()),
      { state: 'failed', why: 'not a regular file' },
    ],
  ])('%s', async (_, make, expected) => {
    make();
    const { facts, metaDb: file } = await root.read();
    expect(file).toMatchObject({ from: root.metaDb(), ...(expected as object) });
    for (const name of EVERYTHING.filter((fact) => fact !== 'metadata.backends'))
      expect(facts[name]).toEqual(file);
    expect(facts['metadata.backends']?.state).toBe('seen');
  });

  test('is denied where opening it is', async () => {
    root.write();
    const open = (): never => {
      throw Object.assign(new Error('permission denied'), { code: 'EACCES' });
    };
    const { facts } = await root.read(['containerd.images'], { disk: { ...HERE, open } });
    expect(facts['containerd.images']).toMatchObject({
      state: 'denied',
      why: 'unable to open the file: found EACCES',
    });
  });

  test('is no database where nothing was ever kept: it is there, and has nothing', async () => {
    buildFile(root.metaDb(), layOut({}));
    const { facts, metaDb: file } = await root.read();
    expect(file).toMatchObject({ state: 'seen', value: { version: null } });
    expect(listing(facts['containerd.namespaces'])).toEqual({ items: [], gaps: [] });
  });
});

test('a meta.db whose meta pages are both gone is read without them, and so said', async () => {
  root.write();
  const bytes = readFileSync(root.metaDb());
  writeFileSync(root.metaDb(), bytes.fill(0, 0, 8192));
  const { facts, metaDb: file } = await root.read();
  expect(file).toMatchObject({
    state: 'seen',
    value: { salvaged: true, torn: false, version: 3, pageSize: 4096 },
  });
  const { items, gaps } = listing(facts['containerd.images']);
  expect(items.map(({ name }) => name)).toEqual(['one:1', 'two:1']);
  expect(gaps).toMatchObject([
    { state: 'failed', why: expect.stringContaining('both meta pages are broken') },
  ]);
});

test('a file that never rests is read all the same, and what may be wrong with that is said', async () => {
  // So much that no machine reads it without a pause.
  const images = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`image-${i}`, image()]));
  const namespaces = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`ns-${i}`, { images }]));
  const laid: FileSpec = layOut({ v1: namespaces });
  buildFile(root.metaDb(), laid);
  let txid = 8n;
  // Each time that the reader pauses, another transaction is finished.
  const busy = setInterval(() => {
    txid += 2n;
    const { pages, root: top } = laid;
    const bytes = fileBytes({ ...laid, pages, root: top, txids: [txid, txid + 1n] });
    writeFileSync(root.metaDb(), bytes, { flag: 'r+' });
  }, 0);
  try {
    const { facts, metaDb: file } = await root.read(['containerd.images']);
    expect(file).toMatchObject({ state: 'seen', value: { torn: true } });
    expect(listing(facts['containerd.images']).items).toHaveLength(10_000);
    expect(listing(facts['containerd.images']).gaps).toMatchObject([
      { why: expect.stringContaining('during each reading') },
    ]);
  } finally {
    clearInterval(busy);
  }
});

test('a reading can be given up', async () => {
  root.write();
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(root.read(EVERYTHING, { signal })).rejects.toThrow('enough');
});

test('every file is opened through the disk that was given', async () => {
  root.write({ v1: { default: { content: { ingests: { up: { ref: 'default/1/up' } } } } } });
  const opened: string[] = [];
  const disk: Disk = {
    ...HERE,
    open: (path) => {
      opened.push(path.slice(root.path().length + 1));
      return HERE.open(path);
    },
    read: (path, maxBytes) => {
      opened.push(path.slice(root.path().length + 1));
      return HERE.read(path, maxBytes);
    },
  };
  await root.read(EVERYTHING, { disk });
  expect(opened).toEqual([
    'io.containerd.metadata.v1.bolt/meta.db',
    'io.containerd.snapshotter.v1.overlayfs/metadata.db',
    expect.stringMatching(/^io\.containerd\.content\.v1\.content\/ingest\/[0-9a-f]{64}\/data$/),
  ]);
});
