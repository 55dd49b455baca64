import { type Info, Kind, Snapshots } from '../../gen/containerd/services/snapshots/v1/snapshots_pb.js';
import type { Snapshot, SnapshotKind } from '../../host/containerd.ts';
import { namespaceName, snapshotKey } from '../../host/ids.ts';
import type { CallOptions, Connection } from './connection.ts';
import { CallFailure, STATUS } from './failure.ts';
import { eachListed } from './lists.ts';
import { timestamp } from './time.ts';

const KINDS: Readonly<Record<Kind, SnapshotKind>> = {
  [Kind.UNKNOWN]: 'Unknown',
  [Kind.VIEW]: 'View',
  [Kind.ACTIVE]: 'Active',
  [Kind.COMMITTED]: 'Committed',
};

type InNamespace = CallOptions & { readonly namespace: string };

/** Snapshots.List of one snapshotter in one namespace. */
export const listSnapshots = async (
  connection: Connection,
  snapshotter: string,
  options: InNamespace,
): Promise<Snapshot[]> => {
  const snapshots: Snapshot[] = [];
  const take = (info: Info): void => void snapshots.push(record(info, snapshotter, options.namespace));
  await eachListed(connection, Snapshots.method.list, { snapshotter }, options, ({ info }) => info, take);
  return snapshots;
};

/** Snapshots.Stat: the snapshot as {@link listSnapshots} gives it, undefined when there is none. @throws CallFailure */
export const readSnapshot = async (
  connection: Connection,
  snapshotter: string,
  key: string,
  options: InNamespace,
): Promise<Snapshot | undefined> => {
  try {
    const { info } = await connection.unary(Snapshots.method.stat, { snapshotter, key }, options);
    return info === undefined ? undefined : record(info, snapshotter, options.namespace);
  } catch (error) {
    if (error instanceof CallFailure && error.code === STATUS.NOT_FOUND) return undefined;
    throw error;
  }
};

/**
 * Snapshots.Usage: what the snapshot takes without its parents, undefined when it is gone. Of a committed one it is a
 * record; for any other, most snapshotters walk its folder.
 * @throws CallFailure
 */
export const readUsage = async (
  connection: Connection,
  { snapshotter, key }: Pick<Snapshot, 'snapshotter' | 'key'>,
  options: InNamespace,
): Promise<{ readonly size: bigint; readonly inodes: bigint } | undefined> => {
  try {
    const { size, inodes } = await connection.unary(Snapshots.method.usage, { snapshotter, key }, options);
    return { size, inodes };
  } catch (error) {
    if (error instanceof CallFailure && error.code === STATUS.NOT_FOUND) return undefined;
    throw error;
  }
};

function record(info: Info, snapshotter: string, namespace: string): Snapshot {
  return {
    namespace: namespaceName(namespace),
    snapshotter,
    key: snapshotKey(info.name),
    parent: info.parent === '' ? null : snapshotKey(info.parent),
    kind: KINDS[info.kind] ?? 'Unknown',
    labels: info.labels,
    createdAt: timestamp(info.createdAt),
    updatedAt: timestamp(info.updatedAt),
  };
}
