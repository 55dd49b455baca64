import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { anyPack, timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

import { TaskPausedSchema, TaskResumedSchema } from '../../src/gen/containerd/events/task_pb.js';
import { Containers } from '../../src/gen/containerd/services/containers/v1/containers_pb.js';
import { Events } from '../../src/gen/containerd/services/events/v1/events_pb.js';
import { Introspection } from '../../src/gen/containerd/services/introspection/v1/introspection_pb.js';
import { Namespaces } from '../../src/gen/containerd/services/namespaces/v1/namespaces_pb.js';
import { Tasks } from '../../src/gen/containerd/services/tasks/v1/tasks_pb.js';
import { Version } from '../../src/gen/containerd/services/version/v1/version_pb.js';
import { EnvelopeSchema } from '../../src/gen/containerd/types/event_pb.js';
import { type ProcessSchema, Status } from '../../src/gen/containerd/v1/types/task_pb.js';

/** As much of a containerd as tasks need, with as many events as anybody wants. */
export type FakeContainerd = AsyncDisposable & {
  /** Pauses a task that runs, or resumes one that is paused, and says so. */
  readonly toggle: (task: number) => void;
  /** Says something of a topic and payload of its own. */
  readonly say: (topic: string, typeUrl: string, value: Uint8Array) => void;
  /** How often each `Service/Method` was called. */
  readonly calls: () => Readonly<Record<string, number>>;
  /** Task ids that are paused. */
  readonly paused: () => readonly string[];
  readonly subscribers: () => number;
};

export const NAMESPACE = 'busy';
const UNIX_SOCKET = 'unix:';

export const taskId = (task: number): string => `task-${task}`;

export const startFakeContainerd = async (path: string, tasks: number): Promise<FakeContainerd> => {
  const server = new Server();
  const calls = new Map<string, number>();
  const paused = new Set<number>();
  const subscribers = new Set<ServerWritableStream<Buffer, Buffer>>();
  const count = (name: string): void => {
    calls.set(name, (calls.get(name) ?? 0) + 1);
  };
  const ids = Array.from({ length: tasks }, (_, i) => taskId(i));
  const process = (id: string, i: number): MessageInitShape<typeof ProcessSchema> => ({
    id,
    containerId: id,
    pid: 1000 + i,
    status: paused.has(i) ? Status.PAUSED : Status.RUNNING,
  });
  const handlers: readonly (readonly [DescMethodUnary, (request: never) => unknown])[] = [
    unary(Version.method.version, () => ({ version: 'v0.0.0', revision: 'fake' })),
    unary(Introspection.method.plugins, () => ({})),
    unary(Namespaces.method.list, () => ({ namespaces: [{ name: NAMESPACE }] })),
    unary(Namespaces.method.get, ({ name }) => ({ namespace: { name } })),
    unary(Containers.method.list, () => ({ containers: ids.map((id) => ({ id })) })),
    unary(Containers.method.get, ({ id }) => ({ container: { id } })),
    unary(Tasks.method.list, () => ({ tasks: ids.map(process) })),
    unary(Tasks.method.get, ({ containerId }) => {
      const i = ids.indexOf(containerId);
      return i < 0 ? undefined : { process: process(containerId, i) };
    }),
  ];
  const services = new Map<
    string,
    { definition: ServiceDefinition; handlers: UntypedServiceImplementation }
  >();
  const add = (
    method: DescMethodUnary | DescMethodServerStreaming,
    handler: UntypedServiceImplementation[string],
  ): void => {
    const { typeName } = method.parent;
    const service = services.get(typeName) ?? { definition: {}, handlers: {} };
    services.set(typeName, service);
    Object.assign(service.definition, {
      [method.name]: {
        path: `/${typeName}/${method.name}`,
        requestStream: false,
        responseStream: method.methodKind === 'server_streaming',
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    });
    Object.assign(service.handlers, { [method.name]: handler });
  };
  for (const [method, answer] of handlers) {
    add(method, (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      count(`${method.parent.name}/${method.name}`);
      const reply = answer(fromBinary(method.input, call.request) as never);
      if (reply === undefined) done({ code: status.NOT_FOUND, details: 'there is none' });
      else done(null, bytesOf(method.output, reply as MessageInitShape<DescMessage>));
    });
  }
  add(Events.method.subscribe, (call: ServerWritableStream<Buffer, Buffer>) => {
    count('Events/Subscribe');
    subscribers.add(call);
    call.on('cancelled', () => subscribers.delete(call));
  });
  for (const { definition, handlers: own } of services.values()) server.addService(definition, own);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`${UNIX_SOCKET}${path}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  const say = (topic: string, event: MessageInitShape<typeof EnvelopeSchema>['event']): void => {
    const envelope = {
      timestamp: timestampFromMs(Date.now()),
      namespace: NAMESPACE,
      topic,
      ...(event === undefined ? {} : { event }),
    };
    const bytes = bytesOf(EnvelopeSchema, envelope);
    for (const subscriber of subscribers) subscriber.write(bytes);
  };
  return {
    toggle: (task) => {
      const wasPaused = paused.delete(task);
      if (!wasPaused) paused.add(task);
      const schema = wasPaused ? TaskResumedSchema : TaskPausedSchema;
      const { typeUrl, value } = anyPack(schema, create(schema, { containerId: taskId(task) }));
      say(wasPaused ? '/tasks/resumed' : '/tasks/paused', { typeUrl: typeUrl.replace(/^.*\//, ''), value });
    },
    say: (topic, typeUrl, value) => say(topic, { typeUrl, value }),
    calls: () => Object.fromEntries(calls),
    paused: () => [...paused].map(taskId).toSorted(),
    subscribers: () => subscribers.size,
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
};

const asIs = (bytes: Buffer): Buffer => bytes;

const bytesOf = <D extends DescMessage>(schema: D, message: MessageInitShape<D>): Buffer =>
  Buffer.from(toBinary(schema, create(schema, message)));

const unary = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  answer: (request: MessageShape<I>) => MessageInitShape<O> | undefined,
): readonly [DescMethodUnary, (request: never) => unknown] => [method, answer as (request: never) => unknown];
