/** Why a call to Docker failed, as a typed reason and a sentence that names the call and the address. */
import { readlink, stat } from 'node:fs/promises';
import type { UnknownState } from '../../host/observed.ts';
import { duration } from '../../text/units.ts';

const MAX_SAID = 120;
const MAX_MESSAGE = 300;
// sun_path holds 108 bytes with its NUL; unix(7).
const MAX_PATH = 107;

/** A failed call: never thrown past a collector, which turns it into an unknown fact. */
export class DockerFailure extends Error {
  override readonly name = 'DockerFailure';
  readonly state: UnknownState;
  /** The HTTP status, or 0 where none came. */
  readonly status: number;
  /** `GET /path at ADDRESS`. */
  readonly call: string;
  readonly ms: number;

  constructor(fields: {
    readonly state: UnknownState;
    readonly status: number;
    readonly call: string;
    readonly why: string;
    readonly ms: number;
  }) {
    super(`${fields.call}: ${fields.why}`);
    this.state = fields.state;
    this.status = fields.status;
    this.call = fields.call;
    this.ms = fields.ms;
  }
}

/** How far an exchange came before it ended. */
export interface Progress {
  /** `GET /path at ADDRESS`. */
  readonly call: string;
  /** The socket's path. */
  readonly path: string;
  readonly ms: number;
  /** Bytes of the body that came; undefined before the headers did. */
  readonly bytes: number | undefined;
}

/** An exchange that was not finished when its time was over. */
export const tooLate = ({ call, ms, bytes }: Progress): DockerFailure => {
  const why =
    bytes === undefined
      ? `connected, but nothing came within ${duration(ms)}; the daemon is stopped or hung`
      : `the answer was not whole within ${duration(ms)}; ${bytes} bytes of it came`;
  return new DockerFailure({ state: 'timeout', status: 0, call, why, ms });
};

/** An answer larger than what is read of one. */
export const tooLarge = ({ call, ms }: Progress, limit: number): DockerFailure =>
  new DockerFailure({
    state: 'truncated',
    status: 0,
    call,
    why: `the answer is over the limit of ${limit >> 20} MiB`,
    ms,
  });

/** An answer that is not what the API says. */
export const badAnswer = ({ call, ms }: Pick<Progress, 'call' | 'ms'>, why: string): DockerFailure =>
  new DockerFailure({ state: 'failed', status: 0, call, why, ms });

/** A status other than 200, with what Docker says about it. */
export const refused = (
  { call, ms }: Pick<Progress, 'call' | 'ms'>,
  status: number,
  body: string,
): DockerFailure => {
  const message = messageOf(body);
  const said = message === '' ? `status ${status}` : `status ${status}: ${message}`;
  // Authorization plugins answer 403; a version outside of the daemon's range is 400.
  if (status === 401 || status === 403) {
    return new DockerFailure({ state: 'denied', status, call, why: `Docker refuses it with ${said}`, ms });
  }
  if (status === 400 && /client version \S+ is too (old|new)/.test(message)) {
    return new DockerFailure({
      state: 'unsupported',
      status,
      call,
      why: `Docker refuses this version of its API (${message})`,
      ms,
    });
  }
  return new DockerFailure({ state: 'failed', status, call, why: `Docker answers with ${said}`, ms });
};

/** A connection that failed before or while the answer came; its most specific cause first. */
export const brokenOff = async (error: unknown, progress: Progress): Promise<DockerFailure> => {
  const { state, why } = await reasonOf(error, progress);
  return new DockerFailure({ state, status: 0, call: progress.call, why, ms: progress.ms });
};

interface Reason {
  readonly state: UnknownState;
  readonly why: string;
}

async function reasonOf(error: unknown, { path, bytes, ms }: Progress): Promise<Reason> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const length = Buffer.byteLength(path);
  if (length > MAX_PATH) {
    return { state: 'failed', why: `a path of ${length} bytes is too long for a socket (${MAX_PATH})` };
  }
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { state: 'unreachable', why: (await notSocket(path)) ?? 'there is no such socket' };
    case 'ECONNREFUSED':
      return {
        state: 'unreachable',
        why:
          (await notSocket(path)) ??
          'connection refused; the socket file is there, but no process listens on it',
      };
    case 'EACCES':
    case 'EPERM':
      return { state: 'denied', why: 'permission denied; opening the socket needs root or its group' };
    case 'EAGAIN': // As many connections wait to be accepted as the kernel holds: nobody has accepted for long.
      return { state: 'timeout', why: 'nobody accepts connections; the daemon is stopped or hung' };
    case 'ECONNRESET':
    case 'EPIPE':
      return {
        state: 'unreachable',
        why:
          bytes === undefined
            ? 'the connection was accepted and closed without an answer'
            : `the connection was closed after ${bytes} bytes of the answer, after ${duration(ms)}`,
      };
    default:
      if (code.startsWith('HPE_')) {
        return {
          state: 'unreachable',
          why: `what listens there does not speak HTTP/1.1${said(error)}`,
        };
      }
      return { state: 'failed', why: error instanceof Error ? error.message : String(error) };
  }
}

// connect() says ECONNREFUSED for a file or a directory too, and ENOENT for a link that leads nowhere.
async function notSocket(path: string): Promise<string | undefined> {
  try {
    const target = await stat(path);
    if (target.isSocket()) return undefined;
    return `the path is ${target.isDirectory() ? 'a directory' : 'a file'}, not a socket`;
  } catch {
    const target = await readlink(path).catch(() => undefined);
    return target === undefined ? undefined : `the path is a link to ${target}, which does not exist`;
  }
}

// The parser keeps the bytes that it could not read.
function said(error: unknown): string {
  const raw = error instanceof Error && 'rawPacket' in error ? error.rawPacket : undefined;
  if (!(raw instanceof Uint8Array) || raw.length === 0) return '';
  const line =
    Buffer.from(raw.subarray(0, MAX_SAID))
      .toString('latin1')
      .split(/[\r\n]/)[0] ?? '';
  return ` (it said "${line}")`;
}

// `{"message": "…"}`, since API 1.24; text before, and from whatever else may stand between.
function messageOf(body: string): string {
  const text = body.slice(0, MAX_MESSAGE * 4);
  let message: unknown = text;
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && 'message' in json) message = json.message;
    else if (typeof json === 'string') message = json;
  } catch {
    // Then it is text.
  }
  return (typeof message === 'string' ? message : text).trim().slice(0, MAX_MESSAGE);
}
