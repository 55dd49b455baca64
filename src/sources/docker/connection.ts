/** HTTP/1.1 to one Docker over its unix socket: GET only, a deadline and a size limit on every answer, failures as typed reasons. */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { badAnswer, brokenOff, DockerFailure, type Progress, refused, tooLarge, tooLate } from './failure.ts';
import { Malformed, parseJson } from './json.ts';

/** A list of thousands of containers is a few MiB. */
export const ANSWER_LIMIT = 64 << 20;
const MESSAGE_LIMIT = 4096;
/** A line of the event stream is below a kilobyte, but for long labels. */
export const LINE_LIMIT = 1 << 20;
const CONNECTIONS = 16;
// A connection that rests is closed after this, so that nobody needs to close it.
const IDLE_MS = 4000;

export interface DockerCallOptions {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** Bytes of the answer, or of a line. @default ANSWER_LIMIT, LINE_LIMIT */
  readonly limit?: number;
}

export interface DockerConnection {
  /** Path of the unix socket. */
  readonly address: string;
  /** How many requests were made. */
  readonly calls: () => number;
  /**
   * GET of a JSON document, made into our own type.
   * @param path without the version; ids in it are escaped
   * @param read checks the document; what it throws as {@link Malformed} becomes a failure
   * @throws DockerFailure
   */
  get<T>(path: string, read: (document: unknown) => T, options: DockerCallOptions): Promise<T>;
  /** GET of an answer as it is, its headers included. @throws DockerFailure */
  plain(path: string, options: DockerCallOptions): Promise<PlainAnswer>;
  /**
   * The lines of an endless answer, until the signal aborts. A line over the limit is given as undefined.
   * @param deadlineMs for the headers; the lines have none
   * @throws DockerFailure when it breaks
   */
  lines(path: string, options: DockerCallOptions): AsyncIterable<string | undefined>;
  /** The same connections, another version of the API. */
  speaking(apiVersion: string): DockerConnection;
  close(): void;
}

export interface PlainAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly ms: number;
}

/** Where an exchange goes, and with whom. */
interface Target {
  readonly address: string;
  readonly agent: Agent;
  /** `GET /path at ADDRESS`, for messages. */
  readonly call: string;
  /** With the version. */
  readonly path: string;
}

/** Connections that are made with the first call and reused. Without a version the daemon's own newest is spoken. */
export const openDocker = (address: string, apiVersion?: string): DockerConnection => {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, timeout: IDLE_MS });
  let calls = 0;
  const speaking = (version: string | undefined): DockerConnection => {
    const target = (path: string): Target => {
      calls += 1;
      const versioned = version === undefined ? path : `/v${version}${path}`;
      return { address, agent, call: `GET ${path} at ${address}`, path: versioned };
    };
    return {
      address,
      calls: () => calls,
      get: (path, read, options) => readDocument(target(path), read, options),
      plain: (path, options) => exchange(target(path), options),
      lines: (path, options) => streamLines(target(path), options),
      speaking,
      close: () => agent.destroy(),
    };
  };
  return speaking(apiVersion);
};

async function readDocument<T>(
  to: Target,
  read: (document: unknown) => T,
  options: DockerCallOptions,
): Promise<T> {
  const { body, ms } = await exchange(to, options);
  try {
    return read(parseJson(body));
  } catch (error) {
    if (error instanceof Malformed) {
      throw badAnswer({ call: to.call, ms }, `the answer is not what the API says: ${error.message}`);
    }
    // JSON of a hundred thousand brackets ends the parser's stack.
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    throw badAnswer({ call: to.call, ms }, `the answer is no JSON: ${error.message.slice(0, 200)}`);
  }
}

