/** Finds the containerds of this machine: every candidate asked at once, the choice and its reasons kept. */
import type { Candidate, CandidateOrigin, DaemonProcess, Discovery, SocketAnswer } from '../host/daemon.ts';
import { seenValue } from '../host/observed.ts';
import { socketPath, wellKnownAddresses } from '../sources/containerd/address.ts';
import { askSocket } from '../sources/containerd/socket.ts';
import { HERE } from '../sources/disk/disk.ts';
import { readContainerdConfig } from '../sources/system/containerd-config.ts';

// What a containerd without flags reads and serves; defaults/defaults_linux.go.
export const DEFAULT_CONFIG = '/etc/containerd/config.toml';
export const DEFAULT_ADDRESS = '/run/containerd/containerd.sock';

/** How long one candidate has to answer. */
const ANSWER_MS = 300;

export interface Named {
  readonly address: string;
  readonly origin: CandidateOrigin;
  readonly named: string;
}

/** The address that the user named, by flag or environment: then nothing is searched. */
export const namedAddress = (flag: string | undefined, environment: NodeJS.ProcessEnv): Named | undefined => {
  if (flag !== undefined) return { address: flag, origin: 'flag', named: '--address' };
  const variable = environment['CONTAINERD_ADDRESS'];
  if (variable === undefined || variable === '') return undefined;
  return { address: variable, origin: 'environment', named: 'CONTAINERD_ADDRESS' };
};

/**
 * Asks every candidate's socket: command lines and sockets of running daemons first, then the well-known paths.
 * @param daemons what runs here; unreadable processes only make the list shorter
 */
export const discover = async (
  daemons: readonly DaemonProcess[],
  environment: NodeJS.ProcessEnv,
): Promise<Discovery> => {
  const named = distinct([
    ...processAddresses(daemons),
    ...wellKnownAddresses(environment['XDG_RUNTIME_DIR']).map(
      ({ address, named }): Named => ({ address, origin: 'well-known', named }),
    ),
  ]);
  const candidates = await Promise.all(named.map(ask));
  return { candidates, chosen: choose(candidates) };
};

/** Asks one address. */
export const ask = async (named: Named): Promise<Candidate> => {
  const path = socketPath(named.address);
  const answer: SocketAnswer =
    path === undefined
      ? { state: 'failed', why: 'only unix sockets can be read' }
      : await askSocket(path, ANSWER_MS);
  return { ...named, answer };
};

// One that answers; else one that is there and does not; else one that a running process should be serving.
function choose(candidates: readonly Candidate[]): Candidate | null {
  return (
    candidates.find(({ answer }) => answer.state === 'answers') ??
    candidates.find(({ answer }) => answer.state !== 'missing') ??
    candidates.find(({ origin }) => origin === 'process') ??
    null
  );
}

function processAddresses(daemons: readonly DaemonProcess[]): Named[] {
  const named = (role: DaemonProcess['role']): Named[] =>
    daemons.flatMap((daemon): Named[] =>
      // The paths of a container are not ours.
      daemon.role === role && daemon.address !== null && daemon.sameRoot !== false
        ? [{ address: daemon.address, origin: 'process', named: `${role}, pid ${daemon.pid}` }]
        : [],
    );
  return [...named('containerd'), ...named('dockerd')];
}

/** Where a containerd process serves, or is about to: its command line, else its sockets, else its config file. */
export const addressOf = async ({
  address,
  listens,
  config,
  sameRoot,
}: DaemonProcess): Promise<string | null> => {
  if (address !== null) return normalAddress(address);
  // The gRPC socket is the one that has a ttrpc sibling.
  const paths = seenValue(listens) ?? [];
  const served = paths.find((path) => paths.includes(`${path}.ttrpc`));
  if (served !== undefined) return served;
  if (sameRoot === false) return null;
  const told = await readContainerdConfig(HERE, config ?? DEFAULT_CONFIG);
  if (told.state === 'absent') return config === null ? DEFAULT_ADDRESS : null;
  return told.state === 'seen' ? normalAddress(told.value.address ?? DEFAULT_ADDRESS) : null;
};

function distinct(named: readonly Named[]): Named[] {
  const byAddress = new Map<string, Named>();
  for (const candidate of named) {
    const key = normalAddress(candidate.address);
    if (!byAddress.has(key)) byAddress.set(key, candidate);
  }
  return [...byAddress.values()];
}

/** One spelling for one socket: without the scheme, and below /run. */
export const normalAddress = (address: string): string =>
  (socketPath(address) ?? address).replace(/^\/var\/run\//, '/run/');
