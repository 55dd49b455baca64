/** What an image has of its content: told from what was never asked for, given up, or is on its way. */
import { describe, expect, test } from 'vitest';
import type { ContentInfo } from '../../src/host/containerd.ts';
import { type ImageContent, imageContents } from '../../src/host/image-content.ts';
import { unknown } from '../../src/host/observed.ts';
import { AT } from '../probes/made-up.ts';
import {
  blobId,
  CONFIG_LABELS,
  child,
  FILES,
  gap,
  image,
  ingest,
  listing,
  MANIFEST_LABELS,
  MANIFESTS,
  type MadeUp,
  manifest,
  RECORDS,
  record,
  snapshots,
  stored,
} from '../probes/stored.ts';

const contentOf = (facets: MadeUp = {}): ImageContent => {
  const [content, ...others] = imageContents(stored(facets));
  if (content === undefined || others.length > 0) throw new Error('not one image');
  return content;
};

const platforms = (facets: MadeUp = {}): Record<string, string> =>
  Object.fromEntries(contentOf(facets).platforms.map(({ platform, state }) => [platform ?? '-', state]));

/** The healthy records with some left out and others in their place. */
const records = (without: readonly string[], instead: readonly ContentInfo[] = []): MadeUp => ({
  'containerd.content': listing([
    ...RECORDS.filter(({ digest }) => !without.some((name) => digest === blobId(name))),
    ...instead,
  ]),
});

const FILES_UNREAD: MadeUp = { 'content.blobs': unknown('denied', 'x', 'needs root', AT, 1) };
const unlabelled = record('manifest', { 'containerd.io/gc.ref.content.config': blobId('config') });
const notUnpacked = record('config');

describe('an image of two platforms', () => {
  test('is complete with one of them: the other was not asked for', () => {
    expect(contentOf()).toMatchObject({ state: 'complete', missing: [], why: null });
    expect(platforms()).toEqual({ 'linux/amd64': 'complete', 'linux/arm64': 'notHere' });
  });

  test('of which one has manifest and config only is complete: pulls of all metadata leave that', () => {
    const arm = {
      'containerd.manifests': listing([
        ...MANIFESTS,
        manifest('arm', 'manifest', [
          child('config', 'arm-config'),
          child('layer', 'arm-layer'),
          child('layer', 'layer-0'), // the same in both
        ]),
      ]),
      'containerd.content': listing([...RECORDS, record('arm', MANIFEST_LABELS), record('arm-config')]),
      ...FILES_UNREAD,
    };
    expect(platforms(arm)).toEqual({ 'linux/amd64': 'complete', 'linux/arm64': 'notHere' });
  });

  test('is told by labels where a manifest was not read', () => {
    const labels = {
      'containerd.io/gc.ref.content.config': blobId('arm-config'),
      'containerd.io/gc.ref.content.l.0': blobId('arm-layer'),
    };
    const arm = (...names: string[]) => ({
      ...records([], [record('arm', labels), ...names.map((name) => record(name))]),
      ...FILES_UNREAD,
    });
    expect(platforms(arm('arm-config', 'arm-layer'))['linux/arm64']).toBe('complete');
    expect(platforms(arm('arm-config'))['linux/arm64']).toBe('notHere');
    const bare = { ...records([], [record('arm')]), ...FILES_UNREAD };
    expect(platforms(bare)['linux/arm64']).toBe('unknown');
  });

  test('of which nothing is here is incomplete', () => {
    expect(contentOf(records(['manifest', 'config', 'layer-0', 'layer-1']))).toMatchObject({
      state: 'incomplete',
      missing: [
        { role: 'manifest', digest: blobId('manifest'), how: 'unrecorded' },
        { role: 'manifest', digest: blobId('arm') },
      ],
    });
  });
});

