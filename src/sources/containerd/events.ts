/** containerd's event stream: what happens, in every namespace, with each payload decoded by its type URL. */
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import {
  ContainerCreateSchema,
  ContainerDeleteSchema,
  ContainerUpdateSchema,
} from '../../gen/containerd/events/container_pb.js';
import { ContentCreateSchema, ContentDeleteSchema } from '../../gen/containerd/events/content_pb.js';
import {
  NamespaceCreateSchema,
  NamespaceDeleteSchema,
  NamespaceUpdateSchema,
} from '../../gen/containerd/events/namespace_pb.js';
import {
  SandboxCreateSchema,
  SandboxExitSchema,
  SandboxStartSchema,
} from '../../gen/containerd/events/sandbox_pb.js';
import {
  SnapshotCommitSchema,
  SnapshotPrepareSchema,
  SnapshotRemoveSchema,
} from '../../gen/containerd/events/snapshot_pb.js';
import {
  TaskCheckpointedSchema,
  TaskCreateSchema,
  TaskDeleteSchema,
  TaskExecAddedSchema,
  TaskExecStartedSchema,
  type TaskExit,
  TaskExitSchema,
  TaskOOMSchema,
  TaskPausedSchema,
  TaskResumedSchema,
  TaskStartSchema,
} from '../../gen/containerd/events/task_pb.js';
import { Events } from '../../gen/containerd/services/events/v1/events_pb.js';
import {
  ImageCreateSchema,
  ImageDeleteSchema,
  ImageUpdateSchema,
} from '../../gen/containerd/services/images/v1/events_pb.js';
import type { Envelope } from '../../gen/containerd/types/event_pb.js';
import { type EventDetails, type EventObject, type HostEvent, ofTopic } from '../../host/event.ts';
import type { Connection } from './connection.ts';
import { timestamp } from './time.ts';

/** A stream lives until somebody ends it, however long nothing happens. */
const FOREVER_MS = Number.POSITIVE_INFINITY;
/** What containerd and its shims send is a few hundred bytes; a larger payload is somebody's own. */
const MOST_BYTES = 64 << 10;
const MOST_NAME = 256;

/**
 * Events.Subscribe until the signal aborts. The server does not say when the subscription begins, and containerd keeps no
 * events: what happened before must be read from the lists, after a call that was answered on the same connection.
 * @param filters containerd's own; an event that passes any of them comes, without any all do
 * @throws CallFailure when the stream breaks
 */
