/** What holds the files that a container has written: a snapshot and a lease, or a mount of layerdb and its folder. */
import type { Snapshot } from '../containerd.ts';
import type { DockerLayerMount } from '../docker-disk.ts';
import type { Evidence } from '../finding.ts';
import { isUnknown } from '../observed.ts';
import { type Book, bookOf } from './book.ts';
import { directoryCheck, type LayerBooks, layerBooks } from './layers.ts';
import { type LeaseBooks, leaseBooks } from './leases.ts';
import { type Check, unreadBeside } from './row.ts';
import type { Stage } from './stage.ts';

export interface StorageBooks extends LayerBooks, LeaseBooks {
  /** By SNAPSHOTTER/KEY. */
  readonly snapshots: Book<Snapshot>;
  /** By DRIVER/CONTAINER. */
  readonly mounts: Book<DockerLayerMount>;
}

export const storageBooks = (stage: Stage): StorageBooks => ({
  ...layerBooks(stage),
  ...leaseBooks(stage),
  snapshots: bookOf(stage.host, 'containerd.snapshots', {
    keys: ({ snapshotter, key }) => [`${snapshotter}/${key}`],
    kinds: ['snapshot'],
    only: ({ namespace }) => namespace === stage.namespace,
    namespace: stage.namespace,
  }),
  mounts: bookOf(stage.host, 'docker.layerMounts', {
    keys: ({ driver, containerId }) => [`${driver}/${containerId}`],
    kinds: ['layer mount'],
  }),
});

/** @param driver the graphdriver or snapshotter that holds it; undefined where that is not known */
export const storageChecks = (
  { mode }: Stage,
  books: StorageBooks,
  id: string,
  state: string,
  driver: string | undefined,
): readonly Check[] => {
  // Taken apart already, or about to be.
  if (state === 'dead' || state === 'removing') return [];
  if (isUnknown(mode)) return [unreadBeside(mode, 'which image store Docker uses')];
  if (mode.state === 'absent' || driver === undefined)
    return [{ rule: 'unread', detail: 'its driver', beside: true }];
  return mode.value === 'containerd' ? snapshotChecks(books, id, driver) : mountChecks(books, id, driver);
};

function snapshotChecks({ snapshots, leases, resources }: StorageBooks, id: string, driver: string): Check[] {
  const checks: Check[] = [];
  const snapshot = snapshots.look(`${driver}/${id}`);
  const says = (source: string, field: string, value: string, at: string): Evidence[] => [
    { layer: 'containerd', source, field, value, at },
  ];
  if (isUnknown(snapshot)) checks.push(unreadBeside(snapshot, 'its snapshot'));
  if (snapshot.state === 'absent') {
    const containerd = says(snapshot.from, `snapshot ${id} of ${driver}`, 'there is none', snapshot.at);
    checks.push({ rule: 'snapshot-missing', detail: driver, containerd });
  }
  const lease = leases.look(id);
  if (isUnknown(lease)) checks.push(unreadBeside(lease, 'its lease'));
  if (lease.state === 'absent') {
    const containerd = says(lease.from, `lease ${id}`, 'there is none', lease.at);
    checks.push({ rule: 'lease-missing', detail: 'there is no such lease', containerd });
  }
  if (lease.state !== 'seen' || snapshot.state !== 'seen') return checks;
  const held = resources.look(id);
  if (isUnknown(held)) return [...checks, unreadBeside(held, 'what its lease keeps')];
  const keeps = held.state === 'seen' && held.value.snapshots.some((s) => s.key === id);
  if (!keeps) {
    const containerd = says(held.from, `lease ${id}`, 'does not keep the snapshot', held.at);
    checks.push({ rule: 'lease-missing', detail: 'the lease does not keep it', containerd });
  }
  return checks;
}

function mountChecks(books: StorageBooks, id: string, driver: string): Check[] {
  const mount = books.mounts.look(`${driver}/${id}`);
  if (isUnknown(mount)) return [unreadBeside(mount, 'its writable layer')];
  const missing = (field: string, value: string): Check => ({
    rule: 'mount-missing',
    detail: value,
    docker: [{ layer: 'docker', source: mount.from, field, value, at: mount.at }],
  });
  if (mount.state === 'absent') return [missing(`mounts/${id}`, 'there is no such folder')];
  const { mountId, initId } = mount.value;
  const doubt = books.mounts.unreadField(`${driver}/${id}`, 'mountId');
  if (doubt !== undefined) return [unreadBeside(doubt, 'the folder of its writable layer')];
  if (mountId === null) return [missing(`mounts/${id}/mount-id`, 'there is no such file')];
  return [mountId, initId].flatMap((directory) => {
    const check =
      directory === null ? undefined : directoryCheck(books, driver, directory, 'mount-directory-missing');
    return check === undefined ? [] : [check];
  });
}
