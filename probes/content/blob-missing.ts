/** Has every recorded blob its file? */
import { type BlobUsers, blobUsers } from '../../src/host/blob-users.ts';
import { type Blob, blobsOf, storeFolder } from '../../src/host/blobs.ts';
import type { Claim, Probe } from '../../src/host/finding.ts';
import { readAt } from '../../src/host/listing-gaps.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { shellWord } from '../../src/text/shell.ts';
import { count } from '../../src/text/units.ts';
import { firstOpen, isFresh, named, oneOrEach, outdated, sureness } from '../storage-claims.ts';
import { lossImpact, placeOf, repairSteps, usersOf } from './blob-words.ts';

export const blobMissing: Probe = {
  id: 'content-blob-missing',
  title: 'every recorded blob has its file',
  explain: `containerd's list of content comes from its database alone: it goes on to list a blob, and images go on to count as complete, when the file is gone. Nothing says so before somebody reads the blob: "blob not found", "content digest …: not found".

This compares the records of all namespaces with the files of the content store. A file goes by a crash without a sync, by hand, by a cleaner, or with a disk that loses data.

Containers run from snapshots and not from blobs, so those that run are not touched by it. Removing the image, its containers or all content loses more than the blob.`,
  wants: [
    'containerd.content',
    'content.blobs',
    'containerd.images',
    'containerd.manifests',
    'containerd.containers',
    'metadata.databases',
    'containerd.endpoint',
  ],
  needs: ['containerd.content', 'content.blobs'],
  run: (host) => {
    if (facet(host, 'containerd.content').state === 'absent') {
      return { outcome: 'skip', reason: 'there is no containerd whose records could be compared' };
    }
    const old = outdated(host, 'metadata');
    if (old !== undefined) return { outcome: 'skip', reason: old };
    const at = readAt(host, 'content.blobs');
    const suspects = [...blobsOf(host).values()].filter(
      ({ file, records }) => file === null && !records.some(({ createdAt }) => isFresh(host, createdAt, at)),
    );
    // A file that may stand in a part that was not read is not missing.
    const lost = suspects.filter(
      ({ digest }) => firstOpen(host, ['content.blobs'], { id: digest }) === undefined,
    );
    if (lost.length > 0) {
      const users = blobUsers(host);
      return {
        outcome: 'claims',
        claims: oneOrEach(
          lost,
          (blob) => oneLost(host, users, blob),
          (blobs) => manyLost(host, blobs),
        ),
      };
    }
    const open = firstOpen(host, ['containerd.content', 'content.blobs']);
    return open === undefined
      ? { outcome: 'pass', reason: 'every recorded blob has its file' }
      : { outcome: 'skip', reason: open };
  },
};

function oneLost(host: HostSnapshot, users: BlobUsers, { digest, records }: Blob): Claim {
  const namespaces = records.map(({ namespace }) => namespace);
  const needing = usersOf(users, digest, namespaces);
  return {
    title: `blob ${digest} is recorded in ${named(namespaces)}, and its file is gone`,
    outcome: 'fail',
    confidence: sureness(host),
    object: { layer: 'content', namespace: null, kind: 'blob', id: digest, name: null },
    recordedAt: records.map(({ createdAt }) => createdAt).toSorted(),
    evidence: [
      ...records.slice(0, 3).map(({ namespace, size }) => ({
        layer: 'containerd' as const,
        source: facet(host, 'containerd.content').from,
        field: `${namespace}/${digest}`,
        value: `recorded, ${size} bytes`,
        at: readAt(host, 'containerd.content'),
      })),
      {
        layer: 'content',
        source: placeOf(host, digest),
        field: 'file',
        value: 'not there',
        at: readAt(host, 'content.blobs'),
      },
    ],
    why: "The database has the blob and the content store's folder has not: the file was removed past containerd, or never reached the disk.",
    impact: lossImpact(host, needing),
    next: repairSteps(host, digest, namespaces, needing),
    references: [
      'https://github.com/containerd/containerd/issues/12302',
      'https://github.com/containerd/containerd/issues/3401',
    ],
  };
}

function manyLost(host: HostSnapshot, lost: readonly Blob[]): Claim {
  const store = storeFolder(host) ?? facet(host, 'content.blobs').from;
  const namespaces = [...new Set(lost.flatMap(({ records }) => records.map(({ namespace }) => namespace)))];
  return {
    title: `${count(lost.length, 'blob')} are recorded in ${named(namespaces)}, and their files are gone`,
    outcome: 'fail',
    confidence: sureness(host),
    object: { layer: 'content', namespace: null, kind: 'content store', id: store, name: null },
    evidence: [
      {
        layer: 'containerd',
        source: facet(host, 'containerd.content').from,
        field: 'recorded without a file',
        value: named(lost.map(({ digest }) => digest)),
        at: readAt(host, 'containerd.content'),
      },
      {
        layer: 'content',
        source: facet(host, 'content.blobs').from,
        field: 'files',
        value: `${lost.length} of those recorded are not there`,
        at: readAt(host, 'content.blobs'),
      },
    ],
    why: 'So many at once were not lost one by one: the folder was emptied, replaced or not mounted, or the database is of another time than the files.',
    impact:
      'No container can be made of the images that need them, and they cannot be exported or pushed. Containers that run go on: what is unpacked does not need the blobs.',
    next: [
      {
        text: 'see what is mounted there, and whether it should be something else',
        command: `findmnt -T ${shellWord(store)}`,
        effect: 'reads',
      },
      {
        text: 'see what the kernel says of the disk',
        command: 'dmesg --level err,warn | tail -n 50',
        effect: 'reads',
      },
      {
        text: 'put the files back from where they went, or pull the images again; removing images first loses what still runs from them',
        command: null,
        effect: 'writes',
      },
    ],
    references: ['https://github.com/containerd/containerd/issues/12302'],
  };
}
