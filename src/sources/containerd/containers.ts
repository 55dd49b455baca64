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
import { eachListed } from './lists.ts';
import { timestamp } from './time.ts';

type InNamespace = CallOptions & { readonly namespace: string };

/**
 * Containers.List; where the reply is over the message limit, Containers.ListStream, which has none. List comes first
 * because a message for each container costs several times the time of one for all.
 * Only the record is kept: specs are read for those that somebody looks at.
 */
export const listContainers = async (connection: Connection, options: InNamespace): Promise<Container[]> => {
  const containers: Container[] = [];
  await eachContainer(connection, options, (message) => {
    containers.push(record(message, options.namespace));
  });
  return containers;
};

// From here on one list is cheaper than asking for each.
const MANY = 32;
const GETS_IN_FLIGHT = 16;

/** Specs, runtime options and extensions of some containers of a namespace; those that are gone are left out. */
export const readBodies = async (
  connection: Connection,
  ids: readonly string[],
  options: InNamespace,
): Promise<ContainerBody[]> => {
  const bodies: ContainerBody[] = [];
  if (ids.length > MANY) {
    const wanted = new Set(ids);
    const messages: ContainerMessage[] = [];
    await eachContainer(connection, options, (message) => {
      if (wanted.has(message.id)) messages.push(message);
    });
    for (const message of messages) bodies.push(await bodyOf(message, options.namespace));
    return bodies;
  }
  const entries = ids.values();
  const failures: CallFailure[] = [];
  const worker = async (): Promise<void> => {
    for (const id of entries) {
      try {
        const message = await getContainer(connection, id, options);
        if (message !== undefined) bodies.push(await bodyOf(message, options.namespace));
      } catch (error) {
        // One record that cannot be read, such as one over the message limit, is no reason to show none.
        if (!(error instanceof CallFailure)) throw error;
        failures.push(error);
        bodies.push(unreadBody(id, options.namespace, error));
      }
    }
  };
  await Promise.all(Array.from({ length: GETS_IN_FLIGHT }, worker));
  if (failures[0] !== undefined && failures.length === ids.length) throw failures[0];
  return bodies;
};

/** A body of which nothing could be read, for this reason. */
export const unreadBody = (id: string, namespace: string, error: CallFailure): ContainerBody => {
  const from = `Containers.Get ${namespace}/${id}`;
  const fact = unknown(error.state, from, error.message, new Date().toISOString(), error.ms);
  return {
    namespace: namespaceName(namespace),
    id: containerId(id),
    spec: fact,
    runtimeOptions: fact,
    extensions: {},
  };
};

/** Containers.Get: the record as {@link listContainers} gives it, undefined when there is none. @throws CallFailure */
export const readContainer = async (
  connection: Connection,
  id: string,
  options: InNamespace,
): Promise<Container | undefined> => {
  const message = await getContainer(connection, id, options);
  return message === undefined ? undefined : record(message, options.namespace);
};

async function eachContainer(
  connection: Connection,
  options: InNamespace,
  take: (message: ContainerMessage) => void,
): Promise<void> {
  try {
    const reply = await connection.unary(Containers.method.list, {}, options);
    for (const container of reply.containers) take(container);
    return;
  } catch (error) {
    if (!(error instanceof CallFailure) || error.code !== STATUS.RESOURCE_EXHAUSTED) throw error;
  }
  const { listStream } = Containers.method;
  await eachListed(
    connection,
    listStream,
    {},
    options,
    ({ container }) => (container === undefined ? [] : [container]),
    take,
  );
}

async function getContainer(
  connection: Connection,
  id: string,
  options: InNamespace,
): Promise<ContainerMessage | undefined> {
  try {
    return (await connection.unary(Containers.method.get, { id }, options)).container;
  } catch (error) {
    if (error instanceof CallFailure && error.code === STATUS.NOT_FOUND) return undefined;
    throw error;
  }
}

async function bodyOf(message: ContainerMessage, namespace: string): Promise<ContainerBody> {
  const from = `Containers.Get ${namespace}/${message.id}`;
  return {
    namespace: namespaceName(namespace),
    id: containerId(message.id),
    spec: await payload(message.spec, `${from} spec`),
    runtimeOptions: await payload(message.runtime?.options, `${from} runtime.options`),
    extensions: Object.fromEntries(
      await Promise.all(
        Object.entries(message.extensions).map(
          async ([key, any]) => [key, await payload(any, `${from} extensions.${key}`)] as const,
        ),
      ),
    ),
  };
}

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
