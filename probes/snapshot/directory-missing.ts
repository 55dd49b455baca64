/** Has every snapshot its folder? */
import type { Claim, Probe } from '../../src/host/finding.ts';
import { items } from '../../src/host/kinds/listing.ts';
import { openQuestion, readAt } from '../../src/host/listing-gaps.ts';
import { isUnknown, seenValue } from '../../src/host/observed.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { type Dependants, dependantsOf } from '../../src/host/snapshot-dependants.ts';
import type { SnapshotBackend, SnapshotRecord } from '../../src/host/storage.ts';
import { shellWord } from '../../src/text/shell.ts';
import { count } from '../../src/text/units.ts';
import { ctr, isFresh, named, oneOrEach, outdated, sureness } from '../storage-claims.ts';

/** Snapshotters that keep each snapshot in a folder called by its number. */
const BY_NUMBER = new Set(['overlayfs', 'native', 'erofs']);

interface Lost {
  readonly record: SnapshotRecord;
  readonly backend: SnapshotBackend;
  /** Where its folder would be; null where no other folder tells. */
  readonly path: string | null;
}

export const directoryMissing: Probe = {
  id: 'snapshot-dir-missing',
  title: 'every snapshot has its folder',
  explain: `The overlay snapshotter keeps a snapshot in snapshots/NUMBER, and its database knows the number. "ctr snapshot ls" and "usage" read that database alone, so a snapshot whose folder is gone is listed and has a size; whoever then mounts it or a child of it is told "failed to stat parent: no such file or directory".

Folders go by hand, by a cleaner of disks, or with a disk that loses data. Do not remove snapshots to free a disk: each is a layer of others.`,
  wants: [
    'metadata.snapshots',
    'snapshot.directories',
    'containerd.snapshots',
    'containerd.containers',
    'containerd.images',
    'containerd.content',
    'containerd.manifests',
    'metadata.databases',
    'containerd.endpoint',
  ],
  needs: ['metadata.snapshots', 'snapshot.directories'],
  run: (host) => {
    if (facet(host, 'metadata.snapshots').state === 'absent') {
      return { outcome: 'skip', reason: 'there is no meta.db that records snapshots' };
    }
    const old = outdated(host);
    if (old !== undefined) return { outcome: 'skip', reason: old };
    const { lost, open } = lostOf(host);
    if (lost.length > 0) {
      return {
        outcome: 'claims',
        claims: oneOrEach(
          lost,
          (each) => oneLost(host, each, dependantsOf(host, each.record)),
          (all) => manyLost(host, all),
        ),
      };
    }
    return open === undefined
      ? { outcome: 'pass', reason: 'every snapshot has its folder' }
      : { outcome: 'skip', reason: open };
  },
};

function lostOf(host: HostSnapshot): { lost: Lost[]; open: string | undefined } {
  const directories = items(host, 'snapshot.directories');
  const there = new Set(directories.map(({ snapshotter, name }) => `${snapshotter}/${name}`));
  const at = readAt(host, 'snapshot.directories');
  let open = openQuestion(host, 'metadata.snapshots');
  const lost = items(host, 'metadata.snapshots').flatMap((record): Lost[] => {
    if (!BY_NUMBER.has(record.snapshotter)) return [];
    if (isUnknown(record.backend))
      open ??= `the snapshotter's record of ${record.key}: ${record.backend.why}`;
    const backend = seenValue(record.backend);
    if (backend === undefined) return [];
    if (there.has(`${record.snapshotter}/${backend.id}`)) return [];
    const hidden =
      openQuestion(host, 'snapshot.directories', { id: record.snapshotter }) ??
      openQuestion(host, 'snapshot.directories', { id: `${record.snapshotter}/${backend.id}` });
    open ??= hidden;
    if (hidden !== undefined || isFresh(host, backend.createdAt, at)) return [];
    const sibling = directories.find(({ snapshotter }) => snapshotter === record.snapshotter);
    const folder = sibling?.path.slice(0, -sibling.name.length);
    return [{ record, backend, path: folder === undefined ? null : `${folder}${backend.id}` }];
  });
  return { lost, open };
}

