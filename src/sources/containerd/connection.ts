/** One gRPC channel to one containerd: a deadline on every call, read methods only, failures as typed reasons. */
import type {
  DescMessage,
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { configureTextEncoding } from '@bufbuild/protobuf/wire';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { CallFailure, callFailure, isConnectionStatus, STATUS } from './failure.ts';
import { isReadMethod } from './read-methods.ts';
import { askSocket } from './socket.ts';

/** containerd's own default limit in both directions; defaults/defaults.go. */
export const MESSAGE_LIMIT = 16 << 20;

const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': MESSAGE_LIMIT,
  'grpc.max_send_message_length': MESSAGE_LIMIT,
  // Content.Read moves whole blobs; the default window of 64 KiB halves its rate.
  'grpc-node.flow_control_window': MESSAGE_LIMIT,
  // A daemon that was restarted should be whole again within a second or so, not after gRPC's minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
} as const;

// 1.6 sends text that is not UTF-8 as it is; one such label must not cost the whole reply.
const lenient = new TextDecoder('utf-8');
const strict = new TextEncoder();
configureTextEncoding({
  checkUtf8: () => true, // What we send is our own; lone surrogates become U+FFFD.
  decodeUtf8: (bytes) => lenient.decode(bytes),
  encodeUtf8: (text) => strict.encode(text),
});

// After a call without an answer the socket is asked what it does; this long at most.
const SOCKET_QUESTION_MS = 300;

export interface CallOptions {
  /** Sent as the containerd-namespace header. */
  readonly namespace?: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

export interface Connection {
  /** Path of the unix socket. */
  readonly address: string;
  /** How many calls were made. */
  readonly calls: () => number;
  /** @throws CallFailure */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions,
  ): Promise<MessageShape<O>>;
  /** The messages of a server stream. @throws CallFailure while iterating */
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions,
  ): AsyncIterable<MessageShape<O>>;
  /**
   * Whether the server has the method, read or write, without calling it: a message that cannot be decoded is refused
   * before the method runs, and a server that lacks the method says so instead.
   * @throws CallFailure when nobody answers
   */
  implements(method: DescMethod, options: CallOptions): Promise<boolean>;
  close(): void;
}

// Field 1 with wire type 7, which protobuf does not have.
const UNDECODABLE = Buffer.from([0x0f]);

/** A channel that connects with its first call. */
export const openConnection = (address: string): Connection => {
  const client = new Client(`unix:${address}`, credentials.createInsecure(), CHANNEL_OPTIONS);
  let calls = 0;

  const begin = (service: string, method: string): string => {
    if (!isReadMethod(service, method)) throw new Error(`${service}/${method} is not a read method`);
    calls += 1;
    return `${service}/${method}`;
  };

  return {
    address,
    calls: () => calls,
    async unary(method, request, options) {
      const name = begin(method.parent.typeName, method.name);
      const started = performance.now();
      const reply = await new Promise<Uint8Array>((resolve, reject) => {
        const abort = (): void => call.cancel();
        const call = client.makeUnaryRequest(
          `/${name}`,
          (message: Uint8Array) => Buffer.from(message),
          (bytes: Buffer) => bytes,
          toBinary(method.input, create(method.input, request)),
          metadataOf(options, name, address),
          { deadline: Date.now() + options.deadlineMs },
          (error, bytes) => {
            // A signal may outlive many calls.
            options.signal?.removeEventListener('abort', abort);
            if (error === null) resolve(bytes ?? new Uint8Array());
            else reject(error);
          },
        );
        options.signal?.addEventListener('abort', abort, { once: true });
      }).catch(async (error: unknown) => {
        throw await explain(error, address, name, started);
      });
      return decodeReply(method.output, reply, name, address, started);
    },
    async *stream(method, request, options) {
      const name = begin(method.parent.typeName, method.name);
      const started = performance.now();
      const call = client.makeServerStreamRequest(
        `/${name}`,
        (message: Uint8Array) => Buffer.from(message),
        (bytes: Buffer) => bytes,
        toBinary(method.input, create(method.input, request)),
        metadataOf(options, name, address),
        { deadline: Date.now() + options.deadlineMs },
      );
      const abort = (): void => call.cancel();
      options.signal?.addEventListener('abort', abort, { once: true });
      try {
        for await (const bytes of call) {
          yield decodeReply(method.output, bytes as Buffer, name, address, started);
        }
      } catch (error) {
        throw error instanceof CallFailure ? error : await explain(error, address, name, started);
      } finally {
        options.signal?.removeEventListener('abort', abort);
        call.cancel();
      }
    },
    async implements(method, options) {
      calls += 1;
      const name = `${method.parent.typeName}/${method.name}`;
      const started = performance.now();
      const call = client.makeBidiStreamRequest(
        `/${name}`,
        (message: Buffer) => message,
        (bytes: Buffer) => bytes,
        metadataOf(options, name, address),
        { deadline: Date.now() + options.deadlineMs },
      );
      const error = await new Promise<unknown>((resolve) => {
        call.on('error', resolve);
        call.on('end', () => resolve(undefined));
        call.on('data', () => {});
        call.end(UNDECODABLE);
      });
      call.cancel();
      if (isServiceError(error) && isConnectionStatus(error.code))
        throw await explain(error, address, name, started);
      return !(isServiceError(error) && error.code === STATUS.UNIMPLEMENTED);
    },
    close: () => client.close(),
  };
};

function metadataOf({ namespace }: CallOptions, method: string, address: string): Metadata {
  const metadata = new Metadata();
  try {
    if (namespace !== undefined) metadata.set('containerd-namespace', namespace);
  } catch {
    const details = `no call can name the namespace ${JSON.stringify(namespace)}: a header holds printable ASCII`;
    throw callFailure({ code: STATUS.INVALID_ARGUMENT, details, method, address, ms: 0, socket: undefined });
  }
  return metadata;
}

function decodeReply<O extends DescMessage>(
  output: O,
  bytes: Uint8Array,
  method: string,
  address: string,
  started: number,
): MessageShape<O> {
  try {
    return fromBinary(output, bytes);
  } catch (error) {
    const details = `the reply of ${bytes.length} bytes is no ${output.typeName}: ${String(error)}`;
    const ms = performance.now() - started;
    throw callFailure({ code: STATUS.UNKNOWN, details, method, address, ms, socket: undefined });
  }
}

async function explain(
  error: unknown,
  address: string,
  method: string,
  started: number,
): Promise<CallFailure> {
  const code = isServiceError(error) ? error.code : STATUS.UNKNOWN;
  // Of what it could not make a message of, grpc-js gives no details.
  const details = (isServiceError(error) && error.details) || String(error);
  const ms = performance.now() - started;
  const socket = isConnectionStatus(code) ? await askSocket(address, SOCKET_QUESTION_MS) : undefined;
  return callFailure({ code, details, method, address, ms, socket });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error;
}
