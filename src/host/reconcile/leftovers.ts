/** What only one of the two has: leases, snapshots and folders that nothing of Docker answers to. */
import type { Lease, Snapshot } from '../containerd.ts';
import type { Evidence } from '../finding.ts';
import { LEASE_EXPIRY } from '../kinds/leases.ts';
import { isUnknown, type Observed, seenValue, type Unknown } from '../observed.ts';
import type { FacetName } from '../snapshot.ts';
import { bookOf } from './book.ts';
import { configBook, imageLease } from './images.ts';
import { NO_PART } from './layers.ts';
import { isContainerId, type Owners, ownerOf, ownersOf } from './owners.ts';
import { type Check, evidenceOf, type ReconcileRow, rowOf, unread } from './row.ts';
import { isFresh, type Stage } from './stage.ts';
import { type StorageBooks, storageBooks } from './storage.ts';

export const LEFTOVER_WANTS: readonly FacetName[] = [
  'docker.containers',
  'docker.containerRecords',
  'docker.images',
  'docker.imageConfigs',
  'docker.layerMounts',
  'docker.graphDirectories',
  'containerd.leases',
  'containerd.leaseResources',
  'containerd.snapshots',
];

/** While a container is made, its lease and snapshot are there before Docker lists it; some snapshotters copy for that. */
const CREATE_MS = 60_000;

/** Rows for what has no owner, and for leases that are of no image and no container. */
export const leftoverRows = (stage: Stage): readonly ReconcileRow[] => {
  const books: Books = { ...ownersOf(stage), ...storageBooks(stage) };
  return [
    ...imageLeaseRows(stage, books),
    ...snapshotRows(stage, books),
    ...leaseRows(stage, books),
    ...mountRows(stage, books),
  ];
};

interface Books extends Owners, StorageBooks {}

// An image of any graphdriver on the disk owns its lease, and one that Docker lists; its list may not be all that it has.
function imageLeaseRows(stage: Stage, { leases }: Books): ReconcileRow[] {
  const { host, mode, silent, filesDecide, shared } = stage;
  const configs = configBook(stage);
  const listed = bookOf(host, 'docker.images', { keys: ({ id }) => [id], kinds: ['image'], silent });
  const prefix = imageLease('');
  return leases.items.flatMap((lease): ReconcileRow[] => {
    if (!lease.id.startsWith(prefix)) return [];
    const imageId = lease.id.slice(prefix.length);
    const config = configs.look(imageId);
    const image = listed.look(imageId);
    // With containerd's store the list is of other images.
    const decides = mode.state !== 'seen' || (mode.value === 'graphdriver' && !filesDecide);
    if (config.state === 'seen' || (decides && image.state === 'seen')) return [];
    const says = evidenceOf('docker', config, `image config ${imageId}`, () => '', 'no such file');
    const facts: readonly Observed<unknown>[] = [config, mode, ...(decides ? [image] : [])];
    const doubt: Unknown | undefined = facts.find(isUnknown) ?? shared;
    const checks: Check[] = [
      doubt === undefined
        ? { rule: isFresh(host, lease.createdAt) ? 'changing' : 'lease-leaked', docker: says }
        : unread(doubt, 'whether its image is there'),
    ];
    return [leaseRow(stage, leases, lease, checks, `no image ${imageId}`)];
  });
}

function snapshotRows(stage: Stage, books: Books): ReconcileRow[] {
  return books.snapshots.items.flatMap((snapshot): ReconcileRow[] => {
    if (snapshot.kind !== 'Active' || !isContainerId(snapshot.key)) return [];
    const { snapshotter, key } = snapshot;
    const lease = books.leases.look(key);
    // Told with the lease that keeps it.
    if (lease.state === 'seen') return [];
    const owned = ownerCheck(stage, books, key, snapshot, 'snapshot-leaked');
    if (owned === undefined) return [];
    const check = isUnknown(lease) ? unread(lease, 'whether a lease keeps it') : owned;
    const evidence = [
      ...snapshotEvidence(books, snapshot),
      ...evidenceOf('containerd', lease, `lease ${key}`, () => 'keeps it', 'none'),
    ];
    const containerd = { has: true, says: `a snapshot of ${snapshotter}`, evidence };
    const name = `${snapshotter}/${key}`;
    const object = { kind: 'snapshot', namespace: stage.namespace, name, id: name } as const;
    return [rowOf(object, { docker: ownerSide(check), containerd }, [check])];
  });
}

