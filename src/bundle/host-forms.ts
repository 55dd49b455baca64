/** The machine's facets in a bundle: its daemons, and how one is reached. */
import type {
  Candidate,
  CandidateOrigin,
  DaemonProcess,
  Discovery,
  Endpoint,
  SocketAnswer,
  SystemInfo,
} from '../host/daemon.ts';
import type { FormsOf } from './form.ts';
import {
  flag,
  integer,
  list,
  moment,
  nullable,
  number,
  object,
  observed,
  type Shape,
  tagged,
  text,
  word,
} from './shape.ts';

export const origin: Shape<CandidateOrigin> = word('flag', 'environment', 'process', 'well-known');

const bare = object({});
const answer: Shape<SocketAnswer> = tagged('state', {
  answers: bare,
  silent: object({ ms: number() }),
  foreign: object({ said: text() }),
  dropped: bare,
  refused: bare,
  missing: bare,
  denied: bare,
  notSocket: object({ is: text() }),
  failed: object({ why: text() }),
});

const candidate = object<Candidate>({ address: text(), origin, named: text(), answer });

export const HOST_FORMS: FormsOf<
  'host.system' | 'proc.daemons' | 'containerd.discovery' | 'containerd.endpoint'
> = {
  'host.system': {
    value: object<SystemInfo>({
      hostname: text(),
      os: text(),
      kernel: text(),
      arch: text(),
      cpus: number(),
      memory: integer,
      cgroups: word('v1', 'v2', 'hybrid', 'unknown'),
    }),
  },
  'proc.daemons': {
    item: object<DaemonProcess>({
      role: word('containerd', 'dockerd', 'shim'),
      pid: number(),
      ppid: number(),
      state: text(),
      exe: observed(text()),
      argv: list(text()),
      startTicks: integer,
      wchan: nullable(text()),
      frozenBy: nullable(text()),
      ownPid: nullable(number()),
      pidns: nullable(integer),
      sameRoot: nullable(flag),
      listens: observed(list(text())),
      database: observed(text()),
      address: nullable(text()),
      config: nullable(text()),
      namespace: nullable(text()),
      id: nullable(text()),
    }),
  },
  'containerd.discovery': {
    value: object<Discovery>({ candidates: list(candidate), chosen: nullable(candidate) }),
  },
  'containerd.endpoint': {
    value: object<Endpoint>({
      address: text(),
      origin,
      answer,
      file: observed(object({ mode: number(), uid: number(), gid: number() })),
      listeners: observed(list(number())),
      listening: observed(number()),
      self: object({ uid: number(), gids: list(number()) }),
      checkedAt: moment,
    }),
  },
};
