/** Has every blob's file the length that was recorded? */
import { type BlobUsers, blobUsers } from '../../src/host/blob-users.ts';
import { type Blob, blobsOf, storeFolder } from '../../src/host/blobs.ts';
import type { Claim, Probe } from '../../src/host/finding.ts';
import { readAt } from '../../src/host/listing-gaps.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import type { BlobFile } from '../../src/host/storage.ts';
import { shellWord } from '../../src/text/shell.ts';
import { count } from '../../src/text/units.ts';
import { firstOpen, named, oneOrEach, outdated, sureness } from '../storage-claims.ts';
import { lossImpact, repairSteps, usersOf } from './blob-words.ts';

interface Spoilt extends Blob {
  readonly file: BlobFile;
}

export const blobCorrupt: Probe = {
  id: 'content-blob-corrupt',
  title: "every blob's file is as long as recorded",
  explain: `A blob's file never changes once it is there, so a length other than the recorded one is damage: a file cut short by a crash or a full disk, or written to by somebody. containerd looks at neither when it lists content, and calls images complete; unpacking then ends with "unexpected EOF" or "invalid tar header".

This looks at lengths only, which costs nothing. Bytes that changed without a change of length are found by ctrscope verify, which reads everything.`,
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
    const spoilt = [...blobsOf(host).values()].filter(isSpoilt);
    if (spoilt.length > 0) {
      const users = blobUsers(host);
      return {
        outcome: 'claims',
        claims: oneOrEach(
          spoilt,
          (blob) => oneSpoilt(host, users, blob),
          (blobs) => manySpoilt(host, blobs),
        ),
      };
    }
    const open = firstOpen(host, ['containerd.content', 'content.blobs']);
    return open === undefined
      ? { outcome: 'pass', reason: "every blob's file is as long as recorded" }
      : { outcome: 'skip', reason: open };
  },
};

function isSpoilt(blob: Blob): blob is Spoilt {
  const { file, records } = blob;
  return file !== null && records.some(({ size }) => size !== file.size);
}

function oneSpoilt(host: HostSnapshot, users: BlobUsers, { digest, file, records }: Spoilt): Claim {
  const namespaces = records.map(({ namespace }) => namespace);
  const needing = usersOf(users, digest, namespaces);
  const recorded = records.find(({ size }) => size !== file.size)?.size ?? 0n;
  const disagree = records.some(({ size }) => size === file.size);
  return {
    title: `blob ${digest} has ${file.size} bytes, and ${recorded} are recorded`,
    outcome: 'fail',
    confidence: disagree ? 'likely' : sureness(host),
    object: { layer: 'content', namespace: null, kind: 'blob', id: digest, name: null },
    recordedAt: records.map(({ createdAt }) => createdAt).toSorted(),
    evidence: [
      ...records.slice(0, 3).map(({ namespace, size }) => ({
        layer: 'containerd' as const,
        source: facet(host, 'containerd.content').from,
        field: `${namespace}/${digest}`,
        value: `${size} bytes`,
        at: readAt(host, 'containerd.content'),
      })),
      {
        layer: 'content',
        source: file.path,
        field: 'size, modified',
        value: `${file.size} bytes, ${file.modifiedAt}`,
        at: readAt(host, 'content.blobs'),
      },
    ],
    why: disagree
      ? 'The namespaces have recorded different lengths for one digest: one of the records is wrong, and the file may be right.'
      : file.size < recorded
        ? 'The file was cut short: a crash or a full disk before its end was written, or somebody truncated it.'
        : 'Something was appended to the file: containerd writes a blob once and takes away the permission to write it.',
    impact: lossImpact(host, needing),
    next: [
      {
        text: 'see whether its bytes still have that digest',
        command: `${digest.slice(0, digest.indexOf(':'))}sum ${shellWord(file.path)}`,
        effect: 'reads',
      },
      ...repairSteps(host, digest, namespaces, needing),
    ],
    references: ['https://github.com/containerd/containerd/issues/12302'],
  };
}

function manySpoilt(host: HostSnapshot, spoilt: readonly Spoilt[]): Claim {
  const store = storeFolder(host) ?? facet(host, 'content.blobs').from;
  const empty = spoilt.filter(({ file }) => file.size === 0n).length;
  return {
    title: `${count(spoilt.length, 'blob')} are not as long as recorded`,
    outcome: 'fail',
    confidence: sureness(host),
    object: { layer: 'content', namespace: null, kind: 'content store', id: store, name: null },
    evidence: [
      {
        layer: 'containerd',
        source: facet(host, 'containerd.content').from,
        field: 'recorded with another length',
        value: named(spoilt.map(({ digest }) => digest)),
        at: readAt(host, 'containerd.content'),
      },
      {
        layer: 'content',
        source: facet(host, 'content.blobs').from,
        field: 'files',
        value: `${spoilt.length} of another length, ${empty} of them empty`,
        at: readAt(host, 'content.blobs'),
      },
    ],
    why: 'So many at once is not one interrupted write: the disk was full or lost what was not yet written when the machine went down.',
    impact:
      'Images that need them cannot be unpacked, exported or pushed. Containers that run go on: what is unpacked does not need the blobs.',
    next: [
      {
        text: 'see what the kernel says of the disk, and whether it is full',
        command: `df -h ${shellWord(store)}; dmesg --level err,warn | tail -n 50`,
        effect: 'reads',
      },
      { text: 'hash all of it', command: 'ctrscope verify --full', effect: 'reads' },
      {
        text: 'pull or build the images again once the disk is well; removing them first loses what still runs from them',
        command: null,
        effect: 'writes',
      },
    ],
    references: ['https://github.com/containerd/containerd/issues/12302'],
  };
}
