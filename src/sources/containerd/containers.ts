import type { Any } from '@bufbuild/protobuf/wkt';
import {
  type Container as ContainerMessage,
  Containers,
} from '../../gen/containerd/services/containers/v1/containers_pb.js';
import type { Container, ContainerBody } from '../../host/containerd.ts';
import { containerId, namespaceName, snapshotKey } from '../../host/ids.ts';
import { absent, type Observed, seen, unknown } from '../../host/observed.ts';
import { decodeAny } from './any.ts';
import type { CallOptions, Connection } from './connection.ts';
import { CallFailure, STATUS } from './failure.ts';
import { timestamp } from './time.ts';

type InNamespace = CallOptions & { readonly namespace: string };

/**
 * Containers.ListStream, so that no number of containers meets the message limit; a daemon without it is asked with List.
 * Only the record is kept: specs are read one by one, for those that somebody looks at.
 */
export const listContainers = async (connection: Connection, options: InNamespace): Promise<Container[]> => {
  const containers: Container[] = [];
  try {
    for await (const { container } of connection.stream(Containers.method.listStream, {}, options)) {
      if (container !== undefined) containers.push(record(container, options.namespace));
    }
    return containers;
  } catch (error) {
    if (!(error instanceof CallFailure) || error.code !== STATUS.UNIMPLEMENTED) throw error;
  }
  const reply = await connection.unary(Containers.method.list, {}, options);
  return reply.containers.map((container) => record(container, options.namespace));
};

/** Containers.Get: the record with its spec, runtime options and extensions decoded. */
export const readContainer = async (
  connection: Connection,
  id: string,
  options: InNamespace,
): Promise<{ readonly container: Container; readonly body: ContainerBody } | undefined> => {
  const from = `Containers.Get ${options.namespace}/${id}`;
  try {
    const { container } = await connection.unary(Containers.method.get, { id }, options);
    if (container === undefined) return undefined;
    return {
      container: record(container, options.namespace),
      body: {
        namespace: namespaceName(options.namespace),
        id: containerId(id),
        spec: await payload(container.spec, `${from} spec`),
        runtimeOptions: await payload(container.runtime?.options, `${from} runtime.options`),
        extensions: Object.fromEntries(
          await Promise.all(
            Object.entries(container.extensions).map(async ([key, any]) => [
              key,
              await payload(any, `${from} extensions.${key}`),
            ]),
          ),
        ),
      },
    };
  } catch (error) {
    if (error instanceof CallFailure && error.code === STATUS.NOT_FOUND) return undefined;
    throw error;
  }
};

function record(message: ContainerMessage, namespace: string): Container {
  return {
    namespace: namespaceName(namespace),
    id: containerId(message.id),
    labels: message.labels,
    image: message.image,
    runtime: message.runtime?.name ?? '',
    snapshotter: message.snapshotter,
    snapshotKey: snapshotKey(message.snapshotKey),
    sandbox: message.sandbox,
    createdAt: timestamp(message.createdAt),
    updatedAt: timestamp(message.updatedAt),
  };
}

async function payload(any: Any | undefined, from: string): Promise<Observed<unknown>> {
  const at = new Date().toISOString();
  if (any === undefined || (any.typeUrl === '' && any.value.length === 0)) return absent(from, at);
  try {
    return seen(await decodeAny(any), from, at);
  } catch (error) {
    return unknown('failed', from, error instanceof Error ? error.message : String(error), at, 0);
  }
}
