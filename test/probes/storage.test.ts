/** What the probes of content, snapshots and databases have in common. */
import { describe, expect, test } from 'vitest';
import { blobCorrupt } from '../../probes/content/blob-corrupt.ts';
import { blobMissing } from '../../probes/content/blob-missing.ts';
import { imageIncomplete } from '../../probes/content/image-incomplete.ts';
import { ingestStuck } from '../../probes/content/ingest-stuck.ts';
import { orphanFile } from '../../probes/content/orphan-file.ts';
import { orphanIngest } from '../../probes/content/orphan-ingest.ts';
import { databaseCorrupt } from '../../probes/metadata/database-corrupt.ts';
import { databaseEmpty } from '../../probes/metadata/database-empty.ts';
import { databaseMissing } from '../../probes/snapshot/database-missing.ts';
import { directoryMissing } from '../../probes/snapshot/directory-missing.ts';
import { orphanDirectory } from '../../probes/snapshot/orphan-directory.ts';
import { diagnose } from '../../src/diagnose/engine.ts';
import type { Claim, Probe } from '../../src/host/finding.ts';
import { absent, type Observed, unknown } from '../../src/host/observed.ts';
import type { FacetName, HostSnapshot } from '../../src/host/snapshot.ts';
import { AT, claimsOf, snapshot } from './made-up.ts';
import {
  blobId,
  database,
  directory,
  FILES,
  file,
  gap,
  HEALTHY,
  ingest,
  ingestFolder,
  listing,
  type MadeUp,
  META_DB,
  OVERLAY,
  RECORDS,
  record,
  snapshotRecord,
  stored,
} from './stored.ts';

/** Each probe with facets under which it finds something. */
const SICK: readonly (readonly [Probe, MadeUp])[] = [
  [blobMissing, { 'content.blobs': listing(FILES.slice(1)) }],
  [blobCorrupt, { 'content.blobs': listing([file('index', { size: 1n }), ...FILES.slice(1)]) }],
  [orphanFile, { 'content.blobs': listing([...FILES, file('stray')]) }],
  [imageIncomplete, { 'containerd.content': listing(RECORDS.filter((r) => r.digest !== blobId('config'))) }],
  [ingestStuck, { 'containerd.ingests': listing([ingest('layer', '2026-01-02T01:00:00Z')]) }],
  [orphanIngest, { 'content.ingests': listing([ingestFolder('layer')]) }],
  [orphanDirectory, { 'snapshot.directories': listing(['1', '2', '3', '9999'].map((n) => directory(n))) }],
  [directoryMissing, { 'metadata.snapshots': listing([snapshotRecord('chain-1', 77n)]) }],
  [
    databaseMissing,
    { 'metadata.databases': listing([database('overlayfs', `${OVERLAY}/metadata.db`, absent('x', AT))]) },
  ],
  [databaseCorrupt, { 'metadata.databases': listing([database('metadata', META_DB, { salvaged: true })]) }],
  [databaseEmpty, { 'metadata.databases': listing([database('metadata', META_DB, { version: null })]) }],
];

const outcome = async (probe: Probe, host: HostSnapshot): Promise<string> =>
  (await diagnose(host, [probe], undefined)).probes[0]?.outcome ?? 'none';

const HARM = ['reads', 'writes', 'disrupts'];

describe.each(SICK.map(([probe, sick]) => ({ id: probe.id, probe, sick })))('$id', ({ probe, sick }) => {
  test('passes on a healthy host', () => {
    expect(probe.run(stored())).toMatchObject({ outcome: 'pass' });
  });

  test('finds what is wrong, with evidence of two layers and steps from the least harmful on', async () => {
    const claims: readonly Claim[] = claimsOf(probe, stored(sick));
    expect(claims.length).toBeGreaterThan(0);
    for (const { evidence, next, why, impact, title } of claims) {
      // A database that is damaged has no second witness but its daemon, where that says something.
      const layers = new Set(evidence.map(({ layer }) => layer));
      if (probe !== databaseCorrupt && probe !== ingestStuck) expect(layers.size).toBeGreaterThan(1);
      for (const { source, field, value } of evidence) {
        for (const text of [source, field, value]) expect(text).not.toBe('');
      }
      for (const text of [why, impact]) expect(text).toMatch(/^\S.*\.$/);
      expect(title).not.toMatch(/[.]$/);
      const effects = next.map(({ effect }) => HARM.indexOf(effect));
      expect(effects).toEqual(effects.toSorted());
      expect(next[0]?.effect).toBe('reads');
      for (const { command } of next) expect(command ?? '').not.toMatch(/prune|rm -|restart/);
    }
    expect(['fail', 'warn']).toContain(await outcome(probe, stored(sick)));
  });

  test('skips where a fact that it needs is not known', async () => {
    for (const need of probe.needs) {
      const fact: Observed<never> = unknown('denied', need, 'needs root', AT, 1);
      expect(await outcome(probe, stored({ [need]: fact })), need).toBe('skip');
      const { [need]: _, ...others } = HEALTHY;
      expect(await outcome(probe, snapshot(others)), `${need} was not collected`).toBe('skip');
    }
  });

  test('neither passes nor fails where there is no containerd', async () => {
    const nothing = Object.fromEntries(probe.wants.map((name: FacetName) => [name, absent('x', AT)]));
    expect(await outcome(probe, snapshot(nothing))).toBe('skip');
  });

  test('has its claims about other objects when other objects are hit', async () => {
    const { findings } = await diagnose(stored(sick), [probe], undefined);
    expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(findings.length);
  });
});

