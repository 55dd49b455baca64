/** How each facet of Docker is read: first which Docker belongs to the chosen containerd, then its API. */

import type {
  DockerBody,
  DockerContainer,
  DockerDiscovery,
  DockerEndpoint,
  DockerImage,
} from '../host/docker.ts';
import { isDockersNamespace } from '../host/docker-join.ts';
import { imageStoreOf, otherDockers, whyNoDocker } from '../host/docker-scope.ts';
import { type NamespaceName, namespaceName } from '../host/ids.ts';
import {
  type Absent,
  type Gap,
  isUnknown,
  type Listing,
  type Observed,
  seen,
  seenValue,
  type Unknown,
  unknown,
} from '../host/observed.ts';
import { WITHHELD, withholdArgs, withholdJson, withholdLabels, withholdText } from '../host/secrets.ts';
import type { FacetName, Facets, Scope } from '../host/snapshot.ts';
import type { DockerCallOptions, DockerConnection } from '../sources/docker/connection.ts';
import type { DockerDiskFacet } from '../sources/docker/disk/open.ts';
import { DockerFailure } from '../sources/docker/failure.ts';
import { count } from '../text/units.ts';
import { withoutSecretLabels } from './withhold.ts';

const DEFAULT_TIMEOUT_MS = 2000;
const GETS_IN_FLIGHT = 16;
const DEFAULT_NAMESPACE = namespaceName('moby');

export interface DockerContext {
  readonly options: {
    /** `--docker-host`. */
    readonly dockerHost?: string;
    readonly timeoutMs?: number;
    readonly showSecrets?: boolean;
    readonly environment: NodeJS.ProcessEnv;
  };
  readonly scope: Scope;
  readonly once: <K extends FacetName>(name: K) => Promise<Observed<Facets[K]>>;
  /** The chosen containerd; it rejects where there is none. */
  readonly containerd: () => Promise<{
    readonly address: string;
    readonly origin: 'flag' | 'environment' | 'process' | 'well-known';
  }>;
}

type DockerFacet = Exclude<Extract<FacetName, `docker.${string}`>, DockerDiskFacet>;
export type DockerReaders = { readonly [K in DockerFacet]: () => Promise<Observed<Facets[K]>> };

export const dockerReaders = (context: DockerContext): DockerReaders => {
  const { options, scope } = context;
  const shown = <T>(item: T, withhold: (item: T) => T): T => (options.showSecrets ? item : withhold(item));

  return {
    'docker.discovery': () => discover(context),
    'docker.endpoint': () =>
      withDocker(context, 'GET /info', async (docker) =>
        shown(await readEndpoint(docker), endpointWithoutSecrets),
      ),
    'docker.containers': async () => {
      const listing = await withDocker(context, 'GET /containers/json', async (docker) => {
        const wanted = scope.namespaces?.some((name) => isDockersNamespace(docker.namespace, name)) ?? true;
        if (!wanted) return { items: [], gaps: [] };
        const { items, gaps } = await listContainers(context, docker);
        return {
          items: items.map((container) => shown(container, withoutSecretLabels)),
          gaps: [...gaps, ...unreadDockers(docker.discovery)],
        };
      });
      return listing.state === 'absent' ? withLeftovers(context, listing) : listing;
    },
    'docker.bodies': () =>
      withDocker(context, 'GET /containers/ID/json', async (docker) => {
        const own = (scope.containers ?? []).filter((c) => isDockersNamespace(docker.namespace, c.namespace));
        const ids = own.map(({ id }) => id);
        const { items, gaps } = await readBodies(docker, ids);
        return { items: items.map((body) => shown(body, bodyWithoutSecrets)), gaps };
      }),
    'docker.images': () =>
      withDocker(context, 'GET /images/json', async ({ connection, call }) => {
        const { listImages } = await import('../sources/docker/images.ts');
        const { items, gaps } = await listImages(connection, call);
        return { items: items.map((image) => shown(image, imageWithoutSecrets)), gaps };
      }),
    'docker.diskUsage': () =>
      withDocker(context, 'GET /system/df', async ({ connection, call }) => {
        const { readDiskUsage } = await import('../sources/docker/disk-usage.ts');
        return readDiskUsage(connection, call);
      }),
  };
};

