/** Whose something is: from a digest, a snapshot, a path of the host or a cgroup to images and containers. */
import { GC_FACETS, GRAPH_WANTS } from '../graph/build.ts';
import { findObjects, type Match } from '../graph/find.ts';
import { type Graph, type GraphNode, type NodeKind, snapshotParts } from '../graph/graph.ts';
import { type HolderSearch, holdersOf } from '../graph/holders.ts';
import { DISK_JOIN_WANTS, JOIN_WANTS } from '../graph/joins.ts';
import { items } from '../kinds/listing.ts';
import { isKnown } from '../observed.ts';
import { type FacetName, facet, type HostSnapshot } from '../snapshot.ts';
import { containersOfPath, looksLikeCgroup, pathWords } from './cgroup.ts';
import { findLayers, LAYER_WANTS, type LayerName, ownersOfLayer } from './docker-layer.ts';
import { PLACE_WANTS, type Place, placeOf, placeOnDisk } from './place.ts';

export const OWNER_WANTS: readonly FacetName[] = [
  ...new Set<FacetName>([
    ...GRAPH_WANTS,
    ...JOIN_WANTS,
    ...DISK_JOIN_WANTS,
    ...PLACE_WANTS,
    ...LAYER_WANTS,
    'metadata.snapshots',
    'metadata.backends',
    'content.ingests',
    'docker.volumes',
  ]),
];

export interface Owner {
  readonly layer: 'docker' | 'containerd' | 'content' | 'snapshot' | 'metadata';
  /** Null for what is in none, as a database or a volume. */
  readonly namespace: string | null;
  readonly kind: string;
  readonly id: string;
  /** Left out where it could not be read. */
  readonly name?: string | null;
  /** How it comes to own it. */
  readonly relation: string;
}

export interface OwnerAnswer {
  /** In words: what was asked about. */
  readonly subject: string;
  /** The nearest first; none: it belongs to nobody, as far as is known. */
  readonly owners: readonly Owner[];
  /** Facets that the answer rests on. */
  readonly restsOn: readonly FacetName[];
}

export type OwnerResult =
  | { readonly state: 'answer'; readonly answer: OwnerAnswer }
  | { readonly state: 'ambiguous'; readonly matches: readonly Pick<Match, 'label'>[] }
  | { readonly state: 'none'; readonly why: string; readonly restsOn: readonly FacetName[] };

/** The owners of what the reference means. @param root where the disk is mounted, of a host that does not run */
export const ownerOf = (host: HostSnapshot, graph: Graph, reference: string, root?: string): OwnerResult => {
  if (reference.startsWith('/') && !looksLikeCgroup(reference)) {
    const place = root === undefined ? placeOf(host, reference) : placeOnDisk(host, reference, root);
    if (place !== undefined) return ofPlace(host, graph, place);
  } else if (!looksLikeCgroup(reference)) {
    const matches = findObjects(graph, reference);
    if (matches.length > 1) return { state: 'ambiguous', matches };
    if (matches[0] !== undefined) return ofMatch(graph, matches[0]);
    const layers = findLayers(host, reference);
    if (layers.length > 1) {
      return { state: 'ambiguous', matches: layers.map((l) => ({ label: `${l.driver}/${l.folder}` })) };
    }
    if (layers[0] !== undefined) return ofDockerLayer(host, graph, layers[0]);
  }
  const containers =
    reference.includes('/') || looksLikeCgroup(reference) ? containersOfPath(graph, reference) : [];
  if (containers.length > 0) {
    const { of, relation } = pathWords(reference);
    return answer(
      `${of} container ${containers[0]?.id ?? ''}`,
      distinctOwners(containers.flatMap((node) => ownersOf(graph, [node], relation))),
      CONTAINER_LISTS,
    );
  }
  const why = reference.startsWith('/')
    ? 'it is below no directory of this containerd or its Docker, and no container id is in it'
    : 'not found';
  return { state: 'none', why, restsOn: [...GC_FACETS, 'docker.containers', ...PLACE_WANTS, ...LAYER_WANTS] };
};

