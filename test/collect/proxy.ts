import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

import { SERVICES } from '../../src/sources/containerd/services.ts';

/** A containerd socket in front of another: it counts the calls, and can go away as a daemon would. */
export type RpcProxy = AsyncDisposable & {
  readonly path: string;
  /** How often each `Service/Method` was called; services by the last part of their names. */
  readonly calls: () => Readonly<Record<string, number>>;
  readonly forget: () => void;
  /** Ends every call and the socket with them. */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
};

const LIMIT = 64 << 20;
const OPTIONS = { 'grpc.max_receive_message_length': LIMIT, 'grpc.max_send_message_length': LIMIT };
const asIs = (bytes: Buffer): Buffer => bytes;

/** Listens on a path and passes every unary call and server stream on to a target. */
export const startProxy = async (path: string, target: string): Promise<RpcProxy> => {
  const client = new Client(`unix:${target}`, credentials.createInsecure(), OPTIONS);
  const calls = new Map<string, number>();
  const count = (service: string, method: string): void => {
    const name = `${service.slice(service.lastIndexOf('.') + 1)}/${method}`;
    calls.set(name, (calls.get(name) ?? 0) + 1);
  };
  let server: Server | undefined;
  const start = async (): Promise<void> => {
    server = new Server(OPTIONS);
    for (const { definition, handlers } of services(client, count)) {
      if (Object.keys(definition).length > 0) server.addService(definition, handlers);
    }
    await new Promise<void>((resolve, reject) => {
      server?.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  };
  const stop = async (): Promise<void> => {
    server?.forceShutdown();
    server = undefined;
  };
  await start();
  return {
    path,
    calls: () => Object.fromEntries([...calls].toSorted()),
    forget: () => calls.clear(),
    stop,
    start,
    [Symbol.asyncDispose]: async () => {
      await stop();
      client.close();
    },
  };
};

type Service = { readonly definition: ServiceDefinition; readonly handlers: UntypedServiceImplementation };

const services = (client: Client, count: (service: string, method: string) => void): Service[] =>
  SERVICES.map(({ typeName, methods }) => {
    const plain = methods.filter(
      ({ methodKind }) => methodKind === 'unary' || methodKind === 'server_streaming',
    );
    const definition = plain.map(({ name, methodKind }) => [
      name,
      {
        path: `/${typeName}/${name}`,
        requestStream: false,
        responseStream: methodKind === 'server_streaming',
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    ]);
    const handlers = plain.map(({ name, methodKind }) => {
      const path = `/${typeName}/${name}`;
      const unary = (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void => {
        count(typeName, name);
        client.makeUnaryRequest(path, asIs, asIs, call.request, headers(call.metadata), {}, answer);
      };
      const stream = (call: ServerWritableStream<Buffer, Buffer>): void => {
        count(typeName, name);
        const behind = client.makeServerStreamRequest(path, asIs, asIs, call.request, headers(call.metadata));
        behind.on('data', (bytes: Buffer) => call.write(bytes));
        behind.on('end', () => call.end());
        behind.on('error', (error) => call.emit('error', error));
        call.on('cancelled', () => behind.cancel());
      };
      return [name, methodKind === 'unary' ? unary : stream];
    });
    return {
      definition: Object.fromEntries(definition) as ServiceDefinition,
      handlers: Object.fromEntries(handlers) as UntypedServiceImplementation,
    };
  });

const headers = (from: Metadata): Metadata => {
  const metadata = new Metadata();
  for (const value of from.get('containerd-namespace')) metadata.set('containerd-namespace', value);
  return metadata;
};
