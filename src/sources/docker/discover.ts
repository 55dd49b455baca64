/** Finds the Dockers that may use a containerd, and asks each as little as it takes to know whether it does. */
import { stat } from 'node:fs/promises';
import type { DockerApi, DockerCandidate, DockerDiscovery } from '../../host/docker.ts';
import { chooseDocker } from '../../host/docker-scope.ts';
import { namespaceName } from '../../host/ids.ts';
import { absent, isUnknown, type Observed, seen, unknown } from '../../host/observed.ts';
import { type NamedDocker, normalSocket, socketPath, whyNotRead } from './address.ts';
import { openDocker } from './connection.ts';
import { type DockerDaemon, readDaemon } from './daemons.ts';
import { type EngineInfo, readApi, readInfo } from './engine.ts';
import { DockerFailure } from './failure.ts';
import type { DockerProcess } from './processes.ts';

/** How long a Docker has to answer that neither a user nor a process of this containerd's Docker names. */
const ANSWER_MS = 300;

export interface DockerQuestion {
  /** Address of the chosen containerd. */
  readonly containerd: string;
  /** What the user named, by flag or environment. */
  readonly named: NamedDocker | undefined;
  /** Other places to look at. */
  readonly places: readonly NamedDocker[];
  /** The dockerds that run here; read only where the answers alone do not tell. */
  readonly processes: () => Promise<readonly DockerProcess[]>;
  /** Sockets that systemd may hold for a Docker that does not run: connecting would start it. */
  readonly asleep: () => Promise<ReadonlySet<string>>;
  readonly timeoutMs: number;
}

/** What was named, where it says itself that it belongs; else all candidates at once, with what running dockerds tell. */
export const findDockers = async (question: DockerQuestion): Promise<DockerDiscovery> => {
  const { containerd } = question;
  const answers: Answers = new Map();
  const [named] = question.named === undefined ? [] : await distinct([question.named]);
  if (named !== undefined) {
    const candidate = await lookAt(named, [], question, answers);
    const said = candidate.containerd.state === 'seen' && candidate.belongs === true;
    if (said) return { containerd, candidates: [candidate], chosen: candidate };
  }
  const dockerds = await question.processes();
  const daemons = await Promise.all(
    dockerds.map(async (dockerd) => withIdentities(await readDaemon(dockerd))),
  );
  const served = daemons.flatMap(({ pid, sockets }) =>
    sockets.map((address): NamedDocker => ({ address, origin: 'process', named: `dockerd, pid ${pid}` })),
  );
  // A flag is a choice, and nothing else takes its place; a variable may be there for other programs.
  const others = named?.origin === 'flag' ? [] : [...served, ...question.places];
  const places = await distinct([...(named === undefined ? [] : [named]), ...others]);
  const candidates = await Promise.all(places.map((place) => lookAt(place, daemons, question, answers)));
  return { containerd, candidates, chosen: chooseDocker(candidates) };
};

/** What a path leads to: device and inode; `none` where there is nothing, undefined where that cannot be seen. */
type Identity = string | 'none' | undefined;

interface Place extends NamedDocker {
  readonly identity: Identity;
}

type KnownDaemon = DockerDaemon & { readonly identities: readonly Identity[] };

async function withIdentities(daemon: DockerDaemon): Promise<KnownDaemon> {
  return { ...daemon, identities: await Promise.all(daemon.sockets.map(identityOf)) };
}

// One socket by several names is one Docker, called by the first of them.
async function distinct(all: readonly NamedDocker[]): Promise<readonly Place[]> {
  const places = await Promise.all(
    all.map(async (named): Promise<Place> => {
      const address = normalSocket(named.address);
      return { ...named, address, identity: await identityOf(address) };
    }),
  );
  return places.filter((place, i) => !places.slice(0, i).some((earlier) => isSame(earlier, place)));
}

function isSame(a: Pick<Place, 'address' | 'identity'>, b: Pick<Place, 'address' | 'identity'>): boolean {
  return a.address === b.address || (a.identity === b.identity && isThere(a.identity));
}

function isThere(identity: Identity): identity is string {
  return identity !== undefined && identity !== 'none';
}

