import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Answers one path: a JSON document, or whatever the function does. */
export type Route = ((request: IncomingMessage, response: ServerResponse) => void) | object | string;

export type Fake = AsyncDisposable & {
  /** Path of the unix socket. */
  readonly socket: string;
  /** What was asked, as `METHOD /path`, in order. */
  readonly requests: string[];
  /** How many connections were made. */
  readonly connections: () => number;
};

/** Headers of a ping that say what the engine is. */
export const pingOf =
  (headers: Readonly<Record<string, string>>): Route =>
  (_request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.end('OK');
  };

/** A daemon that speaks the API up to a version. */
export const pingVersion = (version: string): Route =>
  pingOf({ 'Api-Version': version, Server: 'Docker/99.1.2 (linux)', Ostype: 'linux' });

/** An HTTP server on a unix socket that answers as a Docker would; routes are keyed by the path without version and query. */
export const startFake = async (routes: Readonly<Record<string, Route>>): Promise<Fake> => {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const path = (request.url ?? '').replace(/\?.*/, '').replace(/^\/v\d+\.\d+(?=\/)/, '');
    const route = routes[path];
    if (route === undefined) {
      response.statusCode = 404;
      response.end(JSON.stringify({ message: 'page not found' }));
    } else if (typeof route === 'function') route(request, response);
    else response.end(typeof route === 'string' ? route : JSON.stringify(route));
  });
  return listen(server, requests);
};

/** A server that does with each connection what it is told. */
export const startRaw = (accept: (socket: Socket) => void): Promise<Fake> =>
  listen(createNetServer(accept), []);

const listen = async (server: Server, requests: string[]): Promise<Fake> => {
  const folder = await mkdtemp(join(tmpdir(), 'docker-'));
  const socket = join(folder, 'docker.sock');
  const open = new Set<Socket>();
  let connections = 0;
  server.on('connection', (connection: Socket) => {
    connections += 1;
    open.add(connection);
    connection.on('error', () => {}); // the client hangs up when it has seen enough
    connection.on('close', () => open.delete(connection));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    requests,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      for (const connection of open) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** A container as Docker lists it. */
export const listedContainer = (over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  Id: 'a'.repeat(64),
  Names: ['/web'],
  Image: 'nginx:1.27',
  ImageID: `sha256:${'b'.repeat(64)}`,
  Command: 'nginx',
  Created: 1_767_225_600,
  Ports: [],
  Labels: {},
  State: 'running',
  Status: 'Up 3 minutes',
  ...over,
});
