/** What containerd's collector would mark, and therefore what it would sweep. */
import type { Edge, EdgeMode, Graph, GraphNode } from './graph.ts';

/** Kinds that the collector sweeps when it has not marked them; the others stay until somebody removes them. */
const SWEPT: ReadonlySet<GraphNode['kind']> = new Set(['content', 'snapshot', 'lease', 'ingest', 'image']);

/**
 * A node is visited whole or flat, or both; each is one state: 2n and 2n + 1. Whole and flat visits are told apart while
 * marking, and make the same mark.
 */
export const wholeState = (node: number): number => 2 * node;
export const flatState = (node: number): number => 2 * node + 1;
export const nodeOf = (state: number): number => state >> 1;
const isFlat = (state: number): boolean => (state & 1) === 1;

/** The state in which the edge arrives from a state, or undefined where it is not followed from there. */
export const arrival = ({ to, mode }: Edge, from: number): number | undefined => {
  if (isFlat(from)) return mode === 'both' ? flatState(to) : undefined;
  return mode === 'flat' ? flatState(to) : wholeState(to);
};

/** The state in which the edge departs to arrive in a state, or undefined where it does not. */
export const departure = ({ from, mode }: Edge, to: number): number | undefined => {
  const flatly: Readonly<Record<EdgeMode, boolean | undefined>> = isFlat(to)
    ? { full: undefined, both: true, flat: false }
    : { full: false, both: false, flat: undefined };
  const flat = flatly[mode];
  return flat === undefined ? undefined : flat ? flatState(from) : wholeState(from);
};

export interface Marks {
  /** Whether something keeps the object; undefined: what would decide it could not be read. */
  held(node: GraphNode): boolean | undefined;
  /** The root that alone keeps the object, null where several do; undefined where none surely does. */
  sole(node: GraphNode): GraphNode | null | undefined;
}

/** Marks from the roots. Time and memory are linear in the graph. */
export const markGraph = (graph: Graph): Marks => {
  const surely = spread(graph, (edge) => edge.sure, ['holds']);
  const possibly = spread(graph, () => true, ['holds', 'unsure']);
  const everywhere = graph.unread.some(({ namespace }) => namespace === null);
  const unread = new Set(graph.unread.map(({ namespace }) => namespace));

  const held: Marks['held'] = ({ index, kind, namespace, root }) => {
    if (marked(surely, index)) return true;
    // What nobody sweeps needs nothing to keep it; a Docker's object is not containerd's to sweep.
    if (!SWEPT.has(kind)) return true;
    if (marked(possibly, index) || everywhere || unread.has(namespace)) return undefined;
    return root?.state === 'unsure' ? undefined : false;
  };
  return { held, sole: (node) => soleOf(graph, surely, node.index) };
};

const NOBODY = -1;
const SEVERAL = -2;

function marked(visits: Int32Array, node: number): boolean {
  return visits[wholeState(node)] !== NOBODY || visits[flatState(node)] !== NOBODY;
}

function soleOf(graph: Graph, visits: Int32Array, node: number): GraphNode | null | undefined {
  const [whole = NOBODY, flat = NOBODY] = [visits[wholeState(node)], visits[flatState(node)]];
  const either = whole === NOBODY || whole === flat ? flat : flat === NOBODY ? whole : SEVERAL;
  return either === NOBODY ? undefined : (graph.nodes[either] ?? null);
}

// By state the root that arrives there. A state changes at most twice, from nobody to one to several: so cycles end, and the whole is linear.
function spread(
  graph: Graph,
  follows: (edge: Edge) => boolean,
  from: readonly NonNullable<GraphNode['root']>['state'][],
): Int32Array {
  const visits = new Int32Array(2 * graph.nodes.length).fill(NOBODY);
  const pending: number[] = [];
  const visit = (state: number, root: number): void => {
    const known = visits[state];
    if (known === root || known === SEVERAL) return;
    visits[state] = known === NOBODY ? root : SEVERAL;
    pending.push(state);
  };
  for (const { index, root } of graph.nodes) {
    if (root !== null && from.includes(root.state)) visit(wholeState(index), index);
  }
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    const root = visits[state] ?? NOBODY;
    for (const edge of graph.out[nodeOf(state)] ?? []) {
      if (!edge.collects || !follows(edge)) continue;
      const next = arrival(edge, state);
      if (next !== undefined) visit(next, root);
    }
  }
  return visits;
}