function oneLost(host: HostSnapshot, { record, backend, path }: Lost, hit: Dependants): Claim {
  const { namespace, snapshotter, key } = record;
  return {
    title: `folder ${backend.id} of snapshot ${key} (${namespace}, ${snapshotter}) is gone`,
    outcome: 'fail',
    confidence: sureness(host),
    object: { layer: 'snapshot', namespace, kind: 'snapshot', id: key, name: null },
    recordedAt: [backend.createdAt],
    evidence: [
      {
        layer: 'metadata',
        source: record.backend.from,
        field: record.name,
        value: `${backend.kind}, number ${backend.id}`,
        at: readAt(host, 'metadata.snapshots'),
      },
      {
        layer: 'snapshot',
        source: path ?? facet(host, 'snapshot.directories').from,
        field: `folder ${backend.id}`,
        value: 'not there',
        at: readAt(host, 'snapshot.directories'),
      },
    ],
    why: "The snapshotter's database has the snapshot and its folder is not there: it was removed or moved past containerd, or lost by the disk.",
    impact: impactOf(hit),
    next: [
      {
        text: 'see what the kernel says of the disk, and whether another disk should be mounted there',
        command: `dmesg --level err,warn | tail -n 50${path === null ? '' : `; findmnt -T ${shellWord(path.slice(0, path.lastIndexOf('/')))}`}`,
        effect: 'reads',
      },
      {
        text: 'see what stands on it',
        command: ctr(host, namespace, 'snapshots', '--snapshotter', snapshotter, 'tree'),
        effect: 'reads',
      },
      {
        text: `put the folder back where it was moved from${path === null ? '' : `, as ${path}`}: nothing else heals what runs on it`,
        command: null,
        effect: 'writes',
      },
      {
        text: hit.images.length === 0 ? lastResort('the snapshot') : lastResort(named(hit.images)),
        command: null,
        effect: 'disrupts',
      },
    ],
    references: ['https://github.com/containerd/containerd/issues/13416'],
  };
}

function lastResort(what: string): string {
  return `otherwise remove the containers that stand on it, then ${what}, and pull again: a pull alone unpacks nothing while the record is there`;
}

function impactOf({ children, containers, images }: Dependants): string {
  const parts = [
    ...(containers.length === 0
      ? []
      : [
          `${count(containers.length, 'container')} (${named(containers)}) cannot be started again; one that runs holds what it has mounted and may miss files`,
        ]),
    ...(images.length === 0 ? [] : [`no new container can be made of ${named(images)}`]),
    ...(children > 0 ? [`${count(children, 'snapshot')} above it cannot be mounted`] : []),
  ];
  if (parts.length === 0) return 'Nothing stands on it: only mounting this snapshot fails.';
  const text = parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}. All else works.`;
}

function manyLost(host: HostSnapshot, lost: readonly Lost[]): Claim {
  const snapshotters = [...new Set(lost.map(({ record }) => record.snapshotter))];
  const folder = lost.find(({ path }) => path !== null)?.path ?? null;
  const where =
    folder === null ? facet(host, 'snapshot.directories').from : folder.slice(0, folder.lastIndexOf('/'));
  return {
    title: `the folders of ${count(lost.length, 'snapshot')} (${named(snapshotters)}) are gone`,
    outcome: 'fail',
    confidence: sureness(host),
    object: {
      layer: 'snapshot',
      namespace: null,
      kind: 'snapshotter',
      id: snapshotters[0] ?? '',
      name: null,
    },
    evidence: [
      {
        layer: 'metadata',
        source: lost[0]?.record.backend.from ?? 'metadata.db',
        field: 'without a folder',
        value: named(lost.map(({ record, backend }) => `${backend.id} (${record.key})`)),
        at: readAt(host, 'metadata.snapshots'),
      },
      {
        layer: 'snapshot',
        source: where,
        field: 'folders',
        value: `${lost.length} of those recorded are not there`,
        at: readAt(host, 'snapshot.directories'),
      },
    ],
    why: 'So many at once were not lost one by one: the folder was emptied, replaced or not mounted, or the database is of another time than the folders.',
    impact:
      'Containers on them cannot be started again, and none can be made of the images they belong to; what runs holds what it has mounted.',
    next: [
      {
        text: 'see what is mounted there, and whether it should be something else',
        command: `findmnt -T ${shellWord(where)}`,
        effect: 'reads',
      },
      {
        text: 'put the folders back from where they went, before anything is removed or pulled',
        command: null,
        effect: 'writes',
      },
    ],
    references: ['https://github.com/containerd/containerd/issues/13416'],
  };
}
