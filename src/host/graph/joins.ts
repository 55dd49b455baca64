/** What belongs together for people, and of which containerd's collector knows nothing: Docker's objects, names, manifests. */
import { dockerContainers, isDockersNamespace } from '../docker-join.ts';
import { items } from '../kinds/listing.ts';
import { isKnown, seenValue, type Timestamp } from '../observed.ts';
import { facet, type HostSnapshot } from '../snapshot.ts';
import type { GraphBuilder, NodeKind } from './graph.ts';

/** What the joins are made from, where it is known. */
export const JOIN_WANTS = [
  'containerd.manifests',
  'docker.discovery',
  'docker.endpoint',
  'docker.containers',
  'docker.images',
] as const;

/** What they are made from when Docker itself does not answer. */
export const DISK_JOIN_WANTS = ['docker.root', 'docker.containerRecords', 'docker.references'] as const;

/** dockerd's lease for the manifests of an image whose layers it keeps itself (daemon/images/store.go). */
const IMAGE_LEASE = 'moby-image-';

/** Adds Docker's objects, and the edges that only people follow. */
export const connectPeoplesJoins = (builder: GraphBuilder, host: HostSnapshot): void => {
  const join = (from: number, to: number, label: string): void =>
    builder.connect({ from, to, label, collects: false, mode: 'full', sure: true });

  for (const { namespace, id, image } of items(host, 'containerd.containers')) {
    if (image !== '') {
      join(builder.named('container', namespace, id), builder.named('image', namespace, image), 'image');
    }
  }
  joinManifests(builder, host, join);
  joinDocker(builder, host, join);
  markUnreadNames(builder, host);
};

type Join = (from: number, to: number, label: string) => void;

// Who fetched them may have set no labels, or lost them: then only the manifest itself says what belongs to it.
function joinManifests(builder: GraphBuilder, host: HostSnapshot, join: Join): void {
  for (const { namespace, digest, children } of items(host, 'containerd.manifests')) {
    for (const child of children) {
      // An index names manifests of every platform; those that were never fetched are nobody's.
      const to = builder.find('content', namespace, child.digest);
      if (to?.present) join(builder.named('content', namespace, digest), to.index, `manifest: ${child.role}`);
    }
  }
}

interface DockersContainer {
  readonly namespace: string;
  readonly id: string;
  readonly names: readonly string[];
  readonly imageId: string;
  readonly createdAt: Timestamp | null;
}

function joinDocker(builder: GraphBuilder, host: HostSnapshot, join: Join): void {
  const namespace = seenValue(facet(host, 'docker.endpoint'))?.namespaces.containers ?? 'moby';
  if (host.scope.namespaces?.some((own) => isDockersNamespace(namespace, own)) === false) return;
  const images = dockersImages(host);
  const leases = leasesOfImages(host, namespace);
  for (const [id, { names, createdAt }] of images) {
    const from = builder.add('dockerImage', namespace, id, { names, createdAt });
    for (const lease of leases.get(id) ?? []) {
      join(from, builder.named('lease', lease.namespace, lease.id), "Docker's image");
    }
  }
  // With containerd as its image store, an image's id is the digest of its target.
  for (const { namespace: own, name, target } of items(host, 'containerd.images')) {
    if (!isDockersNamespace(namespace, own) || !images.has(target.digest)) continue;
    const from = builder.named('dockerImage', namespace, target.digest);
    join(from, builder.named('image', own, name), "Docker's image");
  }
  for (const container of dockersContainers(host, namespace)) {
    const { namespace: own, id, names, imageId, createdAt } = container;
    const from = builder.add('dockerContainer', own, id, { names, createdAt });
    for (const kind of ['container', 'lease'] as const satisfies readonly NodeKind[]) {
      if (builder.find(kind, own, id) === undefined) continue;
      join(from, builder.add(kind, own, id, { names }), "Docker's container");
    }
    if (images.has(imageId)) join(from, builder.named('dockerImage', namespace, imageId), 'image');
  }
}

// Docker's containers have their ids in containerd; what Docker calls them is unknown with Docker.
function markUnreadNames(builder: GraphBuilder, host: HostSnapshot): void {
  if (facet(host, 'docker.containers').state === 'notCollected') return;
  // Docker's own files have the names, too.
  if (isKnown(facet(host, 'docker.containerRecords'))) return;
  const dockerOf = dockerContainers(host);
  const mark = (kind: NodeKind, namespace: string, id: string): void => {
    const node = builder.find(kind, namespace, id);
    if (node?.names.length === 0 && dockerOf(namespace, id) === undefined) {
      builder.add(kind, namespace, id, { nameUnread: true });
    }
  };
  for (const { namespace, id } of items(host, 'containerd.containers')) mark('container', namespace, id);
  for (const { namespace, id } of items(host, 'containerd.leases')) mark('lease', namespace, id);
}

// By the API where Docker answers, else by the files that it starts from.
function dockersContainers(host: HostSnapshot, namespace: string): DockersContainer[] {
  const byId = new Map<string, DockersContainer>();
  for (const { id, name, imageId, createdAt } of items(host, 'docker.containerRecords')) {
    byId.set(id, { namespace, id, names: name === null ? [] : [name], imageId, createdAt });
  }
  for (const container of items(host, 'docker.containers')) byId.set(container.id, container);
  return [...byId.values()];
}

function dockersImages(
  host: HostSnapshot,
): ReadonlyMap<string, { readonly names: string[]; readonly createdAt: Timestamp | null }> {
  const byId = new Map<string, { names: string[]; createdAt: Timestamp | null }>();
  for (const { id, tags, digests, createdAt } of items(host, 'docker.images')) {
    byId.set(id, { names: [...tags, ...digests], createdAt });
  }
  for (const { imageId, reference } of items(host, 'docker.references')) {
    const known = byId.get(imageId) ?? { names: [], createdAt: null };
    if (!known.names.includes(reference)) known.names.push(reference);
    byId.set(imageId, known);
  }
  return byId;
}

function leasesOfImages(
  host: HostSnapshot,
  docker: string,
): ReadonlyMap<string, readonly { readonly namespace: string; readonly id: string }[]> {
  const byImage = new Map<string, { namespace: string; id: string }[]>();
  for (const { namespace, id } of items(host, 'containerd.leases')) {
    if (!id.startsWith(IMAGE_LEASE) || !isDockersNamespace(docker, namespace)) continue;
    const image = id.slice(IMAGE_LEASE.length);
    const known = byImage.get(image);
    if (known === undefined) byImage.set(image, [{ namespace, id }]);
    else known.push({ namespace, id });
  }
  return byImage;
}