async function discover({ options, containerd }: DockerContext): Promise<Observed<DockerDiscovery>> {
  const { address, origin } = await containerd();
  const { namedDocker, wellKnownDockers } = await import('../sources/docker/address.ts');
  const { findDockers } = await import('../sources/docker/discover.ts');
  const { readDockerds } = await import('../sources/docker/processes.ts');
  let processes: ReturnType<typeof readDockerds> | undefined;
  const readOnce = (): ReturnType<typeof readDockerds> => {
    processes ??= readDockerds();
    return processes;
  };
  const discovery = await findDockers({
    containerd: address,
    named: namedDocker(options.dockerHost, options.environment),
    // With a containerd that the user named, no default place is looked at.
    places: origin === 'flag' || origin === 'environment' ? [] : wellKnownDockers(options.environment),
    processes: async () => (await readOnce()).dockerds,
    asleep: async () => {
      const { dockerds, hidden, underSystemd } = await readOnce();
      return dockerds.length === 0 && !hidden && underSystemd ? listening() : new Set();
    },
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  });
  return seen(discovery, '/proc, well-known paths', new Date().toISOString());
}

async function listening(): Promise<ReadonlySet<string>> {
  const { listeningSockets } = await import('../sources/proc/unix-sockets.ts');
  return new Set(seenValue(await listeningSockets())?.values() ?? []);
}

/** The Docker of the snapshot, ready to be asked. */
interface Docker {
  readonly discovery: DockerDiscovery;
  readonly chosen: NonNullable<DockerDiscovery['chosen']>;
  readonly api: DockerEndpoint['api'];
  readonly namespace: NamespaceName;
  readonly connection: DockerConnection;
  readonly call: DockerCallOptions;
}

async function withDocker<T>(
  { options, once }: DockerContext,
  name: string,
  read: (docker: Docker) => Promise<T>,
): Promise<Observed<T>> {
  const found = await once('docker.discovery');
  if (found.state !== 'seen') return found;
  const discovery = found.value;
  const { chosen } = discovery;
  if (chosen === null || chosen.api.state !== 'seen') return whyNoDocker(discovery, found.at);
  const api = chosen.api.value;
  const { openDocker } = await import('../sources/docker/connection.ts');
  const connection = openDocker(chosen.address, api.used);
  const call = { deadlineMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS };
  const namespace = chosen.namespace ?? DEFAULT_NAMESPACE;
  try {
    const value = await read({ discovery, chosen, api, namespace, connection, call });
    return seen(value, `${name} at ${chosen.address}`, new Date().toISOString());
  } catch (error) {
    if (!(error instanceof DockerFailure)) throw error;
    return unknown(error.state, error.call, error.message, new Date().toISOString(), error.ms);
  } finally {
    connection.close();
  }
}

async function readEndpoint({ chosen, api, connection, call }: Docker): Promise<DockerEndpoint> {
  const { readInfo, readVersion } = await import('../sources/docker/engine.ts');
  const [info, version] = await Promise.all([
    readInfo(connection, call),
    readVersion(connection, call).catch(unknownCall),
  ]);
  const at = new Date().toISOString();
  const components =
    'state' in version ? version : seen(version.components, `GET /version at ${chosen.address}`, at);
  const minimum = 'state' in version ? api.minimum : version.minimum;
  return {
    ...info,
    address: chosen.address,
    api: { ...api, minimum },
    components,
    mode: imageStoreOf(info.driver, info.driverStatus, `GET /info at ${chosen.address}`, at),
    containerd: info.containerd.state === 'seen' ? info.containerd : chosen.containerd,
    namespaces: { ...info.namespaces, containers: info.namespaces.containers ?? chosen.namespace },
  };
}

// A Docker that does not run, and left no socket, may have left its containers running: then it is not absent, only unread.
async function withLeftovers({ once, scope }: DockerContext, fact: Absent): Promise<Absent | Unknown> {
  const isDockers = ({ name }: { readonly name: string }): boolean =>
    isDockersNamespace(DEFAULT_NAMESPACE, name);
  const namespaces = scope.namespaces?.map((name) => ({ name }));
  const known = namespaces ?? seenValue(await once('containerd.namespaces'))?.items ?? [];
  if (!known.some(isDockers)) return fact;
  const records = await once('containerd.containers');
  const own = (seenValue(records)?.items ?? []).filter(({ namespace }) => isDockers({ name: namespace }));
  if (own.length === 0) return fact;
  const why = `${count(own.length, 'container')} in namespace ${DEFAULT_NAMESPACE} ${own.length === 1 ? 'is' : 'are'} a Docker's, but ${fact.why ?? 'none is here'}`;
  return unknown('offline', fact.from, why, fact.at, 0);
}