const CONTAINER_LISTS: readonly FacetName[] = [
  'containerd.containers',
  'containerd.sandboxes',
  'docker.containers',
];

function ofMatch(graph: Graph, { nodes }: Match): OwnerResult {
  const [node] = nodes;
  const itself = nodes.filter(({ kind }) => OWNERS.includes(kind));
  const restsOn: FacetName[] = [...GC_FACETS, 'containerd.manifests'];
  const owners = [...itself.map((own) => ownerItem(own, 'itself')), ...ownersOf(graph, nodes)];
  return answer(`${node?.kind ?? ''} ${node?.id ?? ''}`, distinctOwners(owners), restsOn);
}

function ofPlace(host: HostSnapshot, graph: Graph, place: Place): OwnerResult {
  const blob = (digest: string): readonly GraphNode[] =>
    graph.nodes.filter(({ kind, id, present }) => kind === 'content' && id === digest && present);
  switch (place.what) {
    case 'blob': {
      const nodes = blob(place.digest);
      const own = nodes.map((node) => ownerItem(node, 'its file'));
      const owners = [...own, ...ownersOf(graph, nodes)];
      return answer(`the file of content ${place.digest}`, owners, [...GC_FACETS, 'containerd.manifests']);
    }
    case 'ingest': {
      const nodes = ingestsIn(host, graph, place.folder);
      const owners = nodes.flatMap((node) => [ownerItem(node, 'its folder'), ...ownersOf(graph, [node])]);
      return answer('the folder of an ingest', owners, ['containerd.ingests', 'metadata.ingests']);
    }
    case 'snapshot':
      return ofSnapshotFolder(host, graph, place);
    case 'bundle': {
      const nodes = [
        graph.find('container', place.namespace, place.id),
        graph.find('sandbox', place.namespace, place.id),
      ];
      const owners = nodes.flatMap((node) => (node?.present ? ownersOf(graph, [node], 'its bundle') : []));
      return answer(`the bundle of task ${place.namespace}/${place.id}`, owners, CONTAINER_LISTS);
    }
    case 'criObject':
      return ofContainers(graph, place.id, 'its CRI files', ['container', 'sandbox'], "CRI's files");
    case 'dockerContainer':
      return ofContainers(
        graph,
        place.id,
        place.relation,
        ['dockerContainer', 'container'],
        "Docker's files",
      );
    case 'dockerImageConfig': {
      const node = graph.nodes.find(
        ({ kind, id, present }) => kind === 'dockerImage' && id === place.id && present,
      );
      const owners = node === undefined ? [] : [ownerItem(node, 'its config'), ...ownersOf(graph, [node])];
      return answer(`the config of Docker's image ${place.id}`, owners, [
        'docker.images',
        'docker.references',
      ]);
    }
    case 'dockerLayer':
      return ofDockerLayer(host, graph, { driver: place.driver, folder: place.id });
    case 'dockerChain':
      return ofDockerLayer(host, graph, { driver: place.driver, chainId: place.id });
    case 'dockerVolume': {
      const volume = items(host, 'docker.volumes').find(({ name }) => name === place.name);
      const item = {
        layer: 'docker',
        namespace: null,
        kind: 'volume',
        id: place.name,
        name: place.name,
      } as const;
      const owners = volume === undefined ? [] : [{ ...item, relation: 'its folder' }];
      return answer(`the folder of volume ${place.name}`, owners, ['docker.volumes']);
    }
    case 'database':
      return answer(
        'a database of containerd',
        [
          {
            layer: 'metadata',
            namespace: null,
            kind: 'database',
            id: place.owner,
            name: null,
            relation: 'its file',
          },
        ],
        [],
      );
    case 'dockerRoot':
      return answer(
        "a file of Docker's own",
        [
          {
            layer: 'docker',
            namespace: null,
            kind: 'daemon',
            id: place.path,
            name: null,
            relation: 'its data directory',
          },
        ],
        [],
      );
    case 'containerdRoot':
      return answer(
        "a file of containerd's own",
        [
          {
            layer: 'containerd',
            namespace: null,
            kind: 'daemon',
            id: place.path,
            name: null,
            relation: 'its root',
          },
        ],
        [],
      );
    case 'elsewhere':
      return {
        state: 'none',
        why: `it is below ${place.root}, another containerd's root; this one's is ${place.ours}`,
        restsOn: [],
      };
  }
}

