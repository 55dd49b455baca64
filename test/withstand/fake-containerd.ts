import { createServer, type ServerHttp2Stream } from 'node:http2';

import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

import { Namespaces } from '../../src/gen/containerd/services/namespaces/v1/namespaces_pb.js';
import { Version } from '../../src/gen/containerd/services/version/v1/version_pb.js';
import { type FakeServer, listen } from '../faults/fake-servers.ts';

/** What becomes of a call: the stream is to be answered, or not. */
export type Handler = (stream: ServerHttp2Stream, namespace: string) => void;

/** Handlers by `Service/Method`, the service without its package. */
export type Handlers = Readonly<Record<string, Handler>>;

/**
 * A server that speaks HTTP/2 as gRPC does, and then says whatever a test wants it to: what no library would write.
 * Version and the namespaces `one` and `two` are answered well; what no handler is for is not implemented.
 */
export const fakeContainerd = async (path: string, handlers: Handlers): Promise<FakeServer> => {
  const known: Handlers = {
    'Version/Version': reply(Version.method.version.output, { version: '0.0.0-fake' }),
    'Namespaces/List': namespaces('one', 'two'),
    ...handlers,
  };
  // Node would refuse further streams of a session that holds a large reply.
  const server = createServer({ maxSessionMemory: 1_000 });
  server.on('session', (session) => {
    session.on('error', () => {}); // the client has gone: its affair
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    const name = String(headers[':path']).replace(/^\/(?:.*\.)?([^./]+\/[^/]+)$/, '$1');
    const handler = known[name] ?? status(12, `unknown method ${name}`);
    stream.resume();
    handler(stream, String(headers['containerd-namespace'] ?? ''));
  });
  return listen(server, path);
};

/** One message, well formed, and an OK. */
export const reply = <D extends DescMessage>(schema: D, value: MessageInitShape<D>): Handler =>
  bytes(toBinary(schema, create(schema, value)));

/** One message of these bytes, whatever they are, and an OK. */
export const bytes =
  (message: Uint8Array): Handler =>
  (stream) => {
    begin(stream);
    stream.end(framed(message));
  };

/** The reply of Namespaces.List. */
export const namespaces = (...names: readonly string[]): Handler =>
  reply(Namespaces.method.list.output, { namespaces: names.map((name) => ({ name })) });

/** An error without a message: headers and trailers in one. */
export const status =
  (code: number | string, details: string): Handler =>
  (stream) => {
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-status': String(code),
        'grpc-message': encodeURI(details),
      },
      { endStream: true },
    );
  };

/** Another handler for each namespace. */
export const byNamespace =
  (handlers: Handlers): Handler =>
  (stream, namespace) =>
    (handlers[namespace] ?? status(5, `no namespace ${namespace}`))(stream, namespace);

/** The response's headers, and an OK at its end unless another status is given. */
export const begin = (stream: ServerHttp2Stream, trailers: Readonly<Record<string, string>> = OK): void => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
};

const OK = { 'grpc-status': '0' };

/** A message with its prefix: not compressed, so many bytes. */
export const framed = (message: Uint8Array, length: number = message.length): Buffer => {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
};