// One broken record makes some Dockers refuse the whole list (moby#46077): then those that containerd knows are asked one by one.
async function listContainers({ once }: DockerContext, docker: Docker): Promise<Listing<DockerContainer>> {
  const sources = await import('../sources/docker/containers.ts');
  try {
    return await sources.listContainers(docker.connection, docker.namespace, docker.call);
  } catch (error) {
    if (!(error instanceof DockerFailure) || error.status < 400 || error.state !== 'failed') throw error;
    const records = await once('containerd.containers');
    if (isUnknown(records)) throw error;
    const own = (seenValue(records)?.items ?? []).filter(({ namespace }) =>
      isDockersNamespace(docker.namespace, namespace),
    );
    const ids = own.map(({ id }) => id);
    const { items, gaps } = await readBodies(docker, ids);
    const why = `${error.message}; so only the containers that containerd has a record of were asked for, one by one: those that do not run are not seen`;
    const fact = unknown('failed', error.call, why, new Date().toISOString(), error.ms);
    const object = { kind: 'containers without a containerd record', namespace: docker.namespace };
    return { items: items.map(sources.listedAs), gaps: [...gaps, { ...fact, object }] };
  }
}

async function readBodies(
  { connection, namespace, call }: Docker,
  ids: readonly string[],
): Promise<Listing<DockerBody>> {
  const { readContainer } = await import('../sources/docker/containers.ts');
  const items: DockerBody[] = [];
  const gaps: Gap[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let id = ids[next++]; id !== undefined; id = ids[next++]) {
      const body = await readContainer(connection, id, namespace, call).catch(unknownCall);
      if (body === undefined) continue;
      if ('document' in body) items.push(body);
      else gaps.push({ ...body, object: { kind: 'container', namespace, id } });
    }
  };
  await Promise.all(Array.from({ length: Math.min(GETS_IN_FLIGHT, ids.length) }, worker));
  return { items, gaps };
}

// A failed call as the unknown fact that it is.
function unknownCall(error: unknown): ReturnType<typeof unknown> {
  if (!(error instanceof DockerFailure)) throw error;
  return unknown(error.state, error.call, error.message, new Date().toISOString(), error.ms);
}

function unreadDockers(discovery: DockerDiscovery): readonly Gap[] {
  return otherDockers(discovery).map(({ address, named }) => {
    const why = `Docker at ${address} (${named}) uses this containerd too, and only one is read; --docker-host chooses which`;
    const fact = unknown('notCollected', `Docker at ${address}`, why, new Date().toISOString(), 0);
    return { ...fact, object: { kind: 'docker', id: address } };
  });
}

const imageWithoutSecrets = (image: DockerImage): DockerImage => ({
  ...withoutSecretLabels(image),
  target:
    image.target === null ? null : { ...image.target, annotations: withholdLabels(image.target.annotations) },
});

const bodyWithoutSecrets = (body: DockerBody): DockerBody => ({
  ...body,
  state: { ...body.state, error: withholdText(body.state.error) },
  document: withholdJson(withoutHealthChecks(body.document)),
});

// A health check is a command line under another name, and its log is whatever that printed.
function withoutHealthChecks(document: unknown): unknown {
  const quiet = changed(document, 'State', (state) =>
    changed(state, 'Health', (health) => changed(health, 'Log', () => WITHHELD)),
  );
  return changed(quiet, 'Config', (config) =>
    changed(config, 'Healthcheck', (check) =>
      changed(check, 'Test', (test) => (Array.isArray(test) ? withholdArgs(test) : WITHHELD)),
    ),
  );
}

// The object with one member changed, where it has that member.
function changed(value: unknown, key: string, change: (member: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return value;
  const member = (value as Readonly<Record<string, unknown>>)[key];
  return member === null ? value : { ...value, [key]: change(member) };
}

const endpointWithoutSecrets = (endpoint: DockerEndpoint): DockerEndpoint => ({
  ...endpoint,
  warnings: endpoint.warnings.map(withholdText),
});
