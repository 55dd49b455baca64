/** Docker's containers beside containerd's: one list, joined by id within the namespace that Docker uses. */
import type { DockerContainer } from './docker.ts';
import { type Gap, isUnknown, seenValue } from './observed.ts';
import { facet, type HostSnapshot } from './snapshot.ts';

/** Whether containerd's namespace is the one that this Docker runs its containers in. With userns-remap `-UID.GID` follows. */
export const isDockersNamespace = (docker: string, namespace: string): boolean =>
  namespace === docker ||
  (namespace.startsWith(`${docker}-`) && /^\d+\.\d+$/.test(namespace.slice(docker.length + 1)));

/** On every record that Docker makes in containerd. */
export const DOCKERS_LABEL = 'com.docker/engine.bundle.path';

/** Docker's container of a containerd id; null: it has none. Undefined: Docker could not be read, or its record could not. */
export type DockerOf = (namespace: string, id: string) => DockerContainer | null | undefined;

export const dockerContainers = (host: HostSnapshot): DockerOf => {
  const listed = facet(host, 'docker.containers');
  const namespace = dockersNamespace(host);
  if (isUnknown(listed)) {
    // What is in another namespace is not Docker's, whether Docker can be read or not.
    return (other) => (namespace === undefined || isDockersNamespace(namespace, other) ? undefined : null);
  }
  if (listed.state === 'absent') return () => null;
  const { items, gaps } = listed.value;
  const byId = new Map(items.map((container) => [container.id as string, container]));
  return (other, id) => {
    const container = byId.get(id);
    if (container !== undefined && isDockersNamespace(container.namespace, other)) return container;
    const mayBe = namespace === undefined || isDockersNamespace(namespace, other);
    return gaps.some((gap) => hides(gap, id, mayBe)) ? undefined : null;
  };
};

/** The name that people know it by; undefined where it is not known. */
export const nameOf = (docker: DockerContainer | null | undefined): string | null | undefined =>
  docker === undefined ? undefined : (docker?.names[0] ?? null);

/** The namespace of Docker's containers, where a Docker was found or its process tells. */
function dockersNamespace(host: HostSnapshot): string | undefined {
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
  if (object?.kind === 'docker') return true;
  if (object?.kind !== 'container') return false;
  return inDockersNamespace && (object.id === undefined || object.id === id);
}
