/** Is every folder in a snapshotter's `snapshots` a snapshot's? */
import type { Claim, NextStep, Probe } from '../../src/host/finding.ts';
import { items } from '../../src/host/kinds/listing.ts';
import { openQuestion, readAt } from '../../src/host/listing-gaps.ts';
import { isUnknown, seenValue } from '../../src/host/observed.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import type { SnapshotDirectory } from '../../src/host/storage.ts';
import { shellWord } from '../../src/text/shell.ts';
import { age, count } from '../../src/text/units.ts';
import { named, oneOrEach, outdated } from '../storage-claims.ts';

/** Snapshotters that call a snapshot's folder by its number. */
const BY_NUMBER = ['overlayfs', 'native'];
/** A folder stands there before its snapshot is recorded; no layer takes as long as this to be copied. */
const ORPHAN_AFTER_MS = 3_600_000;

export const orphanDirectory: Probe = {
  id: 'snapshot-orphan',
  title: "every folder of a snapshotter is recorded in the snapshotter's database",
  explain: `The overlay and the native snapshotter keep a snapshot in snapshots/NUMBER, and metadata.db beside it knows the number. A folder whose number is not in it, or that is still called "new-…", takes place and can be mounted by nobody. It is left when containerd or the host died while a snapshot was made or removed, or when the database was replaced.

The overlay snapshotter removes such folders whenever it has removed a snapshot, and not before: a start does not. The native one never does.

Should the database have been replaced by mistake, these folders are the layers of the earlier one, and the next removal of any snapshot deletes them. Folders younger than an hour are not looked at: a snapshot that is being made looks the same. One that takes long to be removed does, too.`,
  wants: ['snapshot.directories', 'metadata.backends', 'metadata.databases'],
  needs: ['snapshot.directories', 'metadata.backends', 'metadata.databases'],
  run: (host) => {
    if (facet(host, 'metadata.backends').state === 'absent') {
      return { outcome: 'skip', reason: 'there is no containerd whose snapshotters could be read' };
    }
    const orphans: SnapshotDirectory[] = [];
    let open: string | undefined;
    for (const snapshotter of BY_NUMBER) {
      open ??= openQuestion(host, 'snapshot.directories', { id: snapshotter });
      const old = directoriesOf(host, snapshotter);
      if (old.length === 0) continue;
      const doubt = doubtOf(host, snapshotter);
      open ??= doubt;
      if (doubt !== undefined) continue;
      const numbers = new Set(
        items(host, 'metadata.backends')
          .filter((backend) => backend.snapshotter === snapshotter)
          .map(({ id }) => String(id)),
      );
      for (const directory of old) if (!numbers.has(directory.name)) orphans.push(directory);
    }
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
    return open === undefined
      ? { outcome: 'pass', reason: 'every folder is recorded' }
      : { outcome: 'skip', reason: open };
  },
};

function directoriesOf(host: HostSnapshot, snapshotter: string): SnapshotDirectory[] {
  const at = Date.parse(readAt(host, 'snapshot.directories'));
  return items(host, 'snapshot.directories').filter(
    (directory) =>
      directory.snapshotter === snapshotter && at - Date.parse(directory.modifiedAt) >= ORPHAN_AFTER_MS,
  );
}

// Why a folder may be recorded though no record of its number was found.
function doubtOf(host: HostSnapshot, snapshotter: string): string | undefined {
  const database = items(host, 'metadata.databases').find(({ owner }) => owner === snapshotter);
  if (database !== undefined && isUnknown(database.file)) {
    return `${database.path} is not known: ${database.file.why}`;
  }
  if (database === undefined || seenValue(database.file) === undefined) {
    return `there is no database of snapshotter ${snapshotter} that could have recorded its folders`;
  }
  const lost = outdated(host, snapshotter);
  if (lost !== undefined) return lost;
  const backends = facet(host, 'metadata.backends');
  const gaps = backends.state === 'seen' ? backends.value.gaps : [];
  // A record that could not be read may be that of any folder.
  const gap = gaps.find(({ object }) => object?.kind !== 'snapshotter' || object.id === snapshotter);
  return gap && `a part of metadata.backends is not known: ${gap.why}`;
}

