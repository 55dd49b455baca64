import { describe, expect, test } from 'vitest';
import { blobCorrupt } from '../../probes/content/blob-corrupt.ts';
import { blobMissing } from '../../probes/content/blob-missing.ts';
import { imageIncomplete } from '../../probes/content/image-incomplete.ts';
import { ingestStuck } from '../../probes/content/ingest-stuck.ts';
import { orphanFile } from '../../probes/content/orphan-file.ts';
import { orphanIngest } from '../../probes/content/orphan-ingest.ts';
import { namespaceName } from '../../src/host/ids.ts';
import { absent } from '../../src/host/observed.ts';
import { AT, claimOf } from './made-up.ts';
import {
  blobId,
  database,
  FILES,
  file,
  IMAGE,
  ingest,
  ingestFolder,
  listing,
  type MadeUp,
  META_DB,
  RECORDS,
  record,
  STORE,
  stored,
} from './stored.ts';

const withoutFile = (name: string) =>
  stored({ 'content.blobs': listing(FILES.filter(({ digest }) => digest !== blobId(name))) });

describe('a blob without its file', () => {
  test.each([
    ['layer-0', `It is a layer of ${IMAGE}: unpacking`],
    ['config', `It is the config of ${IMAGE}: no new container`],
    ['manifest', `It is a manifest of ${IMAGE}: no new container`],
    ['index', `It is a manifest of ${IMAGE}: no new container`],
  ])('says what the loss of a %s means, and that containers are not touched', (name, impact) => {
    const claim = claimOf(blobMissing, withoutFile(name));
    expect(claim.object).toMatchObject({ layer: 'content', kind: 'blob', id: blobId(name) });
    expect(claim.impact).toContain(impact);
    expect(claim.impact).toContain('1 container made of it (web) is not touched');
    expect(claim.evidence.map(({ source }) => source)).toContain(
      `${STORE}/blobs/${blobId(name).replace(':', '/')}`,
    );
  });

  test('of another platform is missed only where that is wanted', () => {
    const records = [
      ...RECORDS,
      record('arm', { 'containerd.io/gc.ref.content.config': blobId('arm-config') }),
    ];
    const host = (lost: string) =>
      stored({
        'containerd.content': listing([...records, record('arm-config')]),
        'content.blobs': listing(
          [...FILES, file('arm'), file('arm-config')].filter(({ digest }) => digest !== blobId(lost)),
        ),
      });
    for (const lost of ['arm', 'arm-config']) {
      expect(claimOf(blobMissing, host(lost)).impact).toMatch(
        /^It belongs to \S+, to a platform that this host does not run/,
      );
    }
  });

  test('is put back before its record is forgotten, which takes more with it where it is no layer', () => {
    const layer = claimOf(blobMissing, withoutFile('layer-1')).next;
    expect(layer.map(({ effect }) => effect)).toEqual(['reads', 'reads', 'writes', 'writes']);
    expect(layer.at(-1)?.command).toBe(
      `ctr -n default content rm ${blobId('layer-1')} && ctr -n default images pull ${IMAGE}`,
    );
    const config = claimOf(blobMissing, withoutFile('config')).next;
    expect(config.map(({ effect }) => effect)).toEqual(['reads', 'reads', 'writes', 'disrupts']);
    expect(config.at(-1)?.text).toContain('also collects the config and layers');
  });

  test('that two namespaces have recorded is one finding', () => {
    const claim = claimOf(
      blobMissing,
      stored({
        'containerd.content': listing([
          ...RECORDS,
          record('lost'),
          record('lost', {}, { namespace: namespaceName('k8s.io') }),
        ]),
      }),
    );
    expect(claim.title).toBe(`blob ${blobId('lost')} is recorded in default, k8s.io, and its file is gone`);
    expect(claim.impact).toMatch(/^No image here leads to it/);
  });

  test('in a recording is not believed where it was just made, and never for certain', () => {
    const facets = (createdAt: string) => ({
      'containerd.content': listing([...RECORDS, record('new', {}, { createdAt })]),
    });
    const bundle = (createdAt: string) => ({ ...stored(facets(createdAt)), from: 'bundle' as const });
    expect(blobMissing.run(bundle('2026-01-02T03:04:00Z')).outcome).toBe('pass');
    expect(claimOf(blobMissing, bundle('2026-01-02T03:00:00Z')).confidence).toBe('likely');
    expect(claimOf(blobMissing, stored(facets('2026-01-02T03:04:05Z'))).confidence).toBe('certain');
  });
});