// The number is in the snapshotter's database; there the snapshot has a name that containerd's own knows.
function ofSnapshotFolder(
  host: HostSnapshot,
  graph: Graph,
  { snapshotter, name }: Extract<Place, { what: 'snapshot' }>,
): OwnerResult {
  const restsOn: FacetName[] = ['metadata.backends', 'metadata.snapshots', 'containerd.snapshots'];
  const subject = `folder ${name} of snapshotter ${snapshotter}`;
  const backend = items(host, 'metadata.backends').find(
    (one) => one.snapshotter === snapshotter && String(one.id) === name,
  );
  if (backend === undefined) return answer(subject, [], restsOn);
  const record = items(host, 'metadata.snapshots').find(
    (one) => one.snapshotter === snapshotter && one.name === backend.name,
  );
  const [namespace = '', , ...rest] = backend.name.split('/');
  const key = record?.key ?? rest.join('/');
  const node = graph.find('snapshot', record?.namespace ?? namespace, `${snapshotter}/${key}`);
  if (node?.present) {
    return answer(subject, [ownerItem(node, 'its folder'), ...ownersOf(graph, [node])], restsOn);
  }
  const relation = isKnown(facet(host, 'metadata.snapshots'))
    ? 'its folder; containerd has forgotten the snapshot'
    : 'its folder';
  const orphan = { layer: 'snapshot', namespace, kind: 'snapshot', id: key, name: null, relation } as const;
  return answer(subject, [orphan], restsOn);
}

function ingestsIn(host: HostSnapshot, graph: Graph, folder: string): readonly GraphNode[] {
  const records = items(host, 'metadata.ingests').filter((record) => record.folder === folder);
  const found = records.flatMap(({ namespace, ref }) => graph.find('ingest', namespace, ref) ?? []);
  if (found.length > 0) return found;
  // NAMESPACE/NUMBER/REF, by the folder's own file.
  const said = items(host, 'content.ingests').find((one) => one.folder === folder)?.name;
  const [namespace = '', , ...ref] = said?.split('/') ?? [];
  const node = graph.find('ingest', namespace, ref.join('/'));
  return node === undefined ? [] : [node];
}

function ofContainers(
  graph: Graph,
  id: string,
  relation: string,
  kinds: readonly NodeKind[],
  subject: string,
): OwnerResult {
  const nodes = graph.nodes.filter((node) => node.present && node.id === id && kinds.includes(node.kind));
  return answer(
    `${subject} of container ${id}`,
    distinctOwners(nodes.flatMap((node) => ownersOf(graph, [node], relation))),
    CONTAINER_LISTS,
  );
}

