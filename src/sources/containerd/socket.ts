/**
 * What a socket path does when somebody connects, without speaking gRPC: a gRPC client says "UNAVAILABLE" or waits for its
 * deadline in all of these cases, and the difference is the diagnosis.
 */
import { readlink, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import type { SocketAnswer } from '../../host/daemon.ts';

// RFC 9113 §3.4: the client's preface is this text and a SETTINGS frame, which may be empty.
const PREFACE = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);
const SETTINGS_FRAME = 4;
const FRAME_HEADER = 9;
const MAX_SAID = 120;
// sun_path holds 108 bytes with its NUL; unix(7).
const MAX_PATH = 107;

/**
 * Connects to the path as an HTTP/2 client would and waits for the server's settings.
 * @param ms how long to wait for the connection and the settings together
 */
export const askSocket = async (path: string, ms: number): Promise<SocketAnswer> => {
  if (!path.startsWith('/')) return { state: 'failed', why: 'only unix sockets can be read' };
  const length = Buffer.byteLength(path);
  if (length > MAX_PATH) {
    return { state: 'failed', why: `a path of ${length} bytes is too long for a socket (${MAX_PATH})` };
  }
  const answer = await converse(path, ms);
  return answer.state === 'refused' || answer.state === 'missing' ? nameThePath(path, answer) : answer;
};

function converse(path: string, ms: number): Promise<SocketAnswer> {
  let resolve: (answer: SocketAnswer) => void = () => {};
  const promise = new Promise<SocketAnswer>((settle) => {
    resolve = settle;
  });
  let received: Buffer = Buffer.alloc(0);
  const socket = connect({ path });
  const finish = (answer: SocketAnswer): void => {
    clearTimeout(timer);
    socket.destroy();
    resolve(answer);
  };
  const timer = setTimeout(() => finish({ state: 'silent', ms }), ms);
  socket.on('connect', () => socket.write(PREFACE));
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk.subarray(0, MAX_SAID)]);
    if (received.length < FRAME_HEADER && received.toString('latin1').indexOf('\n') < 0) return;
    const isSettings = received[3] === SETTINGS_FRAME && received.readUInt32BE(5) === 0;
    finish(isSettings ? { state: 'answers' } : { state: 'foreign', said: firstLine(received) });
  });
  socket.on('error', (error: NodeJS.ErrnoException) => finish(failure(error, ms)));
  socket.on('close', () =>
    finish(received.length > 0 ? { state: 'foreign', said: firstLine(received) } : { state: 'dropped' }),
  );
  return promise;
}

function failure(error: NodeJS.ErrnoException, ms: number): SocketAnswer {
  switch (error.code) {
    case 'EAGAIN': // As many connections wait to be accepted as the kernel holds: nobody has accepted for long.
      return { state: 'silent', ms };
    case 'ECONNREFUSED':
      return { state: 'refused' };
    case 'ENOENT':
    case 'ENOTDIR':
      return { state: 'missing' };
    case 'EACCES':
    case 'EPERM':
      return { state: 'denied' };
    case 'ENOTSOCK':
      return { state: 'notSocket', is: 'something else' };
    case 'EPIPE':
    case 'ECONNRESET':
      return { state: 'dropped' };
    default:
      return { state: 'failed', why: error.message };
  }
}

// connect() says ECONNREFUSED for a file or a directory too, and ENOENT for a link that leads nowhere.
async function nameThePath(path: string, answer: SocketAnswer): Promise<SocketAnswer> {
  try {
    const target = await stat(path);
    if (target.isSocket()) return answer;
    return { state: 'notSocket', is: target.isDirectory() ? 'a directory' : 'a file' };
  } catch {
    const target = await readlink(path).catch(() => undefined);
    return target === undefined ? answer : { state: 'notSocket', is: `a dangling link (to ${target})` };
  }
}

function firstLine(bytes: Buffer): string {
  return (bytes.toString('latin1').split(/[\r\n]/)[0] ?? '').slice(0, MAX_SAID);
}
