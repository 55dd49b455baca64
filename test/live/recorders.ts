/** Sockets in front of others, which keep what is asked through them. */
import {
  constants,
  createServer as createHttp2Server,
  connect as http2Connect,
  type IncomingHttpHeaders,
} from 'node:http2';
import { createConnection, createServer, type Socket } from 'node:net';

/** A socket in front of another; `take` is what has passed since the last look. */
export type Recorder = AsyncDisposable & { readonly path: string; readonly take: () => string[] };

/** Passes bytes on and keeps the first lines of the HTTP/1 requests among them, and an HTTP/2 preface. */
export const recordRequests = async (path: string, target: string): Promise<Recorder> => {
  let sent = '';
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const daemon = createConnection({ path: target, allowHalfOpen: true });
    for (const socket of [client, daemon]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.once('error', () => {
        client.destroy();
        daemon.destroy();
      });
    }
    client.on('data', (bytes: Buffer) => {
      sent += bytes.toString('latin1');
    });
    client.pipe(daemon).pipe(client);
  });
  await listen(server, path);
  return {
    path,
    take: () => {
      const found = [...sent.matchAll(/^[A-Z]+ \S+ HTTP\/\d\.\d(?=\r$)/gm)].map(([line]) => line);
      sent = '';
      return found;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** Passes gRPC calls on, each with its trailers, and keeps the names of their methods. */
export const recordCalls = async (path: string, target: string): Promise<Recorder> => {
  const calls: string[] = [];
  const daemon = http2Connect('http://localhost', { createConnection: () => createConnection(target) });
  const sockets = new Set<Socket>();
  const server = createHttp2Server();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('stream', (asked, headers) => {
    calls.push(String(headers[':path']).slice(1));
    const call = daemon.request(headers);
    for (const stream of [asked, call]) stream.on('error', () => {}); // 'close' follows
    asked.pipe(call);
    let trailers: IncomingHttpHeaders = {};
    call.on('response', (response, flags) => {
      const isAll = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      asked.respond(response, isAll ? { endStream: true } : { waitForTrailers: true });
      if (!isAll) call.pipe(asked);
    });
    call.on('trailers', (received) => {
      trailers = received;
    });
    asked.on('wantTrailers', () => asked.sendTrailers(trailers));
    asked.on('close', () => call.close(constants.NGHTTP2_CANCEL));
  });
  await listen(server, path);
  return {
    path,
    take: () => calls.splice(0),
    [Symbol.asyncDispose]: async () => {
      daemon.destroy();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const listen = (
  server: {
    listen: (path: string, done: () => void) => unknown;
    once: (event: 'error', on: (error: Error) => void) => unknown;
  },
  path: string,
): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
