import { Leases } from '../../gen/containerd/services/leases/v1/leases_pb.js';
import type { Lease } from '../../host/containerd.ts';
import { namespaceName } from '../../host/ids.ts';
import type { CallOptions, Connection } from './connection.ts';
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
