/** Has every upload in the content store a record? */
import type { Claim, NextStep, Probe } from '../../src/host/finding.ts';
import { items } from '../../src/host/kinds/listing.ts';
import { readAt } from '../../src/host/listing-gaps.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import type { IngestFolder } from '../../src/host/storage.ts';
import { shellWord } from '../../src/text/shell.ts';
import { age, bytes, count } from '../../src/text/units.ts';
import { firstOpen, named, noTestimony, oneOrEach, sureness } from '../storage-claims.ts';

/** The folder is made before the record is written; nothing takes as long as this between the two. */
const ORPHAN_AFTER_MS = 3_600_000;

export const orphanIngest: Probe = {
  id: 'content-orphan-ingest',
  title: 'every upload in the content store is recorded in some namespace',
  explain: `An upload is a folder in the content store's ingest/, and a record of it in the namespace that it is for. One without a record only takes place: no client can go on with it, and "ctr content active" does not list it. It is left when containerd was killed between the two, or when its database was replaced by an older or a new one.

The next collection that has content to collect removes it, and so does a start of containerd. Folders that stay are a sign that no collection has run.

An upload that had a byte within the last hour is not looked at: one that has just begun looks the same.`,
  wants: ['content.ingests', 'metadata.ingests', 'metadata.databases'],
  needs: ['content.ingests', 'metadata.ingests'],
  run: (host) => {
    if (facet(host, 'metadata.ingests').state === 'absent') {
      return { outcome: 'skip', reason: 'there is no containerd whose records could be compared' };
    }
    if (host.scope.namespaces !== undefined) {
      return {
        outcome: 'skip',
        reason: 'only some namespaces were read: others may have recorded the uploads',
      };
    }
    const open = firstOpen(host, ['metadata.ingests']) ?? noTestimony(host);
    if (open !== undefined) return { outcome: 'skip', reason: open };
    const recorded = new Set(items(host, 'metadata.ingests').map(({ folder }) => folder));
    const loose = items(host, 'content.ingests').filter(({ folder }) => !recorded.has(folder));
    const at = Date.parse(readAt(host, 'content.ingests'));
    const orphans = loose.filter(
      ({ updatedAt }) => updatedAt !== null && at - Date.parse(updatedAt) >= ORPHAN_AFTER_MS,
    );
    if (orphans.length > 0) {
      return {
        outcome: 'claims',
        claims: oneOrEach(
          orphans,
          (orphan) => oneOrphan(host, orphan),
          (all) => manyOrphans(host, all),
        ),
      };
    }
    const undated = loose.find(({ updatedAt }) => updatedAt === null);
    const unread =
      firstOpen(host, ['content.ingests']) ??
      (undated && `${undated.path} is recorded nowhere, and since when it lies there is not known`);
    return unread === undefined
      ? { outcome: 'pass', reason: 'every upload in the content store is recorded' }
      : { outcome: 'skip', reason: unread };
  },
};

const stepsAbout = (path: string): NextStep[] => [
  {
    text: 'see whether collections run: containerd logs each',
    command: "journalctl -u containerd | grep -i 'garbage collect' | tail -n 20",
    effect: 'reads',
  },
  {
    text: 'see who has it open, and how much it is. Do not remove folders by hand while containerd runs',
    command: `fuser -v ${shellWord(path)}; du -sh ${shellWord(path)}`,
    effect: 'reads',
  },
  {
    text: 'wait: the collection that follows the next removal of any image removes it',
    command: null,
    effect: 'writes',
  },
];

function oneOrphan(host: HostSnapshot, { folder, path, name, offset, updatedAt }: IngestFolder): Claim {
  const at = readAt(host, 'content.ingests');
  return {
    title: `upload ${name ?? folder} (${bytes(offset)}) in the content store is recorded in no namespace`,
    outcome: 'warn',
    confidence: sureness(host),
    object: { layer: 'content', namespace: null, kind: 'ingest', id: folder, name },
    evidence: [
      {
        layer: 'content',
        source: path,
        field: 'size, last written',
        value: `${offset} bytes, ${updatedAt ?? 'not known'} (${age(updatedAt, at)} ago)`,
        at,
      },
      noRecord(host, folder),
    ],
    why: 'The folder is in the content store and no namespace has a record of the upload: it was left when containerd was killed, by a database that was replaced, or by hand.',
    impact: `It takes ${bytes(offset)} and no client can go on with it; everything else works.`,
    next: stepsAbout(path),
    references: [],
  };
}

function manyOrphans(host: HostSnapshot, orphans: readonly IngestFolder[]): Claim {
  const { from } = facet(host, 'content.ingests');
  const store = orphans[0]?.path.replace(/\/[^/]*$/, '') ?? from;
  const size = orphans.reduce((sum, { offset }) => sum + offset, 0n);
  return {
    title: `${count(orphans.length, 'upload')} in the content store (${bytes(size)}) are recorded in no namespace`,
    outcome: 'warn',
    confidence: sureness(host),
    object: { layer: 'content', namespace: null, kind: 'content store', id: store, name: null },
    evidence: [
      {
        layer: 'content',
        source: store,
        field: 'folders without a record',
        value: named(orphans.map(({ name, folder }) => name ?? folder)),
        at: readAt(host, 'content.ingests'),
      },
      noRecord(host, 'of these'),
    ],
    why: 'So many uploads without a record point at a database that was replaced by an older or a new one, or at collections that do not run.',
    impact: `They take ${bytes(size)} and no client can go on with them; everything else works.`,
    next: stepsAbout(store),
    references: [],
  };
}

function noRecord(host: HostSnapshot, field: string): Claim['evidence'][number] {
  return {
    layer: 'metadata',
    source: facet(host, 'metadata.ingests').from,
    field,
    value: 'no record in any namespace',
    at: readAt(host, 'metadata.ingests'),
  };
}
