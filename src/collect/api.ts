/** The API of one containerd as it is: what it implements, single calls, latencies. */
import { create, type DescMethod, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { withholdJson } from '../host/secrets.ts';
import { type Connection, openConnection } from '../sources/containerd/connection.ts';
import { CallFailure } from '../sources/containerd/failure.ts';
import { messageJson } from '../sources/containerd/message-json.ts';
import { isReadMethod } from '../sources/containerd/read-methods.ts';
import {
  callKind,
  isServerStream,
  isUnary,
  methodsNamed,
  needsNamespace,
  SERVICES,
} from '../sources/containerd/services.ts';

const ASKED_AT_ONCE = 16;
/** States of a call that nobody has answered. */
const UNANSWERED: readonly string[] = ['timeout', 'unreachable', 'denied'];
/** Messages of a stream that are kept; an endless one ends with its deadline. */
const MAX_MESSAGES = 10_000;

export interface ApiMethod {
  readonly service: string;
  readonly method: string;
  readonly kind: ReturnType<typeof callKind>;
  /** Whether `api call` may call it. */
  readonly reads: boolean;
  readonly implemented: boolean;
}

/** Every method of our definitions, each asked for by itself: containerd has no reflection that would list them. */
export const listApi = async (address: string, timeoutMs: number): Promise<ApiMethod[]> =>
  withConnection(address, async (connection) => {
    const methods = SERVICES.flatMap((service) => service.methods);
    const answers: ApiMethod[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let method = methods[next++]; method !== undefined; method = methods[next++]) {
        const implemented = await connection.implements(method, optionsFor(method, undefined, timeoutMs));
        answers.push({
          service: method.parent.typeName,
          method: method.name,
          kind: callKind(method),
          reads: isReadMethod(method.parent.typeName, method.name),
          implemented,
        });
      }
    };
    await Promise.all(Array.from({ length: ASKED_AT_ONCE }, worker));
    const order = new Map(methods.map((method, i) => [`${method.parent.typeName}/${method.name}`, i]));
    const place = ({ service, method }: ApiMethod): number => order.get(`${service}/${method}`) ?? 0;
    return answers.toSorted((a, b) => place(a) - place(b));
  });

/** A method that may be called by this name, or why none may. */
export const readMethodNamed = (name: string): DescMethod | { readonly why: string } => {
  const methods = methodsNamed(name);
  if (methods.length === 0) return { why: `no method "${name}" in our definitions; see api list` };
  if (methods.length > 1) {
    return { why: `"${name}" is ${methods.map((m) => `${m.parent.typeName}/${m.name}`).join(' or ')}` };
  }
  const [method] = methods;
  if (method === undefined) return { why: `no method "${name}"` };
  if (!isReadMethod(method.parent.typeName, method.name)) {
    return { why: `${method.parent.typeName}/${method.name} is no read method, and api call only reads` };
  }
  return method;
};

export interface ApiReply {
  readonly messages: readonly unknown[];
  readonly ms: number;
  /** Why a stream ended before its time. */
  readonly ended: string | null;
}

/**
 * Calls one read method with a request in protobuf's JSON form.
 * @throws CallFailure; Error when the request is none of the method's
 */
export const callApi = async (
  address: string,
  method: DescMethod,
  request: unknown,
  options: {
    readonly namespace: string | undefined;
    readonly timeoutMs: number;
    readonly showSecrets: boolean;
  },
): Promise<ApiReply> =>
  withConnection(address, async (connection) => {
    const shown = async (message: Parameters<typeof messageJson>[1]): Promise<unknown> => {
      const json = await messageJson(method.output, message, options.showSecrets ? 'base64' : 'withheld');
      return options.showSecrets ? json : withholdJson(json);
    };
    const input = fromJson(method.input, request as JsonValue);
    const callOptions = optionsFor(method, options.namespace, options.timeoutMs);
    const started = performance.now();
    const ms = (): number => performance.now() - started;
    if (isUnary(method)) {
      const reply = await connection.unary(method, create(method.input, input), callOptions);
      return { messages: [await shown(reply)], ms: ms(), ended: null };
    }
    if (!isServerStream(method)) throw new Error(`${method.name} takes a stream of requests`);
    const messages: unknown[] = [];
    try {
      for await (const message of connection.stream(method, create(method.input, input), callOptions)) {
        messages.push(await shown(message));
        if (messages.length === MAX_MESSAGES)
          return { messages, ms: ms(), ended: `cut after ${MAX_MESSAGES} messages` };
      }
    } catch (error) {
      // An endless stream such as Events.Subscribe ends with the time that it was given.
      if (!(error instanceof CallFailure) || error.state !== 'timeout') throw error;
      return { messages, ms: ms(), ended: error.message };
    }
    return { messages, ms: ms(), ended: null };
  });

