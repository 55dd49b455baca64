/** Why an object is still here: its holders and the ways from them, or that nothing holds it, and why it has not gone yet. */
import { buildGraph, GRAPH_WANTS } from './graph/build.ts';
import { findObjects, type Match } from './graph/find.ts';
import type { Edge, Graph, GraphNode, NodeKind } from './graph/graph.ts';
import {
  formerly,
  type HolderPath,
  type HolderSearch,
  type Holders,
  holdersOf,
  possibly,
  surely,
} from './graph/holders.ts';
import { DISK_JOIN_WANTS, JOIN_WANTS } from './graph/joins.ts';
import { type Marks, markGraph } from './graph/mark.ts';
import type { Gap } from './observed.ts';
import { seenValue } from './observed.ts';
import type { Thing, ThingKind } from './relations.ts';
import { type FacetName, facet, type HostSnapshot } from './snapshot.ts';

/** What the answer is made from: first without reading every manifest. */
export const WHY_WANTS: readonly FacetName[] = [
  ...GRAPH_WANTS,
  ...JOIN_WANTS.filter((name) => name !== 'containerd.manifests'),
  ...DISK_JOIN_WANTS,
  'containerd.plugins',
];

export interface WhyAnswer {
  readonly match: Match;
  /** Undefined: no holder is known, but what could not be read may hold it. */
  readonly held: boolean | undefined;
  /** Who surely holds it, the nearest first. Without containerd's collector knowing them, Docker's records before its leases. */
  readonly holders: Holders;
  /** Who may hold it, where nobody surely does. */
  readonly perhaps: Holders;
  /** Whose time is over. */
  readonly former: Holders;
  /** Who names it, which keeps nothing: a manifest of an image, a container's record. */
  readonly named: Holders;
  /** What it holds itself, first of all where it is a holder. */
  readonly holds: readonly { readonly node: GraphNode; readonly edge: string }[];
  /** What is unread and could change the answer. */
  readonly unread: readonly Gap[];
  readonly collector: Collector;
}

/** What starts a collection (plugins/gc/scheduler.go). */
export interface Collector {
  /** False: its plugin is not loaded, so nothing is ever collected. Undefined: unknown. */
  readonly runs: boolean | undefined;
  /** Deletions that start one; 0: any, where none is planned yet. */
  readonly deletionThreshold: string;
  /** Changes that start one. */
  readonly mutationThreshold: string;
}

const NOBODY: Holders = { paths: [], more: 0 };

export type WhyResult =
  | { readonly state: 'answer'; readonly answer: WhyAnswer }
  | { readonly state: 'ambiguous'; readonly matches: readonly Match[] }
  | { readonly state: 'none' };

/** The answer for whatever the reference means on this host. */
export const askWhy = (host: HostSnapshot, reference: string): WhyResult => {
  const graph = buildGraph(host);
  const matches = findObjects(graph, reference);
  const [match] = matches;
  if (match === undefined) return { state: 'none' };
  if (matches.length > 1) return { state: 'ambiguous', matches };
  return { state: 'answer', answer: why(host, graph, markGraph(graph), match) };
};

/** The answer for one object that is known already; content is one object in all its namespaces. */
export const askAbout = (host: HostSnapshot, thing: Thing): WhyResult => {
  const kind = NODE_KINDS[thing.kind];
  if (kind === undefined) return { state: 'none' };
  const graph = buildGraph(host);
  const id = thing.snapshotter === undefined ? thing.id : `${thing.snapshotter}/${thing.id}`;
  const own = graph.find(kind, thing.namespace, id);
  if (own?.present !== true) return { state: 'none' };
  const nodes =
    kind === 'content'
      ? graph.nodes.filter((node) => node.kind === kind && node.id === id && node.present)
      : [own];
  const match: Match = { kind, label: id, nodes };
  return { state: 'answer', answer: why(host, graph, markGraph(graph), match) };
};

// A namespace is no object that anything holds.
const NODE_KINDS: Readonly<Partial<Record<ThingKind, NodeKind>>> = {
  containers: 'container',
  images: 'image',
  content: 'content',
  snapshots: 'snapshot',
  leases: 'lease',
  sandboxes: 'sandbox',
  ingests: 'ingest',
};

/** The answer for one object of the graph. */
export const why = (host: HostSnapshot, graph: Graph, marks: Marks, match: Match): WhyAnswer => {
  const states = match.nodes.map((node) => marks.held(node));
  const held = states.includes(true) ? true : states.includes(undefined) ? undefined : false;
  const search = (kind: HolderSearch): Holders => withDocker(graph, holdersOf(graph, match.nodes, kind));
  const holders = search(surely);
  const namespaces = new Set(match.nodes.map(({ namespace }) => namespace));
  return {
    match,
    held,
    holders,
    perhaps: held === undefined ? search(possibly) : NOBODY,
    former: held === true ? NOBODY : search(formerly),
    named: held === true ? NOBODY : besides(search(named), search(formerly)),
    holds: match.nodes.flatMap((node) => heldBy(graph, node)),
    unread: graph.unread
      .filter(({ namespace }) => namespace === null || namespaces.has(namespace))
      .map(({ gap }) => gap),
    collector: collectorOf(host),
  };
};

// Names of people's, from whatever they begin at: the answer to "but it is in that image".
const named: HolderSearch = {
  roots: ['holds'],
  follows: ({ sure }: Edge) => sure,
  alsoFrom: ({ kind, present }) => present && (kind === 'dockerContainer' || kind === 'dockerImage'),
};

function besides(holders: Holders, others: Holders): Holders {
  const known = new Set(others.paths.map(({ steps }) => steps[0]?.node.index));
  return { ...holders, paths: holders.paths.filter(({ steps }) => !known.has(steps[0]?.node.index)) };
}

// A lease of Docker's is there because of a container or an image of Docker's: that is whom people know.
function withDocker(graph: Graph, { paths, more }: Holders): Holders {
  return { paths: paths.map((path) => fromDocker(graph, path)), more };
}

function fromDocker(graph: Graph, path: HolderPath): HolderPath {
  const first = path.steps[0];
  // Docker's record of the container itself is no other holder.
  if (path.steps.length === 1 && first?.node.kind === 'container') return path;
  if (first?.node.kind !== 'lease' && first?.node.kind !== 'container') return path;
  const edge = graph.in[first.node.index]?.find(({ from }) => graph.nodes[from]?.kind.startsWith('docker'));
  const docker = edge && graph.nodes[edge.from];
  if (edge === undefined || docker === undefined) return path;
  const [, ...rest] = path.steps;
  return { steps: [{ node: docker, edge: null }, { node: first.node, edge: edge.label }, ...rest] };
}

/** Objects in the list of what a holder holds; more are a number only. */
function heldBy(graph: Graph, node: GraphNode): { node: GraphNode; edge: string }[] {
  return (graph.out[node.index] ?? []).flatMap(({ to, label, collects }) => {
    const other = graph.nodes[to];
    const counts = collects || node.kind.startsWith('docker');
    return other === undefined || !counts ? [] : [{ node: other, edge: label }];
  });
}

function collectorOf(host: HostSnapshot): Collector {
  const plugins = seenValue(facet(host, 'containerd.plugins'))?.items;
  const scheduler = plugins?.find(({ type, id }) => type === 'io.containerd.gc.v1' && id === 'scheduler');
  return {
    runs: plugins === undefined ? undefined : scheduler?.status === 'ok',
    deletionThreshold: scheduler?.exports['DeletionThreshold'] ?? '0',
    mutationThreshold: scheduler?.exports['MutationThreshold'] ?? '100',
  };
}