async function lookAt(
  place: Place,
  daemons: readonly KnownDaemon[],
  question: DockerQuestion,
  answers: Answers,
): Promise<DockerCandidate> {
  const at = new Date().toISOString();
  const { address, origin, named, identity } = place;
  const base = { address, origin, named, namespace: null, belongs: null };
  if (socketPath(address) === undefined) {
    const api = unknown('unsupported', named, `${address} (${named}): ${whyNotRead(address)}`, at, 0);
    return { ...base, api, containerd: api };
  }
  const daemon = daemons.find(({ sockets, identities }) =>
    sockets.some((socket, i) => isSame({ address: socket, identity: identities[i] }, place)),
  );
  const told = daemon === undefined ? null : await isSocket(daemon.containerd, question.containerd);
  if (daemon !== undefined && told === false) {
    const api = unknown('notCollected', address, 'it uses another containerd, so it was not asked', at, 0);
    return { ...base, api, containerd: daemon.containerd, namespace: daemon.namespace, belongs: false };
  }
  const byUser = origin === 'flag' || origin === 'environment';
  if (identity === 'none') {
    const api = absent(`stat ${address}`, at, 'there is no such socket');
    const containerd = daemon?.containerd ?? api;
    return { ...base, api, containerd, namespace: daemon?.namespace ?? null, belongs: told };
  }
  if (!byUser && (await question.asleep()).has(address)) {
    const why = `systemd listens on ${address}, and no dockerd runs: asking would start it`;
    const api = unknown('offline', address, why, at, 0);
    return { ...base, api, containerd: api, namespace: namespaceName('moby') };
  }
  const deadlineMs = byUser || told === true ? question.timeoutMs : ANSWER_MS;
  const asked = answers.get(address) ?? ask(address, deadlineMs, told === null);
  answers.set(address, asked);
  const { api, info } = await asked;
  const said = info === undefined ? null : await isSocket(info.containerd, question.containerd);
  return {
    ...base,
    api: withProcess(api, daemon),
    containerd:
      info?.containerd.state === 'seen'
        ? info.containerd
        : (daemon?.containerd ?? info?.containerd ?? why(api)),
    namespace: info?.namespaces.containers ?? daemon?.namespace ?? null,
    // The user says that this is the Docker to read, and nobody says that it is another containerd's.
    belongs: told ?? said ?? (byUser && api.state === 'seen' ? true : null),
  };
}

/** By address: nobody is asked twice. */
type Answers = Map<string, Promise<Asked>>;

interface Asked {
  readonly api: Observed<DockerApi>;
  readonly info?: EngineInfo;
}

/** Its API, and where no process has told, what it says of its containerd. */
async function ask(address: string, deadlineMs: number, wantsInfo: boolean): Promise<Asked> {
  const connection = openDocker(address);
  let api: Observed<DockerApi> | undefined;
  try {
    const from = `GET /_ping at ${address}`;
    const versions = await readApi(connection, { deadlineMs });
    api = seen(versions, from, new Date().toISOString());
    if (!wantsInfo) return { api };
    return { api, info: await readInfo(connection.speaking(versions.used), { deadlineMs }) };
  } catch (error) {
    if (!(error instanceof DockerFailure)) throw error;
    const at = new Date().toISOString();
    return { api: api ?? unknown(error.state, error.call, error.message, at, error.ms) };
  } finally {
    connection.close();
  }
}

function withProcess(api: Observed<DockerApi>, daemon: DockerDaemon | undefined): Observed<DockerApi> {
  if (api.state !== 'timeout' || daemon === undefined || !daemon.stopped) return api;
  return { ...api, why: `${api.why} (its process ${daemon.pid} is stopped, state T)` };
}

function why(api: Observed<DockerApi>): Observed<string> {
  return isUnknown(api) ? api : absent(api.from, api.at, 'it does not say');
}

/** Whether an address that somebody told leads to this socket; null where nobody told. */
async function isSocket(told: Observed<string>, socket: string): Promise<boolean | null> {
  if (told.state !== 'seen') return null;
  const [a, b] = [normalSocket(told.value), normalSocket(socket)];
  return isSame({ address: a, identity: await identityOf(a) }, { address: b, identity: await identityOf(b) });
}

async function identityOf(path: string): Promise<Identity> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'none' : undefined;
  }
}
