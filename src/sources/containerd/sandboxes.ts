import { Store } from '../../gen/containerd/services/sandbox/v1/store_pb.js';
import type { Sandbox } from '../../host/containerd.ts';
import { namespaceName } from '../../host/ids.ts';
import type { CallOptions, Connection } from './connection.ts';
import { listSharded } from './shards.ts';
import { timestamp } from './time.ts';

/** Store.List of the sandbox service, since 1.7; older daemons answer UNIMPLEMENTED. */
export const listSandboxes = (
  connection: Connection,
  options: CallOptions & { readonly namespace: string },
): Promise<Sandbox[]> =>
  listSharded('id', async (filters) => {
    const reply = await connection.unary(Store.method.list, { filters }, options);
    return reply.list.map((sandbox) => ({
      namespace: namespaceName(options.namespace),
      id: sandbox.sandboxId,
      runtime: sandbox.runtime?.name ?? '',
      sandboxer: sandbox.sandboxer,
      labels: sandbox.labels,
      createdAt: timestamp(sandbox.createdAt),
      updatedAt: timestamp(sandbox.updatedAt),
    }));
  });
