/** The way from each holder to an object: backwards from the object, the nearest holder first. */
import { compareText } from '../kinds/kind.ts';
import type { Edge, Graph, GraphNode, Root } from './graph.ts';
import { departure, flatState, nodeOf, wholeState } from './mark.ts';

/** One object on the way, and what the one before it says of it; null for the holder, which is first. */
export interface Step {
  readonly node: GraphNode;
  readonly edge: string | null;
}

export interface HolderPath {
  readonly steps: readonly Step[];
}

export interface Holders {
  readonly paths: readonly HolderPath[];
  /** How many holders there are besides those whose paths are given. */
  readonly more: number;
}

/** Paths that are given; a layer that every image of a host shares has as many as there are images. */
const MAX_PATHS = 1000;
/** Steps of all of them together: snapshots may lie on each other by thousands. */
const MAX_STEPS = 100_000;

export interface HolderSearch {
  /** Roots that count, by their state. */
  readonly roots: readonly Root['state'][];
  readonly follows: (edge: Edge) => boolean;
  /** Begins at objects that are no roots of the collector's, too. */
  readonly alsoFrom?: (node: GraphNode) => boolean;
}

/** References that the collector follows and that we are sure of. */
export const surely: HolderSearch = { roots: ['holds'], follows: ({ collects, sure }) => collects && sure };
/** With those that may be. */
export const possibly: HolderSearch = { roots: ['holds', 'unsure'], follows: ({ collects }) => collects };
/** From what would hold it if its time were not over. */
export const formerly: HolderSearch = { roots: ['expired'], follows: ({ collects }) => collects };

/** The shortest path from every holder to the objects, each holder once. Time is linear in the graph, whatever its cycles. */
export const holdersOf = (graph: Graph, objects: readonly GraphNode[], search: HolderSearch): Holders => {
  const next = new Map<number, { readonly edge: Edge; readonly state: number } | null>();
  let pending: number[] = [];
  for (const { index } of objects) {
    for (const state of [wholeState(index), flatState(index)]) {
      next.set(state, null);
      pending.push(state);
    }
  }
  const paths: HolderPath[] = [];
  const seen = new Set<number>();
  let steps = 0;
  let more = 0;
  while (pending.length > 0) {
    const further: number[] = [];
    for (const state of pending) {
      const node = graph.nodes[nodeOf(state)];
      // Roots are visited whole.
      if (node === undefined) continue;
      const begins = state === wholeState(node.index) && isRoot(node, search);
      if (begins && !seen.has(node.index)) {
        seen.add(node.index);
        if (paths.length < MAX_PATHS && steps < MAX_STEPS) {
          const path = pathFrom(graph, next, state);
          steps += path.steps.length;
          paths.push(path);
        } else {
          more += 1;
        }
      }
      for (const edge of graph.in[node.index] ?? []) {
        if (!search.follows(edge)) continue;
        const before = departure(edge, state);
        if (before === undefined || next.has(before)) continue;
        next.set(before, { edge, state });
        further.push(before);
      }
    }
    pending = further;
  }
  return { paths: paths.toSorted(nearestFirst), more };
};

// Equally near ones by their names: the lists that the graph was made from come in any order.
function nearestFirst(a: HolderPath, b: HolderPath): number {
  return a.steps.length - b.steps.length || compareText(nameOf(a), nameOf(b));
}

function nameOf({ steps }: HolderPath): string {
  const node = steps[0]?.node;
  return node === undefined ? '' : `${node.namespace}\0${node.kind}\0${node.id}`;
}

function isRoot(node: GraphNode, { roots, alsoFrom }: HolderSearch): boolean {
  return (node.root !== null && roots.includes(node.root.state)) || alsoFrom?.(node) === true;
}

function pathFrom(
  graph: Graph,
  next: ReadonlyMap<number, { readonly edge: Edge; readonly state: number } | null>,
  from: number,
): HolderPath {
  const steps: Step[] = [];
  let edge: string | null = null;
  let state: number | undefined = from;
  while (state !== undefined) {
    const node = graph.nodes[nodeOf(state)];
    if (node !== undefined) steps.push({ node, edge });
    const following = next.get(state);
    edge = following?.edge.label ?? null;
    state = following?.state;
  }
  return { steps };
}
