import { createConnection, createServer, type Socket } from 'node:net';

/** A unix socket in front of another, which counts what passes. */
export type Relay = AsyncDisposable & {
  readonly path: string;
  /** Connections that clients have made. */
  readonly connections: () => number;
  /** Requests of all clients so far: each begins with exactly one HEADERS frame. */
  readonly requests: () => number;
};

// RFC 9113 §3.4 and §4.1: a client begins with a preface of 24 octets; then frames follow, each with a header:
//     0 length[3] · 3 type · 4 flags · 5 stream[4]
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const FRAME_HEADER = 9;
const HEADERS = 1;

/** Listens on a path and passes every connection on to a target. */
export const startRelay = async (path: string, target: string): Promise<Relay> => {
  const sockets = new Set<Socket>();
  let connections = 0;
  let requests = 0;
  const server = createServer((client) => {
    connections += 1;
    const daemon = createConnection(target);
    const count = countHeaders(() => {
      requests += 1;
    });
    for (const socket of [client, daemon]) {
      sockets.add(socket);
      socket.once('error', () => socket.destroy()); // the other end has gone; 'close' follows
      socket.once('close', () => {
        sockets.delete(socket);
        client.destroy();
        daemon.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      count(chunk);
      daemon.write(chunk);
    });
    daemon.on('data', (chunk: Buffer) => client.write(chunk));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    path,
    connections: () => connections,
    requests: () => requests,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** Reads what a client says, piece by piece, and calls back for every HEADERS frame. */
export const countHeaders = (onHeaders: () => void): ((chunk: Buffer) => void) => {
  let unread = Buffer.alloc(0);
  let prefaceSeen = false;
  return (chunk) => {
    unread = Buffer.concat([unread, chunk]);
    if (!prefaceSeen) {
      if (unread.length < PREFACE.length) return;
      if (unread.toString('latin1', 0, PREFACE.length) !== PREFACE) {
        throw new Error(
          `a client does not speak HTTP/2: ${JSON.stringify(unread.toString('latin1', 0, 40))}`,
        );
      }
      prefaceSeen = true;
      unread = unread.subarray(PREFACE.length);
    }
    while (unread.length >= FRAME_HEADER) {
      const end = FRAME_HEADER + unread.readUIntBE(0, 3);
      if (unread.length < end) return;
      if (unread[3] === HEADERS) onHeaders();
      unread = unread.subarray(end);
    }
  };
};