export interface Latency {
  readonly method: string;
  readonly channel: 'reused' | 'new';
  readonly calls: number;
  readonly failures: number;
  readonly error: string | null;
  /** Milliseconds; null when every call failed. */
  readonly minMs: number | null;
  readonly medianMs: number | null;
  readonly p95Ms: number | null;
  readonly maxMs: number | null;
}

// From memory, from memory, from the database, from the plugin list, from the database, from every shim.
const PINGED = [
  'Version/Version',
  'Health/Check',
  'Namespaces/List',
  'Introspection/Plugins',
  'Containers/List',
  'Tasks/List',
] as const;

/** Latency of each method over one reused channel, and over a new one for each call. */
export const pingApi = async (
  address: string,
  options: { readonly namespace: string; readonly timeoutMs: number; readonly calls: number },
): Promise<Latency[]> => {
  // Where nobody answers, that is the answer: not every method's deadline, again and again.
  await withConnection(address, (connection) => greet(connection, options.timeoutMs));
  const latencies: Latency[] = [];
  for (const name of PINGED) {
    const method = readMethodNamed(name);
    if ('why' in method || !isUnary(method)) continue;
    const callOptions = optionsFor(method, options.namespace, options.timeoutMs);
    await withConnection(address, async (connection) => {
      // The first call of a channel also opens it: that is what the other row measures.
      await connection.unary(method, {}, callOptions).catch(() => undefined);
      latencies.push(
        await measure(name, 'reused', options.calls, async () => {
          await connection.unary(method, {}, callOptions);
        }),
      );
    });
    latencies.push(
      await measure(name, 'new', options.calls, () =>
        withConnection(address, async (connection) => {
          await connection.unary(method, {}, callOptions);
        }),
      ),
    );
  }
  return latencies;
};

async function greet(connection: Connection, deadlineMs: number): Promise<void> {
  const version = readMethodNamed('Version/Version');
  if ('why' in version || !isUnary(version)) return;
  await connection.unary(version, {}, { deadlineMs }).catch((error: unknown) => {
    const silent = error instanceof CallFailure && UNANSWERED.includes(error.state);
    if (silent || !(error instanceof CallFailure)) throw error;
  });
}

async function measure(
  method: string,
  channel: Latency['channel'],
  calls: number,
  call: () => Promise<void>,
): Promise<Latency> {
  const times: number[] = [];
  let made = 0;
  let failures = 0;
  let error: string | null = null;
  for (let slow = false; made < calls && !slow; made += 1) {
    const started = performance.now();
    try {
      await call();
      times.push(performance.now() - started);
    } catch (failure) {
      if (!(failure instanceof CallFailure)) throw failure;
      failures += 1;
      error ??= failure.message;
      slow = failure.state === 'timeout'; // the next would take as long
    }
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number | null => {
    const ms = times[Math.min(times.length - 1, Math.floor(times.length * share))];
    return ms === undefined ? null : Math.round(ms * 1000) / 1000;
  };
  return {
    method,
    channel,
    calls: made,
    failures,
    error,
    minMs: at(0),
    medianMs: at(0.5),
    p95Ms: at(0.95),
    maxMs: at(1),
  };
}

async function withConnection<T>(address: string, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = openConnection(address);
  try {
    return await use(connection);
  } finally {
    connection.close();
  }
}

function optionsFor(
  method: DescMethod,
  namespace: string | undefined,
  deadlineMs: number,
): { readonly deadlineMs: number; readonly namespace?: string } {
  return needsNamespace(method) && namespace !== undefined ? { deadlineMs, namespace } : { deadlineMs };
}
