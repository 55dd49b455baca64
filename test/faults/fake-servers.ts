import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A server that stands where containerd's socket should be. */
export type FakeServer = {
  readonly path: string;
  /** Ends it and removes its file. */
  readonly close: () => Promise<void>;
};

/** Accepts and never says a word. */
export const silentServer = (path: string): Promise<FakeServer> => listen(createServer(), path);

/** Accepts and hangs up. */
export const droppingServer = (path: string): Promise<FakeServer> =>
  listen(
    createServer((socket) => {
      socket.on('error', () => {});
      socket.destroy();
    }),
    path,
  );

/** Speaks HTTP/1.1, as dockerd does. */
export const http1Server = (path: string): Promise<FakeServer> =>
  listen(
    createHttpServer((_request, response) => response.end('hello')),
    path,
  );

/** Hands on every byte to another socket: a relay is no fault. */
export const relay = (path: string, target: string): Promise<FakeServer> =>
  listen(
    createServer((socket) => {
      const other = connect({ path: target });
      for (const [from, to] of [
        [socket, other],
        [other, socket],
      ] as const) {
        from.on('error', () => to.destroy());
        from.pipe(to);
      }
    }),
    path,
  );

/** Makes any server listen on a path, and close even while its clients stay. */
export const listen = async (server: Server, path: string): Promise<FakeServer> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
};
