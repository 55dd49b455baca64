import { Kind, Snapshots } from '../../gen/containerd/services/snapshots/v1/snapshots_pb.js';
import type { Snapshot, SnapshotKind } from '../../host/containerd.ts';
import { namespaceName, snapshotKey } from '../../host/ids.ts';
import type { CallOptions, Connection } from './connection.ts';
import { timestamp } from './time.ts';

const KINDS: Readonly<Record<Kind, SnapshotKind>> = {
  [Kind.UNKNOWN]: 'Unknown',
  [Kind.VIEW]: 'View',
  [Kind.ACTIVE]: 'Active',
  [Kind.COMMITTED]: 'Committed',
};

/** Snapshots.List of one snapshotter in one namespace. */
export const listSnapshots = async (
  connection: Connection,
  snapshotter: string,
  options: CallOptions & { readonly namespace: string },
): Promise<Snapshot[]> => {
  const snapshots: Snapshot[] = [];
  for await (const batch of connection.stream(Snapshots.method.list, { snapshotter }, options)) {
    for (const info of batch.info) {
      snapshots.push({
        namespace: namespaceName(options.namespace),
        snapshotter,
        key: snapshotKey(info.name),
        parent: info.parent === '' ? null : snapshotKey(info.parent),
        kind: KINDS[info.kind] ?? 'Unknown',
        labels: info.labels,
        createdAt: timestamp(info.createdAt),
        updatedAt: timestamp(info.updatedAt),
      });
    }
  }
  return snapshots;
};
