import { createHash } from 'node:crypto';

import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';

import { Content, WriteAction } from '../../src/gen/containerd/services/content/v1/content_pb.js';

/** A bare gRPC client that may also write: it makes what ctr cannot, and reads what ctr does not print. */
export type Wire = Disposable & {
  readonly call: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    namespace?: string,
  ) => Promise<MessageShape<O>>;
  /** Puts a blob into the content store, held by its label from the start; its digest. */
  readonly writeBlob: (bytes: Uint8Array, namespace: string) => Promise<string>;
};

/** Replies may be larger than any daemon is told to send. */
const LIMIT = 256 << 20;
const DEADLINE_MS = 30_000;

/** Connects with its first call; `using` closes it. */
export const openWire = (address: string): Wire => {
  const client = new Client(`unix://${address}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': LIMIT,
    'grpc.max_send_message_length': LIMIT,
  });
  return {
    call: (method, request, namespace) =>
      new Promise((resolve, reject) => {
        const path = `/${method.parent.typeName}/${method.name}`;
        const metadata = new Metadata();
        if (namespace !== undefined) metadata.set('containerd-namespace', namespace);
        client.makeUnaryRequest(
          path,
          (message: Uint8Array) => Buffer.from(message),
          (bytes: Buffer) => bytes,
          toBinary(method.input, create(method.input, request)),
          metadata,
          { deadline: Date.now() + DEADLINE_MS },
          (error, bytes) => {
            if (error) reject(new Error(`${path} in ${namespace ?? 'no namespace'}: ${error.message}`));
            else resolve(fromBinary(method.output, bytes ?? new Uint8Array()));
          },
        );
      }),
    writeBlob: async (bytes, namespace) => {
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      const { method } = Content;
      const metadata = new Metadata();
      metadata.set('containerd-namespace', namespace);
      const stream = client.makeBidiStreamRequest(
        `/${Content.typeName}/${method.write.name}`,
        (message: Uint8Array) => Buffer.from(message),
        (answer: Buffer) => answer,
        metadata,
        { deadline: Date.now() + DEADLINE_MS },
      );
      await new Promise<void>((resolve, reject) => {
        stream.once('data', () => resolve());
        stream.once('error', (error: ServiceError) => {
          if (error.code === status.ALREADY_EXISTS) resolve();
          else reject(new Error(`unable to write ${digest} in ${namespace}: ${error.message}`));
        });
        const size = BigInt(bytes.length);
        const request = create(method.write.input, {
          action: WriteAction.COMMIT,
          ref: `write-${digest}`,
          total: size,
          expected: digest,
          data: bytes,
          labels: { 'containerd.io/gc.root': '2020-01-01T00:00:00Z' },
        });
        stream.write(toBinary(method.write.input, request));
        stream.end();
      });
      return digest;
    },
    [Symbol.dispose]: () => client.close(),
  };
};

/** Does the work for every item, so many at a time, and returns the results in the items' order. */
export const inFlight = async <Item, Result>(
  limit: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = [];
  const entries = items.entries();
  const worker = async (): Promise<void> => {
    for (const [i, item] of entries) results[i] = await work(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
};