describe('a blob of another length', () => {
  const spoilt = (size: bigint) =>
    stored({ 'content.blobs': listing([...FILES.slice(0, -1), file('layer-1', { size })]) });

  test.each([
    [3n, /cut short/],
    [0n, /cut short/],
    [99n, /appended/],
  ])('of %s bytes says what has become of it', (size, why) => {
    const claim = claimOf(blobCorrupt, spoilt(size));
    expect(claim).toMatchObject({ outcome: 'fail', confidence: 'certain' });
    expect(claim.title).toBe(`blob ${blobId('layer-1')} has ${size} bytes, and 7 are recorded`);
    expect(claim.why).toMatch(why);
    expect(claim.next[0]?.command).toBe(`sha256sum ${STORE}/blobs/${blobId('layer-1').replace(':', '/')}`);
  });

  test('for which two namespaces differ may be a wrong record', () => {
    const other = record('layer-1', {}, { namespace: namespaceName('b'), size: 8n });
    const claim = claimOf(blobCorrupt, stored({ 'containerd.content': listing([...RECORDS, other]) }));
    expect(claim.confidence).toBe('likely');
    expect(claim.why).toContain('one of the records is wrong');
  });
});

describe('a file without a record', () => {
  const with_ = (modifiedAt: string, more = {}) =>
    stored({ 'content.blobs': listing([...FILES, file('stray', { modifiedAt })]), ...more });

  test('is told with its age and size, once it is older than any commit', () => {
    expect(claimOf(orphanFile, with_('2026-01-02T02:00:00Z'))).toMatchObject({
      outcome: 'warn',
      object: { kind: 'blob', id: blobId('stray') },
      impact: 'It takes 5 B and nothing uses it; everything else works.',
    });
    expect(orphanFile.run(with_('2026-01-02T02:10:00Z')).outcome).toBe('pass');
    // A clock that was set back.
    expect(orphanFile.run(with_('2027-01-01T00:00:00Z')).outcome).toBe('pass');
  });

  test.each([
    ['damaged', { damage: ['page 7'] }],
    ['salvaged', { salvaged: true }],
    ['new', { version: null }],
  ])('is not believed where meta.db is %s', (_, fault) => {
    const databases = listing([database('metadata', META_DB, fault)]);
    expect(orphanFile.run(with_('2026-01-01T00:00:00Z', { 'metadata.databases': databases })).outcome).toBe(
      'skip',
    );
  });

  test('is not believed where meta.db is gone, or not all namespaces were read', () => {
    const gone = listing([database('metadata', META_DB, absent(META_DB, AT))]);
    const old = '2026-01-01T00:00:00Z';
    expect(orphanFile.run(with_(old, { 'metadata.databases': gone })).outcome).toBe('skip');
    expect(orphanFile.run({ ...with_(old), scope: { namespaces: ['default'] } }).outcome).toBe('skip');
  });
});

describe('an upload', () => {
  const uploading = (updatedAt: string | null, more = {}) =>
    stored({ 'containerd.ingests': listing([ingest('layer-sha256:abc', updatedAt)]), ...more });

  test('that moves is not stuck, however old it is and however slow', () => {
    expect(ingestStuck.run(uploading('2026-01-02T03:04:05Z')).outcome).toBe('pass');
    expect(ingestStuck.run(uploading('2026-01-02T02:05:00Z')).outcome).toBe('pass');
    // Its list was made from what it says when it closes; the folder knows better.
    const folder = {
      folder: 'f',
      path: `${STORE}/ingest/f`,
      name: null,
      offset: 4n,
      total: 9n,
      startedAt: null,
      updatedAt: '2026-01-02T03:00:00Z',
    };
    const name = { namespace: namespaceName('default'), ref: 'layer-sha256:abc', name: '', folder: 'f' };
    const files = {
      'content.ingests': listing([folder]),
      'metadata.ingests': listing([{ ...name, expiresAt: null, expected: null }]),
    };
    expect(ingestStuck.run(uploading('2026-01-02T00:00:00Z', files)).outcome).toBe('pass');
    expect(ingestStuck.run(uploading(null)).outcome).toBe('pass');
  });

  test('without a byte for an hour is told with how far it is, its folder and its end', () => {
    const folder = {
      folder: 'f',
      path: `${STORE}/ingest/f`,
      name: null,
      offset: 3n,
      total: 9n,
      startedAt: null,
      updatedAt: '2026-01-02T00:00:00Z',
    };
    const claim = claimOf(
      ingestStuck,
      uploading('2026-01-02T00:00:00Z', {
        'content.ingests': listing([folder]),
        'metadata.ingests': listing([
          {
            namespace: namespaceName('default'),
            ref: 'layer-sha256:abc',
            name: 'default/1/layer-sha256:abc',
            folder: 'f',
            expiresAt: '2026-01-03T00:00:00Z',
            expected: null,
          },
        ]),
      }),
    );
    expect(claim.title).toBe('upload layer-sha256:abc in default has stood still for 3h04m at 3 B of 9 B');
    expect(claim.object).toEqual({
      layer: 'content',
      namespace: 'default',
      kind: 'ingest',
      id: 'layer-sha256:abc',
      name: null,
    });
    expect(claim.evidence.map(({ layer }) => layer)).toEqual(['containerd', 'content']);
    expect(claim.next.map(({ command }) => command)).toContain(`fuser -v ${STORE}/ingest/f/data`);
    expect(claim.next.at(-1)?.text).toContain('2026-01-03T00:00:00Z');
  });
});

