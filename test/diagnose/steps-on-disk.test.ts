/** On a disk no step may meet the daemons of the machine that it is looked at on. */
import { expect, test } from 'vitest';
import { blobMissing } from '../../probes/content/blob-missing.ts';
import { imageIncomplete } from '../../probes/content/image-incomplete.ts';
import { ingestStuck } from '../../probes/content/ingest-stuck.ts';
import { orphanFile } from '../../probes/content/orphan-file.ts';
import { databaseMissing } from '../../probes/snapshot/database-missing.ts';
import { directoryMissing } from '../../probes/snapshot/directory-missing.ts';
import { diagnose } from '../../src/diagnose/engine.ts';
import type { NextStep, Probe } from '../../src/host/finding.ts';
import { absent, unknown } from '../../src/host/observed.ts';
import { AT } from '../probes/made-up.ts';
import {
  database,
  directory,
  EARLIER,
  FILES,
  file,
  ingest,
  listing,
  type MadeUp,
  META_DB,
  OVERLAY,
  RECORDS,
  stored,
} from '../probes/stored.ts';

const SICK: readonly (readonly [Probe, MadeUp])[] = [
  [blobMissing, { 'content.blobs': listing(FILES.slice(1)) }],
  [imageIncomplete, { 'containerd.content': listing(RECORDS.slice(0, -1)) }],
  [ingestStuck, { 'containerd.ingests': listing([ingest('layer', EARLIER)]) }],
  [orphanFile, { 'content.blobs': listing([...FILES, file('loose')]) }],
  [
    databaseMissing,
    {
      'metadata.databases': listing([
        database('metadata', META_DB),
        database('overlayfs', `${OVERLAY}/metadata.db`, absent('x', AT)),
      ]),
    },
  ],
  [directoryMissing, { 'snapshot.directories': listing([directory('1'), directory('2')]) }],
];

const ENDPOINT = unknown('offline', '/mnt/web 1', 'read from the disk', AT, 0);

async function stepsOf(probe: Probe, facets: MadeUp, from: 'live' | 'disk'): Promise<readonly NextStep[]> {
  const made = stored(from === 'disk' ? { ...facets, 'containerd.endpoint': ENDPOINT } : facets);
  const { findings } = await diagnose({ ...made, from }, [probe], undefined);
  expect(findings.length).toBeGreaterThan(0);
  return findings.flatMap(({ next }) => next);
}

const MEETS = /\b(ctr|docker|systemctl|journalctl|fuser|ps) |\/proc\//;

test.each(SICK.map(([probe, sick]) => ({ id: probe.id, probe, sick })))(
  '$id asks nothing that runs here about a disk',
  async ({ probe, sick }) => {
    const live = await stepsOf(probe, sick, 'live');
    expect(live.some(({ command }) => MEETS.test(command ?? ''))).toBe(true);
    const disk = await stepsOf(probe, sick, 'disk');
    expect(disk.filter(({ command }) => MEETS.test(command ?? ''))).toEqual([]);
    expect(disk.some(({ text }) => text.startsWith('when its host runs again: '))).toBe(true);
  },
);

test('commands of this program are pointed at the disk, and those about its files stay', async () => {
  const missing = await stepsOf(blobMissing, { 'content.blobs': listing(FILES.slice(1)) }, 'disk');
  expect(missing.map(({ command }) => command)).toContain("ctrscope --root '/mnt/web 1' verify --full");
  const orphan = await stepsOf(orphanFile, { 'content.blobs': listing([...FILES, file('loose')]) }, 'disk');
  expect(orphan.map(({ command }) => command)).toContain(`ls -l ${file('loose').path}`);
});