describe('layers that are not here', () => {
  test('were given up where the manifest has no label for them and the image is unpacked', () => {
    const given = records(['layer-0', 'layer-1', 'manifest'], [unlabelled]);
    expect(contentOf(given)).toMatchObject({ state: 'discarded' });
    expect(contentOf(given).platforms[0]).toMatchObject({ state: 'discarded', unpacked: true });
  });

  test('are lost where a label still asks for them', () => {
    expect(contentOf(records(['layer-0'])).platforms[0]).toMatchObject({
      state: 'incomplete',
      unpacked: true,
      missing: [{ role: 'layer', digest: blobId('layer-0'), how: 'unrecorded' }],
    });
  });

  test('are lost where the snapshot is gone that they were unpacked into', () => {
    const gone = {
      ...records(['layer-0', 'layer-1', 'manifest'], [unlabelled]),
      'containerd.snapshots': listing<never>([]),
    };
    expect(contentOf(gone)).toMatchObject({ state: 'incomplete' });
    const unread = { ...gone, 'containerd.snapshots': unknown('timeout', 'x', 'it said nothing', AT, 1) };
    expect(contentOf(unread)).toMatchObject({ state: 'unknown' });
  });

  test('are lost where it was never unpacked', () => {
    const never = records(['layer-1', 'config'], [notUnpacked]);
    expect(contentOf(never)).toMatchObject({ state: 'incomplete' });
    expect(contentOf(never).platforms[0]).toMatchObject({ unpacked: false, hasLayers: true });
  });

  test('are elsewhere where a remote snapshotter mounts them', () => {
    const stargz = record('config', { 'containerd.io/gc.ref.snapshot.stargz': 'chain-2' });
    const remote = {
      ...records(['layer-0', 'layer-1', 'config'], [stargz]),
      'containerd.snapshots': listing(snapshots.map((each) => ({ ...each, snapshotter: 'stargz' }))),
    };
    expect(contentOf(remote)).toMatchObject({ state: 'discarded' });
  });

  test('are on their way where somebody uploads one of them, and not where that stands still', () => {
    const pulling = (updatedAt: string) => ({
      ...records(['layer-0', 'layer-1', 'config'], [notUnpacked]),
      'containerd.ingests': listing([ingest(`layer-${blobId('layer-1')}`, updatedAt)]),
    });
    expect(contentOf(pulling('2026-01-02T03:04:00Z'))).toMatchObject({ state: 'arriving' });
    expect(contentOf(pulling('2026-01-01T03:04:00Z'))).toMatchObject({ state: 'incomplete' });
  });

  test('may be left out where a registry may not give them away', () => {
    const foreign = manifest('manifest', 'manifest', [
      child('config', 'config'),
      {
        ...child('layer', 'layer-0'),
        mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
      },
      child('layer', 'layer-1'),
    ]);
    const [index] = MANIFESTS;
    const manifests = index === undefined ? [foreign] : [index, foreign];
    expect(contentOf({ ...records(['layer-0']), 'containerd.manifests': listing(manifests) })).toMatchObject({
      state: 'complete',
    });
  });
});

describe('files', () => {
  test('that are not there make it incomplete, where they are known', () => {
    const files = { 'content.blobs': listing(FILES.filter(({ digest }) => digest !== blobId('layer-0'))) };
    expect(contentOf(files).platforms[0]).toMatchObject({
      state: 'incomplete',
      missing: [{ role: 'layer', digest: blobId('layer-0'), how: 'noFile' }],
    });
    expect(contentOf({ 'content.blobs': unknown('denied', 'x', 'needs root', AT, 1) }).state).toBe(
      'complete',
    );
    expect(contentOf({ 'content.blobs': listing([], [gap()]) }).state).toBe('complete');
  });
});

describe('what was not read', () => {
  test('is unknown, and says why', () => {
    expect(contentOf({ 'containerd.content': listing([], [gap({ namespace: 'default' })]) })).toMatchObject({
      state: 'unknown',
      why: 'a part of containerd.content is not known: it said no',
    });
    const unread = listing<never>([], [gap({ namespace: 'default', id: blobId('index') })]);
    expect(contentOf({ 'containerd.manifests': unread })).toMatchObject({
      state: 'unknown',
      why: 'it said no',
    });
    const one = gap({ namespace: 'default', id: blobId('config') });
    const left = RECORDS.filter(({ digest }) => digest !== blobId('config'));
    expect(contentOf({ 'containerd.content': listing(left, [one]) }).state).toBe('unknown');
  });

  test('is complete where the target is of a kind that has no parts', () => {
    const artifact = { 'containerd.manifests': listing([manifest('index', 'other', [])]) };
    expect(contentOf(artifact)).toMatchObject({ state: 'complete', platforms: [] });
  });
});

test('an image without an index is its one manifest', () => {
  const single = { 'containerd.images': listing([image('manifest')]) };
  expect(contentOf(single)).toMatchObject({ state: 'complete', platforms: [{ state: 'complete' }] });
  const bare = { ...single, ...records(['config'], [record('config', CONFIG_LABELS)]) };
  expect(contentOf(bare).state).toBe('complete');
  expect(contentOf({ ...single, ...records(['config']) }).state).toBe('incomplete');
});

test('an index that holds itself comes to an end', () => {
  const loop = manifest('index', 'index', [child('manifest', 'index'), child('manifest', 'inner')]);
  const inner = manifest('inner', 'index', [child('manifest', 'index'), child('manifest', 'inner')]);
  const facets = {
    'containerd.manifests': listing([loop, inner]),
    ...records([], [record('inner')]),
  };
  expect(contentOf(facets)).toMatchObject({ state: 'complete', platforms: [] });
});

test('uploads by the hundred thousand are told from what they bring by their own digests', () => {
  const uploads = Array.from({ length: 100_000 }, (_, i) => ingest(`layer-sha256:${i.toString(16)}`, AT));
  const without = records(['layer-1']);
  expect(contentOf({ ...without, 'containerd.ingests': listing(uploads) }).state).toBe('incomplete');
  const arriving = [...uploads, ingest(`layer-${blobId('layer-1')}`, AT)];
  expect(contentOf({ ...without, 'containerd.ingests': listing(arriving) }).state).toBe('arriving');
});
