/** Has every file of the content store a record? */
import { type Blob, blobsOf, storeFolder } from '../../src/host/blobs.ts';
import type { Claim, NextStep, Probe } from '../../src/host/finding.ts';
import { readAt } from '../../src/host/listing-gaps.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import type { BlobFile } from '../../src/host/storage.ts';
import { shellWord } from '../../src/text/shell.ts';
import { age, bytes, count } from '../../src/text/units.ts';
import { firstOpen, named, noTestimony, oneOrEach, sureness } from '../storage-claims.ts';

/** A commit puts the file in its place before the record is written; no commit takes as long as this. */
const ORPHAN_AFTER_MS = 3_600_000;

interface Orphan extends Blob {
  readonly file: BlobFile;
}

export const orphanFile: Probe = {
  id: 'content-orphan-file',
  title: 'every file of the content store is recorded in some namespace',
  explain: `A blob's file is there as long as any namespace has a record of it; when the last record goes, the collection that removed it removes the file. A file without a record only takes place: nothing can find it. It is left when containerd was killed between the two, when its database was replaced by an older or a new one, or when somebody put it there.

The next collection that has anything to collect removes it, and so does a start of containerd. Files that stay are a sign that no collection has run.

A file younger than an hour is not looked at: a commit in flight looks the same.`,
  wants: ['content.blobs', 'containerd.content', 'metadata.databases'],
  needs: ['content.blobs', 'containerd.content'],
  run: (host) => {
    if (facet(host, 'containerd.content').state === 'absent') {
      return { outcome: 'skip', reason: 'there is no containerd whose records could be compared' };
    }
    if (host.scope.namespaces !== undefined) {
      return {
        outcome: 'skip',
        reason: 'only some namespaces were read: others may have recorded the files',
      };
    }
    const open = firstOpen(host, ['containerd.content']) ?? noTestimony(host);
    if (open !== undefined) return { outcome: 'skip', reason: open };
    const at = Date.parse(readAt(host, 'content.blobs'));
    const orphans = [...blobsOf(host).values()].filter(
      (blob): blob is Orphan =>
        blob.file !== null &&
        blob.records.length === 0 &&
        at - Date.parse(blob.file.modifiedAt) >= ORPHAN_AFTER_MS,
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
    const unread = firstOpen(host, ['content.blobs']);
    return unread === undefined
      ? { outcome: 'pass', reason: 'every file of the content store is recorded' }
      : { outcome: 'skip', reason: unread };
  },
};

const stepsAbout = (file: string): NextStep[] => [
  {
    text: 'see whether collections run: containerd logs each',
    command: "journalctl -u containerd | grep -i 'garbage collect' | tail -n 20",
    effect: 'reads',
  },
  {
    text: 'see how much it is, and whether it is wanted: nothing but its digest names it. Do not remove files by hand while containerd runs',
    command: `ls -l ${shellWord(file)}`,
    effect: 'reads',
  },
  {
    text: 'wait: the collection that follows the next removal of any image removes it',
    command: null,
    effect: 'writes',
  },
];

function oneOrphan(host: HostSnapshot, { digest, file }: Orphan): Claim {
  return {
    title: `file of ${digest} (${bytes(file.size)}) is recorded in no namespace`,
    outcome: 'warn',
    confidence: sureness(host),
    object: { layer: 'content', namespace: null, kind: 'blob', id: digest, name: null },
    evidence: [
      {
        layer: 'content',
        source: file.path,
        field: 'size, modified',
        value: `${file.size} bytes, ${file.modifiedAt} (${age(file.modifiedAt, readAt(host, 'content.blobs'))} ago)`,
        at: readAt(host, 'content.blobs'),
      },
      noRecord(host, digest),
    ],
    why: 'The file is in the content store and no namespace has a record of it: it was left by an interrupted collection or commit, by a database that was replaced, or by hand.',
    impact: `It takes ${bytes(file.size)} and nothing uses it; everything else works.`,
    next: stepsAbout(file.path),
    references: [],
  };
}

function manyOrphans(host: HostSnapshot, orphans: readonly Orphan[]): Claim {
  const store = storeFolder(host) ?? facet(host, 'content.blobs').from;
  const size = orphans.reduce((sum, { file }) => sum + file.size, 0n);
  return {
    title: `${count(orphans.length, 'file')} in the content store (${bytes(size)}) are recorded in no namespace`,
    outcome: 'warn',
    confidence: sureness(host),
    object: { layer: 'content', namespace: null, kind: 'content store', id: store, name: null },
    evidence: [
      {
        layer: 'content',
        source: facet(host, 'content.blobs').from,
        field: 'files without a record',
        value: named(orphans.map(({ digest }) => digest)),
        at: readAt(host, 'content.blobs'),
      },
      noRecord(host, 'of these'),
    ],
    why: 'The files are in the content store and no namespace has a record of them. So many point at a database that was replaced by an older or a new one, or at collections that do not run.',
    impact: `They take ${bytes(size)} and nothing uses them; the next collection removes them for good. Should the database have been replaced by mistake, they are what is left.`,
    next: stepsAbout(store),
    references: [],
  };
}

function noRecord(host: HostSnapshot, field: string): Claim['evidence'][number] {
  return {
    layer: 'containerd',
    source: facet(host, 'containerd.content').from,
    field,
    value: 'no record in any namespace',
    at: readAt(host, 'containerd.content'),
  };
}