function snapshotEvidence({ snapshots }: Books, { snapshotter, key, parent }: Snapshot): readonly Evidence[] {
  const found = snapshots.look(`${snapshotter}/${key}`);
  return evidenceOf('snapshot', found, `${snapshotter} ${key}`, () => `Active on ${parent ?? 'nothing'}`);
}

function leaseRows(stage: Stage, books: Books): ReconcileRow[] {
  return books.leases.items.flatMap((lease): ReconcileRow[] => {
    if (lease.id.startsWith(imageLease(''))) return [];
    if (!isContainerId(lease.id))
      return [leaseRow(stage, books.leases, lease, [{ rule: 'lease-operation' }], 'no object of its own')];
    const check = ownerCheck(stage, books, lease.id, lease, 'lease-leaked');
    if (check === undefined) return [];
    const kept = books.snapshots.items.filter(({ key }) => key === lease.id);
    const containerd = kept.flatMap((snapshot) => snapshotEvidence(books, snapshot));
    return [leaseRow(stage, books.leases, lease, [{ ...check, containerd }], 'no such container')];
  });
}

function leaseRow(
  { namespace, host }: Stage,
  leases: Books['leases'],
  lease: Lease,
  checks: readonly Check[],
  without: string,
): ReconcileRow {
  const { id, createdAt, labels } = lease;
  const expiry = labels[LEASE_EXPIRY] ?? 'never';
  const value = `made ${createdAt ?? 'some time ago'}, expires ${expiry}`;
  const evidence = [
    { layer: 'containerd', source: leases.look(id).from, field: `lease ${id}`, value, at: host.at },
  ] as const;
  const known = checks.every(({ rule }) => rule !== 'unread');
  return rowOf(
    { kind: 'lease', namespace, name: id, id },
    {
      docker: known ? { has: false, says: without, evidence: [] } : undefined,
      containerd: { has: true, says: 'a lease', evidence },
    },
    checks,
  );
}

function mountRows(stage: Stage, books: Books): ReconcileRow[] {
  return books.mounts.items.flatMap((mount): ReconcileRow[] => {
    const { driver, containerId: id } = mount;
    if (!isContainerId(id)) return []; // of a build
    // Nobody writes down when it was made, but its folder is as old.
    const directory = books.directories.look(`${driver}/${mount.mountId ?? ''}`);
    const createdAt = seenValue(directory)?.modifiedAt ?? null;
    const check = ownerCheck(stage, books, id, { createdAt, labels: {} }, 'mount-leaked');
    if (check === undefined) return [];
    const found = books.mounts.look(`${driver}/${id}`);
    const evidence = evidenceOf('docker', found, `layerdb/mounts/${id}`, ({ mountId }) => mountId ?? 'empty');
    const object = { kind: 'mount', namespace: null, name: `${driver}/${id}`, id } as const;
    const docker = { has: true, says: `a writable layer of ${driver}`, evidence };
    return [rowOf(object, { docker, containerd: NO_PART }, [check])];
  });
}

// Undefined where Docker has the container: then this is part of its row.
function ownerCheck(
  stage: Stage,
  books: Books,
  id: string,
  { createdAt, labels }: Pick<Snapshot, 'createdAt' | 'labels'>,
  rule: 'snapshot-leaked' | 'lease-leaked' | 'mount-leaked',
): Check | undefined {
  const owner = ownerOf(books, stage, id);
  if (owner.state === 'seen') return undefined;
  if (isUnknown(owner)) return unread(owner, 'whether Docker has the container');
  if (isFresh(stage.host, createdAt, CREATE_MS)) return { rule: 'changing' };
  // It goes by itself.
  if (labels[LEASE_EXPIRY] !== undefined) return { rule: 'lease-operation' };
  return { rule, docker: evidenceOf('docker', owner, `container ${id}`, () => '', 'Docker has none') };
}

function ownerSide({ rule }: Check): ReconcileRow['docker'] {
  return rule === 'unread' ? undefined : { has: false, says: 'no such container', evidence: [] };
}
