import { Leases, type Resource } from '../../gen/containerd/services/leases/v1/leases_pb.js';
import type { Lease } from '../../host/containerd.ts';
import { digest, namespaceName, snapshotKey } from '../../host/ids.ts';
import type { LeaseResources } from '../../host/storage.ts';
import type { CallOptions, Connection } from './connection.ts';
import { CallFailure, STATUS } from './failure.ts';
import { listSharded } from './shards.ts';
import { timestamp } from './time.ts';

/** Leases.List, in shards of ids where one reply would be over the message limit. */
export const listLeases = (
  connection: Connection,
  options: CallOptions & { readonly namespace: string },
): Promise<Lease[]> =>
  listSharded('id', async (filters) => {
    const reply = await connection.unary(Leases.method.list, { filters }, options);
    return reply.leases.map((lease) => ({
      namespace: namespaceName(options.namespace),
      id: lease.id,
      labels: lease.labels,
      createdAt: timestamp(lease.createdAt),
    }));
  });

/** Leases.ListResources: what the lease keeps, undefined when there is no such lease any more. @throws CallFailure */
export const readLeaseResources = async (
  connection: Connection,
  id: string,
  options: CallOptions & { readonly namespace: string },
): Promise<LeaseResources | undefined> => {
  try {
    const { resources } = await connection.unary(Leases.method.listResources, { id }, options);
    return leaseResources(options.namespace, id, resources);
  } catch (error) {
    if (error instanceof CallFailure && error.code === STATUS.NOT_FOUND) return undefined;
    throw error;
  }
};

/** Types are the names of the database's buckets, a snapshotter's below a slash (metadata/leases.go, ListResources). */
const SNAPSHOTS = 'snapshots/';

function leaseResources(
  namespace: string,
  lease: string,
  resources: readonly Pick<Resource, 'id' | 'type'>[],
): LeaseResources {
  const ofType = (wanted: string): string[] =>
    resources.filter(({ type }) => type === wanted).map(({ id }) => id);
  // Types that later versions add, streams and mounts, keep nothing but themselves.
  return {
    namespace: namespaceName(namespace),
    id: lease,
    content: ofType('content').map(digest),
    images: ofType('images'),
    ingests: ofType('ingests'),
    snapshots: resources.flatMap(({ type, id }) =>
      type.startsWith(SNAPSHOTS) ? [{ snapshotter: type.slice(SNAPSHOTS.length), key: snapshotKey(id) }] : [],
    ),
  };
}
