/** Why a call to containerd failed, as a typed reason and a sentence that names the call and the address. */

import type { SocketAnswer } from '../../host/daemon.ts';
import type { UnknownState } from '../../host/observed.ts';
import { duration } from '../../text/units.ts';

/** gRPC status codes that have a meaning of their own here; grpc.io/docs/guides/status-codes. */
export const STATUS = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** A failed call: never thrown past a collector, which turns it into an unknown fact. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  readonly state: UnknownState;
  /** gRPC status code. */
  readonly code: number;
  /** `service/Method`. */
  readonly method: string;
  readonly ms: number;
  /** What the socket did after a call without an answer; undefined when the daemon gave one. */
  readonly socket: SocketAnswer['state'] | undefined;

  constructor(fields: {
    state: UnknownState;
    code: number;
    method: string;
    why: string;
    ms: number;
    socket?: SocketAnswer['state'] | undefined;
  }) {
    super(fields.why);
    this.state = fields.state;
    this.code = fields.code;
    this.method = fields.method;
    this.ms = fields.ms;
    this.socket = fields.socket;
  }
}

interface Failed {
  readonly code: number;
  readonly details: string;
  readonly method: string;
  readonly address: string;
  readonly ms: number;
  /** What the socket does, asked after a call that never got an answer. */
  readonly socket: SocketAnswer | undefined;
}

/** The failure of one call, its most specific cause first. */
export const callFailure = (failed: Failed): CallFailure => {
  const { state, why } = connectionReason(failed) ?? statusReason(failed);
  const { code, method, ms, socket } = failed;
  return new CallFailure({ state, why, code, method, ms, socket: socket?.state });
};

/** Whether the daemon itself answered: only then does the status speak of the call and not of the connection. */
export const isConnectionStatus = (code: number): boolean =>
  code === STATUS.UNAVAILABLE || code === STATUS.DEADLINE_EXCEEDED;

// Some errors quote whole outputs of programs.
const MAX_DETAILS = 2000;

interface Reason {
  readonly state: UnknownState;
  readonly why: string;
}

function connectionReason({ socket, address, method, ms, code }: Failed): Reason | undefined {
  if (!isConnectionStatus(code) || socket === undefined) return undefined;
  const call = `${shortMethod(method)} at ${address}`;
  switch (socket.state) {
    case 'missing':
      return { state: 'unreachable', why: `${call}: there is no such socket` };
    case 'notSocket':
      return { state: 'unreachable', why: `${call}: the path is ${socket.is}, not a socket` };
    case 'denied':
      return {
        state: 'denied',
        why: `${call}: permission denied; opening the socket needs root or its group`,
      };
    case 'refused':
      return {
        state: 'unreachable',
        why: `${call}: connection refused; the socket file is there, but no process listens on it`,
      };
    case 'dropped':
      return { state: 'unreachable', why: `${call}: the connection was accepted and closed at once` };
    case 'foreign':
      return {
        state: 'unreachable',
        why: `${call}: what listens there does not speak gRPC (it said "${socket.said}")`,
      };
    case 'silent':
      return {
        state: 'timeout',
        why: `${call}: connected, but nothing came within ${duration(Math.max(ms, socket.ms))}; the daemon is stopped or hung`,
      };
    case 'failed':
      return { state: 'unreachable', why: `${call}: ${socket.why}` };
    case 'answers':
      return code === STATUS.DEADLINE_EXCEEDED
        ? {
            state: 'timeout',
            why: `${call}: no answer within ${duration(ms)}, though the daemon accepts connections`,
          }
        : undefined;
  }
}

function statusReason({ code, details: said, method, address }: Failed): Reason {
  const call = `${shortMethod(method)} at ${address}`;
  const details = said.length > MAX_DETAILS ? `${said.slice(0, MAX_DETAILS)}…` : said;
  switch (code) {
    case STATUS.UNIMPLEMENTED:
      return { state: 'unsupported', why: `${call}: this containerd does not implement it (${details})` };
    case STATUS.PERMISSION_DENIED:
    case STATUS.UNAUTHENTICATED:
      return { state: 'denied', why: `${call}: ${details}` };
    case STATUS.RESOURCE_EXHAUSTED:
      return /larger than max/.test(details)
        ? { state: 'truncated', why: `${call}: the reply is over the message limit (${details})` }
        : { state: 'failed', why: `${call}: ${details}` };
    case STATUS.DEADLINE_EXCEEDED:
      return { state: 'timeout', why: `${call}: ${details}` };
    case STATUS.UNAVAILABLE:
      return { state: 'unreachable', why: `${call}: ${details}` };
    default:
      return { state: 'failed', why: `${call}: ${details}` };
  }
}

// `containerd.services.tasks.v1.Tasks/List` as people say it: `Tasks.List`.
function shortMethod(method: string): string {
  return method.slice(method.lastIndexOf('.', method.indexOf('/')) + 1).replace('/', '.');
}