function ofDockerLayer(host: HostSnapshot, graph: Graph, name: LayerName): OwnerResult {
  const found = ownersOfLayer(host, name);
  const owned = (kinds: readonly NodeKind[], ids: readonly string[], relation: string): Owner[] => {
    const wanted = new Set(ids);
    return graph.nodes
      .filter((node) => node.present && kinds.includes(node.kind) && wanted.has(node.id))
      .flatMap((node) => ownersOf(graph, [node], relation));
  };
  const owners = distinctOwners([
    ...owned(['dockerContainer', 'container'], found?.containers ?? [], 'its layer'),
    ...owned(['dockerImage'], found?.images ?? [], 'one of its layers'),
  ]);
  // A record may name a container that nobody lists: said all the same.
  const unlisted = (found?.containers ?? []).filter(
    (container) => !owners.some((owner) => owner.id === container),
  );
  const what = 'folder' in name ? `folder ${name.folder}` : `the record of layer ${name.chainId}`;
  const is = found === undefined || 'chainId' in name ? '' : `, ${found.is}`;
  const subject = `${what} of graphdriver ${name.driver}${is}`;
  return answer(
    subject,
    [
      ...owners,
      ...unlisted.map((container) => ({
        layer: 'docker' as const,
        namespace: null,
        kind: 'container',
        id: container,
        name: null,
        relation: 'its layer; Docker does not list it',
      })),
    ],
    [...LAYER_WANTS, 'docker.containers', 'docker.images'],
  );
}

/** Labels of a way that are said. */
const MAX_WORDS = 8;

const OWNERS: readonly NodeKind[] = [
  'image',
  'container',
  'dockerContainer',
  'dockerImage',
  'lease',
  'sandbox',
];

// Along every reference, also those that keep nothing.
const owning: HolderSearch = {
  roots: [],
  follows: ({ sure }) => sure,
  alsoFrom: ({ kind, present }) => present && OWNERS.includes(kind),
};

/** Everybody from whom a reference leads to the objects; with `relation`, the objects themselves first, by it. */
function ownersOf(graph: Graph, objects: readonly GraphNode[], relation?: string): Owner[] {
  const own = relation === undefined ? [] : objects.map((node) => ownerItem(node, relation));
  const isObject = new Set(objects);
  const others = holdersOf(graph, objects, owning).paths.flatMap(({ steps }) => {
    const first = steps[0]?.node;
    if (first === undefined || isObject.has(first)) return [];
    return [ownerItem(first, relationOf(steps.slice(1).map(({ edge }) => edge ?? '')))];
  });
  return [...own, ...others];
}

// Of a way through thousands of snapshots, its ends say enough.
function relationOf(labels: readonly string[]): string {
  const words = labels.length <= MAX_WORDS ? labels : [...labels.slice(0, 4), '…', ...labels.slice(-2)];
  return words.map(wordsOf).join(' > ');
}

const wordsOf = (label: string): string => label.replace(/^containerd\.io\/gc\.(ref|bref)\./, '');

function ownerItem({ kind, namespace, id, names, nameUnread }: GraphNode, relation: string): Owner {
  const [layer, word] = LAYERS[kind];
  const key = kind === 'snapshot' ? snapshotParts(id).key : id;
  const name = nameUnread ? {} : { name: names[0] ?? null };
  return { layer, namespace, kind: word, id: key, ...name, relation };
}

const LAYERS: Readonly<Record<NodeKind, readonly [Owner['layer'], string]>> = {
  image: ['containerd', 'image'],
  content: ['content', 'content'],
  snapshot: ['snapshot', 'snapshot'],
  container: ['containerd', 'container'],
  lease: ['containerd', 'lease'],
  ingest: ['content', 'ingest'],
  sandbox: ['containerd', 'sandbox'],
  dockerContainer: ['docker', 'container'],
  dockerImage: ['docker', 'image'],
};

// The first that is said of an owner is the nearest.
function distinctOwners(owners: readonly Owner[]): Owner[] {
  const byKey = new Map<string, Owner>();
  for (const owner of owners) {
    const key = JSON.stringify([owner.layer, owner.kind, owner.namespace, owner.id]);
    if (!byKey.has(key)) byKey.set(key, owner);
  }
  return [...byKey.values()];
}

const answer = (subject: string, owners: readonly Owner[], restsOn: readonly FacetName[]): OwnerResult => ({
  state: 'answer',
  answer: { subject, owners, restsOn },
});