describe('an upload without a record', () => {
  const loose = (more: Parameters<typeof ingestFolder>[1], facets: MadeUp = {}) =>
    stored({ 'content.ingests': listing([ingestFolder('layer', more)]), ...facets });

  test('is told with its name, its bytes and its age, once it has lain for an hour', () => {
    const claim = claimOf(orphanIngest, loose({ updatedAt: '2026-01-02T01:04:05.678Z' }));
    const { folder, path } = ingestFolder('layer');
    expect(claim).toMatchObject({
      title: 'upload default/7/layer (3 B) in the content store is recorded in no namespace',
      outcome: 'warn',
      object: { layer: 'content', namespace: null, kind: 'ingest', id: folder, name: 'default/7/layer' },
    });
    expect(claim.evidence[0]).toMatchObject({ source: path, value: expect.stringContaining('(2h00m ago)') });
    const hourLess = loose({ updatedAt: '2026-01-02T02:30:00Z' });
    expect(orphanIngest.run(hourLess)).toMatchObject({ outcome: 'pass' });
    expect(orphanIngest.run(loose({ name: null, updatedAt: null }))).toMatchObject({
      outcome: 'skip',
      reason: expect.stringContaining(path),
    });
  });

  test('is none where any namespace has recorded its folder, or may have', () => {
    const { folder } = ingestFolder('layer');
    const recorded = listing([
      {
        namespace: namespaceName('other'),
        ref: 'r',
        name: 'other/1/r',
        folder,
        expiresAt: null,
        expected: null,
      },
    ]);
    expect(orphanIngest.run(loose({}, { 'metadata.ingests': recorded })).outcome).toBe('pass');
    const gone = listing([database('metadata', META_DB, absent(META_DB, AT))]);
    expect(orphanIngest.run(loose({}, { 'metadata.databases': gone })).outcome).toBe('skip');
    const scoped = { ...loose({}), scope: { namespaces: ['default'] } };
    expect(orphanIngest.run(scoped).outcome).toBe('skip');
  });
});

describe('an image', () => {
  const without = (...names: readonly string[]) =>
    RECORDS.filter(({ digest }) => !names.some((name) => digest === blobId(name)));

  test('whose config is not recorded cannot be run', () => {
    const claim = claimOf(imageIncomplete, stored({ 'containerd.content': listing(without('config')) }));
    expect(claim).toMatchObject({
      outcome: 'fail',
      confidence: 'certain',
      object: { layer: 'content', namespace: 'default', kind: 'image', id: IMAGE },
    });
    expect(claim.title).toBe(
      `image ${IMAGE} in default is without 1 blob (config ${blobId('config')}), for linux/amd64`,
    );
    expect(claim.impact).toContain(
      'No new container can be made of it. 1 container made of it is not touched.',
    );
  });

  test('whose layer was lost though it is unpacked still runs', () => {
    const claim = claimOf(imageIncomplete, stored({ 'containerd.content': listing(without('layer-0')) }));
    expect(claim).toMatchObject({ outcome: 'warn', confidence: 'certain' });
    expect(claim.impact).toMatch(/^Containers can be made of it/);
  });

  test('whose layers were given up is told from one whose layers were lost', () => {
    const given = listing([
      ...without('layer-0', 'layer-1', 'manifest'),
      record('manifest', { 'containerd.io/gc.ref.content.config': blobId('config') }),
    ]);
    expect(imageIncomplete.run(stored({ 'containerd.content': given }))).toEqual({
      outcome: 'pass',
      reason: `every image has the content that it needs; 1 image (${IMAGE}) is without layers on purpose, and cannot be exported or pushed`,
    });
    expect(imageIncomplete.run(stored())).toEqual({
      outcome: 'pass',
      reason: 'every image has the content that it needs',
    });
  });

  test('whose target is gone is named', () => {
    const claim = claimOf(imageIncomplete, stored({ 'containerd.content': listing(without('index')) }));
    expect(claim.title).toBe(`image ${IMAGE} in default is without 1 blob (target ${blobId('index')})`);
  });

  test('that lacks only files is left to the probe of files', () => {
    expect(imageIncomplete.run(withoutFile('layer-0')).outcome).toBe('pass');
  });

  test('with a hostile name is one word of a command', () => {
    const name = "x; rm '$HOME'";
    const images = listing([{ ...RECORDS_IMAGE, name }]);
    const facets = { 'containerd.images': images, 'containerd.content': listing(without('config')) };
    const { next } = claimOf(imageIncomplete, stored(facets));
    expect(next.at(-1)?.command).toBe(`ctr -n default images pull 'x; rm '\\''$HOME'\\'''`);
  });
});

const RECORDS_IMAGE = {
  namespace: namespaceName('default'),
  name: IMAGE,
  target: { mediaType: 'test', digest: blobId('index'), size: 5n, annotations: {} },
  labels: {},
  createdAt: AT,
  updatedAt: AT,
};