async function exchange(to: Target, options: DockerCallOptions): Promise<PlainAnswer> {
  const limit = options.limit ?? ANSWER_LIMIT;
  return withDeadline(to, options, async (signal, progress) => {
    const response = await begin(to, signal, progress);
    const status = response.statusCode ?? 0;
    const parts: Buffer[] = [];
    for await (const part of response as AsyncIterable<Buffer>) {
      progress.bytes = (progress.bytes ?? 0) + part.length;
      if (status === 200 && progress.bytes > limit) throw tooLarge(progressOf(to, progress), limit);
      parts.push(part);
      // Of a refusal its beginning tells enough.
      if (status !== 200 && progress.bytes > MESSAGE_LIMIT) break;
    }
    // A connection that closes early ends the body without an error where the length was not said.
    if (status === 200 && !response.complete) throw resetError();
    const body = Buffer.concat(parts).toString('utf8');
    const ms = performance.now() - progress.started;
    if (status !== 200) throw refused({ call: to.call, ms }, status, body);
    return { headers: headersOf(response), body, ms };
  });
}

async function* streamLines(
  to: Target,
  options: DockerCallOptions,
): AsyncGenerator<string | undefined, void, undefined> {
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const progress = newProgress();
  try {
    // The deadline is the headers' only, and over with them: events come when something happens.
    const response = await withDeadline(to, { ...options, signal }, (own, headers) =>
      // On a connection of its own: it is held for as long as somebody listens.
      begin(to, own, headers, false),
    );
    progress.bytes = 0;
    if (response.statusCode !== 200) {
      const ms = performance.now() - progress.started;
      throw refused({ call: to.call, ms }, response.statusCode ?? 0, await firstBytes(response));
    }
    yield* linesOf(response as AsyncIterable<Buffer>, options.limit ?? LINE_LIMIT, progress);
  } catch (error) {
    if (options.signal?.aborted === true) return;
    if (error instanceof DockerFailure) throw error;
    throw await brokenOff(error, progressOf(to, progress));
  } finally {
    ending.abort();
  }
}

async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  limit: number,
  progress: MutableProgress,
): AsyncGenerator<string | undefined> {
  let pending: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    progress.bytes = (progress.bytes ?? 0) + chunk.length;
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      size += end - start;
      if (size > limit) yield undefined;
      else if (size > 0) yield Buffer.concat([...pending, chunk.subarray(start, end)]).toString('utf8');
      pending = [];
      size = 0;
      start = end + 1;
    }
    size += chunk.length - start;
    // Of a line that is too long nothing is kept; it is counted until its end.
    if (size > limit) pending = [];
    else pending.push(chunk.subarray(start));
  }
}

interface MutableProgress {
  readonly started: number;
  bytes: number | undefined;
}

function newProgress(): MutableProgress {
  return { started: performance.now(), bytes: undefined };
}

function progressOf(to: Target, { started, bytes }: MutableProgress): Progress {
  return { call: to.call, path: to.address, ms: performance.now() - started, bytes };
}

async function withDeadline<T>(
  to: Target,
  options: DockerCallOptions,
  work: (signal: AbortSignal, progress: MutableProgress) => Promise<T>,
): Promise<T> {
  const progress = newProgress();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), options.deadlineMs);
  const signal = AbortSignal.any([late.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  try {
    return await work(signal, progress);
  } catch (error) {
    if (error instanceof DockerFailure) throw error;
    if (late.signal.aborted) throw tooLate(progressOf(to, progress));
    throw await brokenOff(error, progressOf(to, progress));
  } finally {
    clearTimeout(timer);
  }
}

// Resolves with the headers. A daemon may close a resting connection just as it is used again: that is tried once more.
async function begin(
  to: Target,
  signal: AbortSignal,
  progress: MutableProgress,
  agent: Agent | false = to.agent,
): Promise<IncomingMessage> {
  const call = request({
    method: 'GET',
    socketPath: to.address,
    path: to.path,
    agent,
    signal,
    headers: { host: 'docker', accept: 'application/json', 'user-agent': 'ctrscope' },
  });
  // What goes wrong after the headers is the response's error too, and read there.
  call.on('error', () => {});
  call.end();
  try {
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    progress.bytes = 0;
    return response;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const closed = code === 'ECONNRESET' || code === 'EPIPE';
    if (closed && call.reusedSocket && !signal.aborted) return begin(to, signal, progress, false);
    throw error;
  }
}

function headersOf(response: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(response.headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  );
}

async function firstBytes(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size > MESSAGE_LIMIT) break;
  }
  return Buffer.concat(parts).toString('utf8');
}

function resetError(): Error {
  return Object.assign(new Error('closed before the end'), { code: 'ECONNRESET' });
}
