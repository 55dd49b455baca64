import { Namespaces } from '../../gen/containerd/services/namespaces/v1/namespaces_pb.js';
import type { Namespace } from '../../host/containerd.ts';
import { namespaceName } from '../../host/ids.ts';
import type { CallOptions, Connection } from './connection.ts';

/** Namespaces.List; its filter is ignored by every version, so all come. */
export const listNamespaces = async (connection: Connection, options: CallOptions): Promise<Namespace[]> => {
  const reply = await connection.unary(Namespaces.method.list, {}, options);
  return reply.namespaces.map(({ name, labels }) => ({ name: namespaceName(name), labels }));
};

/** Namespaces.Get. One that does not exist is answered as if it had no labels. @throws CallFailure */
export const readNamespace = async (
  connection: Connection,
  name: string,
  options: CallOptions,
): Promise<Namespace> => {
  const reply = await connection.unary(Namespaces.method.get, { name }, options);
  return { name: namespaceName(name), labels: reply.namespace?.labels ?? {} };
};
