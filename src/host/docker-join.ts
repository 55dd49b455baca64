/** Docker's containers beside containerd's: one list, joined by id within the namespace that Docker uses. */
import type { DockerContainer } from './docker.ts';
import type { DockerContainerRecord } from './docker-disk.ts';
import { namespaceName } from './ids.ts';
import { type Gap, isUnknown, type Listing, type Observed, seenValue } from './observed.ts';
import { facet, type HostSnapshot } from './snapshot.ts';

/** Whether containerd's namespace is the one that this Docker runs its containers in. With userns-remap `-UID.GID` follows. */
export const isDockersNamespace = (docker: string, namespace: string): boolean =>
  namespace === docker ||
  (namespace.startsWith(`${docker}-`) && /^\d+\.\d+$/.test(namespace.slice(docker.length + 1)));

/** On every record that Docker makes in containerd. */
export const DOCKERS_LABEL = 'com.docker/engine.bundle.path';

/** Where Docker has its containers unless it was told otherwise. */
const DEFAULT_NAMESPACE = namespaceName('moby');

/**
 * Docker's containers: as the running Docker lists them. On a disk, where none runs, as its files have them; they do not say
 * which namespace it used.
 */
export const dockersList = (host: HostSnapshot): Observed<Listing<DockerContainer>> => {
  const listed = facet(host, 'docker.containers');
  const records = facet(host, 'docker.containerRecords');
  // Without its files it is not known what it had: they may be on another disk.
  if (!filesStandIn(host) || records.state === 'absent') return listed;
  if (records.state !== 'seen') return records;
  const { items, gaps } = records.value;
  const known = converted.get(items) ?? items.map(ofRecord);
  converted.set(items, known);
  return { ...records, value: { items: known, gaps } };
};

/** Whether what Docker would say of its containers is read from its files instead. */
export const filesStandIn = (host: HostSnapshot): boolean =>
  host.from === 'disk' &&
  facet(host, 'docker.containers').state === 'offline' &&
  facet(host, 'docker.containerRecords').state !== 'notCollected';

/** The record that stands for Docker's word of a container; undefined where there is none, or a Docker was asked. */
export const recordInstead = (host: HostSnapshot, id: string): DockerContainerRecord | undefined => {
  const records = filesStandIn(host) ? facet(host, 'docker.containerRecords') : undefined;
  if (records?.state !== 'seen') return undefined;
  const { items } = records.value;
  const byId = indexed.get(items) ?? new Map(items.map((record) => [record.id as string, record]));
  indexed.set(items, byId);
  return byId.get(id);
};

/** The file of a record. */
export const fileOf = ({ path }: DockerContainerRecord): string => `${path}/config.v2.json`;

type Records = readonly DockerContainerRecord[];

// A snapshot is looked at many times, and a container is compared by identity.
const converted = new WeakMap<Records, readonly DockerContainer[]>();
const indexed = new WeakMap<Records, ReadonlyMap<string, DockerContainerRecord>>();

const ofRecord = (record: DockerContainerRecord): DockerContainer => ({
  namespace: DEFAULT_NAMESPACE,
  id: record.id,
  names: record.name === null ? [] : [record.name],
  image: record.image,
  imageId: record.imageId,
  state: record.state.status,
  status: '',
  exitCode: record.state.exitCode,
  labels: record.labels,
  createdAt: record.createdAt,
});

/** Docker's container of a containerd id; null: it has none. Undefined: Docker could not be read, or its record could not. */
export type DockerOf = (namespace: string, id: string) => DockerContainer | null | undefined;

export const dockerContainers = (host: HostSnapshot): DockerOf => {
  const listed = dockersList(host);
  const namespace = dockersNamespace(host);
  if (isUnknown(listed)) {
    // What is in another namespace is not Docker's, whether Docker can be read or not.
    return (other) => (namespace === undefined || isDockersNamespace(namespace, other) ? undefined : null);
  }
  if (listed.state === 'absent') return () => null;
  const { items, gaps } = listed.value;
  const byId = new Map(items.map((container) => [container.id as string, container]));
  const nameless = new Set(
    gaps.flatMap(({ object, fields }) => (fields?.includes('name') ? object?.id : [])),
  );
  const byFiles = filesStandIn(host);
  return (other, id) => {
    const container = byId.get(id);
    if (container !== undefined && (byFiles || isDockersNamespace(container.namespace, other))) {
      return nameless.has(id) ? undefined : container;
    }
    const mayBe = namespace === undefined || isDockersNamespace(namespace, other);
    return gaps.some((gap) => hides(gap, id, mayBe)) ? undefined : null;
  };
};

/** The name that people know it by; undefined where it is not known. */
export const nameOf = (docker: DockerContainer | null | undefined): string | null | undefined =>
  docker === undefined ? undefined : (docker?.names[0] ?? null);

/** The namespace of Docker's containers, where a Docker was found or its process tells. */
function dockersNamespace(host: HostSnapshot): string | undefined {
  if (host.from === 'disk') return DEFAULT_NAMESPACE;
  const endpoint = seenValue(facet(host, 'docker.endpoint'))?.namespaces.containers;
  if (endpoint !== undefined && endpoint !== null) return endpoint;
  const discovery = seenValue(facet(host, 'docker.discovery'));
  if (discovery === undefined) return undefined;
  const doubtful = discovery.chosen ?? discovery.candidates.find(({ belongs }) => belongs !== false);
  // Without any Docker, what its containers would be in is the default.
  return doubtful === undefined ? 'moby' : (doubtful.namespace ?? undefined);
}

// A record that could not be read, with or without its id; or another Docker of this containerd, whose containers may be anywhere.
function hides({ object }: Gap, id: string, inDockersNamespace: boolean): boolean {
  if (object === undefined || object.kind === 'docker') return object !== undefined || inDockersNamespace;
  if (object.kind !== 'container') return false;
  return inDockersNamespace && (object.id === undefined || object.id === id);
}