function sureness(host: HostSnapshot): Claim['confidence'] {
  // Where a daemon runs, a large folder may be being removed at both looks.
  return host.from === 'disk' ? 'certain' : 'likely';
}

const stepsAbout = (snapshotter: string, path: string): NextStep[] => [
  {
    text: 'see what is in it and how much it is; nothing that runs should have it mounted',
    command: `du -sh ${shellWord(path)}; grep -F ${shellWord(path)} /proc/self/mountinfo | head`,
    effect: 'reads',
  },
  snapshotter === 'overlayfs'
    ? {
        text: 'leave it: the collection that follows the next removal of any image or container removes it',
        command: null,
        effect: 'writes',
      }
    : {
        text: 'nothing removes it by itself: move it away while containerd is stopped, and keep it until all works',
        command: null,
        effect: 'disrupts',
      },
];

function oneOrphan(host: HostSnapshot, { snapshotter, name, path, modifiedAt }: SnapshotDirectory): Claim {
  const at = readAt(host, 'snapshot.directories');
  return {
    title: `folder ${name} of snapshotter ${snapshotter} belongs to no snapshot`,
    outcome: 'warn',
    confidence: sureness(host),
    object: { layer: 'snapshot', namespace: null, kind: 'directory', id: path, name: snapshotter },
    evidence: [
      {
        layer: 'snapshot',
        source: path,
        field: 'modified',
        value: `${modifiedAt} (${age(modifiedAt, at)} ago)`,
        at,
      },
      noRecord(host, snapshotter, `number ${name}`),
    ],
    why: name.startsWith('new-')
      ? 'It was made for a snapshot that was never recorded: containerd or the host died meanwhile.'
      : "The snapshotter's database has no snapshot of this number: it was left by a removal that did not come to its end, by a database that was replaced, or by hand.",
    impact: 'It takes its place on the disk, and "usage" does not measure it; everything else works.',
    next: stepsAbout(snapshotter, path),
    references: [
      'https://github.com/containerd/containerd/issues/13416',
      'https://github.com/containerd/containerd/issues/6294',
    ],
  };
}

function manyOrphans(host: HostSnapshot, orphans: readonly SnapshotDirectory[]): Claim {
  const [first] = orphans;
  const snapshotter = first?.snapshotter ?? '';
  const store = first?.path.replace(/\/[^/]*$/, '') ?? facet(host, 'snapshot.directories').from;
  const names = [...new Set(orphans.map((orphan) => orphan.snapshotter))];
  return {
    title: `${count(orphans.length, 'folder')} of snapshotter ${named(names)} belong to no snapshot`,
    outcome: 'warn',
    confidence: sureness(host),
    object: { layer: 'snapshot', namespace: null, kind: 'snapshotter', id: snapshotter, name: null },
    evidence: [
      {
        layer: 'snapshot',
        source: store,
        field: 'folders without a record',
        value: named(orphans.map(({ name }) => name)),
        at: readAt(host, 'snapshot.directories'),
      },
      noRecord(host, snapshotter, 'of these'),
    ],
    why: 'So many without a record point at a database that was replaced by an older or a new one, while the folders are those of the earlier.',
    impact:
      'They take their place on the disk. Should the database have been replaced by mistake, they are the layers that are left, and the next removal of any image or container deletes them for good.',
    next: [
      {
        text: 'see when the database was made, and whether an earlier one lies somewhere; remove no image and no container before that is known',
        command: `ls -l --full-time ${shellWord(store.replace(/\/[^/]*$/, ''))}`,
        effect: 'reads',
      },
      ...stepsAbout(snapshotter, store).slice(1),
    ],
    references: ['https://github.com/containerd/containerd/issues/13416'],
  };
}

function noRecord(host: HostSnapshot, snapshotter: string, field: string): Claim['evidence'][number] {
  const database = items(host, 'metadata.databases').find(({ owner }) => owner === snapshotter);
  return {
    layer: 'metadata',
    source: database?.path ?? facet(host, 'metadata.backends').from,
    field,
    value: 'no snapshot of that number',
    at: readAt(host, 'metadata.backends'),
  };
}