describe('a part of a list that could not be read', () => {
  test.each([
    [blobMissing, 'containerd.content', { namespace: 'other' }],
    [blobMissing, 'content.blobs', undefined],
    [blobCorrupt, 'containerd.content', { namespace: 'other' }],
    [orphanFile, 'containerd.content', { namespace: 'other' }],
    [orphanFile, 'content.blobs', undefined],
    [orphanIngest, 'metadata.ingests', { namespace: 'other' }],
    [orphanIngest, 'content.ingests', undefined],
    [orphanDirectory, 'snapshot.directories', { kind: 'snapshotter', id: 'overlayfs' }],
    [orphanDirectory, 'metadata.backends', { kind: 'snapshot', id: 'default/1/chain-1' }],
    [imageIncomplete, 'containerd.content', { namespace: 'default' }],
    [imageIncomplete, 'containerd.images', { namespace: 'other' }],
    [ingestStuck, 'containerd.ingests', { namespace: 'other' }],
    [directoryMissing, 'metadata.snapshots', { namespace: 'default' }],
    [databaseCorrupt, 'metadata.databases', undefined],
  ] as const)('is no pass ($0.id: $1)', async (probe, name, object) => {
    const whole = HEALTHY[name];
    if (whole?.state !== 'seen') throw new Error('unreachable');
    const partial = { ...whole, value: { ...whole.value, gaps: [gap(object)] } };
    expect(await outcome(probe, stored({ [name]: partial }))).toBe('skip');
  });

  test('hides no file that is known to be gone elsewhere, and claims none that may be in it', () => {
    const files = FILES.slice(1);
    const about = (id: string) => stored({ 'content.blobs': listing(files, [gap({ kind: 'content', id })]) });
    expect(blobMissing.run(about(blobId('index'))).outcome).toBe('skip');
    expect(blobMissing.run(about(blobId('stray'))).outcome).toBe('claims');
  });

  test('of folders hides only those of its snapshotter', () => {
    const sick = (id: string) =>
      stored({
        'metadata.snapshots': listing([snapshotRecord('chain-1', 77n)]),
        'snapshot.directories': listing([], [gap({ kind: 'snapshotter', id })]),
      });
    expect(directoryMissing.run(sick('overlayfs')).outcome).toBe('skip');
    expect(directoryMissing.run(sick('zfs')).outcome).toBe('claims');
    // A stray file among them is one entry.
    expect(directoryMissing.run(sick('overlayfs/stray')).outcome).toBe('claims');
    expect(directoryMissing.run(sick('overlayfs/77')).outcome).toBe('skip');
  });
});

test.each([
  [blobMissing, 'metadata'],
  [blobCorrupt, 'metadata'],
  [orphanFile, 'metadata'],
  [imageIncomplete, 'metadata'],
  [directoryMissing, 'metadata'],
  [directoryMissing, 'overlayfs'],
  [orphanIngest, 'metadata'],
  [orphanDirectory, 'overlayfs'],
] as const)(
  '$0.id claims nothing by records of a database that has lost its newest transaction',
  (probe, owner) => {
    const sick = SICK.find(([each]) => each === probe)?.[1] ?? {};
    expect(probe.run(stored(sick)).outcome).toBe('claims');
    const lost = listing([database(owner, META_DB, { salvaged: true })]);
    expect(probe.run(stored({ ...sick, 'metadata.databases': lost })).outcome).toBe('skip');
  },
);

test('a thousand objects of one kind are one finding', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `blob ${i}`);
  const records = names.map((name) => record(name));
  const claims = claimsOf(
    blobMissing,
    stored({ 'containerd.content': listing(records), 'content.blobs': listing<never>([]) }),
  );
  expect(claims).toHaveLength(1);
  expect(claims[0]?.title).toBe('1000 blobs are recorded in default, and their files are gone');
  const orphans = claimsOf(
    orphanFile,
    stored({ 'content.blobs': listing([...FILES, ...names.map((name) => file(name))]) }),
  );
  expect(orphans.map(({ object }) => object.kind)).toEqual(['content store']);
  const uploads = claimsOf(
    orphanIngest,
    stored({ 'content.ingests': listing(names.map((name) => ingestFolder(name))) }),
  );
  expect(uploads.map(({ title }) => title)).toEqual([
    '1000 uploads in the content store (2.9 KiB) are recorded in no namespace',
  ]);
  const folders = claimsOf(
    orphanDirectory,
    stored({ 'snapshot.directories': listing(names.map((_, i) => directory(String(i + 100)))) }),
  );
  expect(folders.map(({ title }) => title)).toEqual([
    '1000 folders of snapshotter overlayfs belong to no snapshot',
  ]);
  // What the obvious next step would make worse.
  expect(folders[0]?.next[0]?.text).toContain('remove no image and no container');
});