export async function* watchEvents(
  connection: Connection,
  filters: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<HostEvent, void, undefined> {
  const options = { deadlineMs: FOREVER_MS, signal };
  const stream = connection.stream(Events.method.subscribe, { filters: [...filters] }, options);
  for await (const envelope of stream) yield eventOf(envelope);
}

/** One envelope as an event. A payload that cannot be decoded is told by its type and size. */
export const eventOf = (envelope: Envelope): HostEvent => {
  const topic = envelope.topic.slice(0, MOST_NAME);
  const { type } = ofTopic(topic);
  const { object, details } = payloadOf(envelope.event);
  return {
    at: timestamp(envelope.timestamp) ?? new Date().toISOString(),
    type,
    source: 'containerd',
    namespace: envelope.namespace === '' ? null : envelope.namespace,
    object,
    details,
    topic,
  };
};

interface Payload {
  readonly object: EventObject | null;
  readonly details: EventDetails;
}

type Decoder = (bytes: Uint8Array) => Payload;

// A message by its full name, which is the type URL that containerd gives it.
function decoder<D extends DescMessage>(
  schema: D,
  kind: string,
  idOf: (message: MessageShape<D>) => string,
  details: (message: MessageShape<D>) => EventDetails = () => ({}),
): readonly [typeUrl: string, decode: Decoder] {
  return [
    schema.typeName,
    (bytes) => {
      const message = fromBinary(schema, bytes);
      return { object: { kind, id: idOf(message), name: null }, details: told(details(message)) };
    },
  ];
}

const byId = (message: { readonly id: string }): string => message.id;
const byName = (message: { readonly name: string }): string => message.name;
const byKey = (message: { readonly key: string }): string => message.key;
const byDigest = (message: { readonly digest: string }): string => message.digest;
const byContainer = (message: { readonly containerId: string }): string => message.containerId;
const bySandbox = (message: { readonly sandboxId: string }): string => message.sandboxId;
const labelsOf = ({ labels }: { readonly labels: Readonly<Record<string, string>> }): EventDetails => ({
  labels,
});
// `id` is the exec's; that of the init is the container's own, and 1.6 leaves it out of /tasks/delete.
const execOf = ({ id, containerId }: { readonly id: string; readonly containerId: string }): string =>
  id === containerId ? '' : id;

const DECODERS: ReadonlyMap<string, Decoder> = new Map([
  decoder(NamespaceCreateSchema, 'namespace', byName, labelsOf),
  decoder(NamespaceUpdateSchema, 'namespace', byName, labelsOf),
  decoder(NamespaceDeleteSchema, 'namespace', byName),
  decoder(ContainerCreateSchema, 'container', byId, ({ image, runtime }) => ({
    image,
    runtime: runtime?.name ?? '',
  })),
  decoder(ContainerUpdateSchema, 'container', byId, ({ image, labels, snapshotKey }) => ({
    image,
    labels,
    snapshotKey,
  })),
  decoder(ContainerDeleteSchema, 'container', byId),
  decoder(ImageCreateSchema, 'image', byName, labelsOf),
  decoder(ImageUpdateSchema, 'image', byName, labelsOf),
  decoder(ImageDeleteSchema, 'image', byName),
  decoder(ContentCreateSchema, 'blob', byDigest, ({ size, mediaType }) => ({ size, mediaType })),
  decoder(ContentDeleteSchema, 'blob', byDigest),
  decoder(SnapshotPrepareSchema, 'snapshot', byKey, ({ parent, snapshotter }) => ({ parent, snapshotter })),
  decoder(SnapshotCommitSchema, 'snapshot', byKey, ({ name, snapshotter }) => ({ name, snapshotter })),
  decoder(SnapshotRemoveSchema, 'snapshot', byKey, ({ snapshotter }) => ({ snapshotter })),
  decoder(TaskCreateSchema, 'task', byContainer, ({ pid, bundle, checkpoint, io, rootfs }) => ({
    pid,
    bundle,
    checkpoint,
    stdin: io?.stdin ?? '',
    stdout: io?.stdout ?? '',
    stderr: io?.stderr ?? '',
    terminal: io?.terminal ?? false,
    rootfs: rootfs.map(({ type, source, target, options }) => ({ type, source, target, options })),
  })),
  decoder(TaskStartSchema, 'task', byContainer, ({ pid }) => ({ pid })),
  decoder(TaskExitSchema, 'task', byContainer, (exit) => ({ execId: execOf(exit), ...exitOf(exit) })),
  decoder(TaskDeleteSchema, 'task', byContainer, (exit) => ({ execId: execOf(exit), ...exitOf(exit) })),
  decoder(TaskOOMSchema, 'task', byContainer),
  decoder(TaskExecAddedSchema, 'task', byContainer, ({ execId }) => ({ execId })),
  decoder(TaskExecStartedSchema, 'task', byContainer, ({ execId, pid }) => ({ execId, pid })),
  decoder(TaskPausedSchema, 'task', byContainer),
  decoder(TaskResumedSchema, 'task', byContainer),
  decoder(TaskCheckpointedSchema, 'task', byContainer, ({ checkpoint }) => ({ checkpoint })),
  decoder(SandboxCreateSchema, 'sandbox', bySandbox),
  decoder(SandboxStartSchema, 'sandbox', bySandbox),
  decoder(SandboxExitSchema, 'sandbox', bySandbox, ({ exitStatus, exitedAt }) => ({
    exitStatus,
    exitedAt: timestamp(exitedAt) ?? '',
  })),
]);

function exitOf({
  pid,
  exitStatus,
  exitedAt,
}: Pick<TaskExit, 'pid' | 'exitStatus' | 'exitedAt'>): EventDetails {
  return { pid, exitStatus, exitedAt: timestamp(exitedAt) ?? '' };
}

// What an event does not say is an empty text in protobuf.
function told(details: EventDetails): EventDetails {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== ''));
}

function payloadOf(any: Any | undefined): Payload {
  if (any === undefined) return { object: null, details: {} };
  const { typeUrl, value } = any;
  const decode = DECODERS.get(typeUrl.replace(/^type\.googleapis\.com\//, ''));
  const size = { payload: typeUrl.slice(0, MOST_NAME), bytes: value.length };
  if (decode === undefined || value.length > MOST_BYTES) return { object: null, details: size };
  try {
    return decode(value);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { object: null, details: { ...size, undecoded: why } };
  }
}
