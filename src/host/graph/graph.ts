/** A graph of what keeps what: containerd's objects by namespace, the references that its collector follows, and those that only people follow. */
import type { Gap, Timestamp } from '../observed.ts';

export type NodeKind =
  | 'image'
  | 'content'
  | 'snapshot'
  | 'container'
  | 'lease'
  | 'ingest'
  | 'sandbox'
  | 'dockerContainer'
  | 'dockerImage';

/** Whether the collector begins at an object. */
export interface Root {
  /** `expired`: it did, until its time was over. `unsure`: what decides it could not be read. */
  readonly state: 'holds' | 'expired' | 'unsure';
  /** In words: by which rule. */
  readonly why: string;
  readonly expiresAt: Timestamp | null;
}

export interface GraphNode {
  /** Its place in the graph. */
  readonly index: number;
  readonly kind: NodeKind;
  readonly namespace: string;
  /** Of a snapshot SNAPSHOTTER/KEY, as the collector calls it. */
  readonly id: string;
  /** What people call it besides, its own name first. */
  readonly names: readonly string[];
  /** Whether Docker may have a name for it that could not be read. */
  readonly nameUnread: boolean;
  /** False: others refer to it, but nobody has it. */
  readonly present: boolean;
  readonly createdAt: Timestamp | null;
  /** Bytes, where its record has them. */
  readonly size: bigint | null;
  readonly root: Root | null;
}

/**
 * A lease with containerd.io/gc.flat keeps what it lists, and not what that refers to: what is reached from it is visited
 * flat. `full` edges are not followed from what is only flat; `both` are, and stay flat; `flat` ones make it so.
 */
export type EdgeMode = 'full' | 'both' | 'flat';

export interface Edge {
  readonly from: number;
  readonly to: number;
  /** The label or the field that says so. */
  readonly label: string;
  /** Whether containerd's collector follows it; what it does not know keeps nothing. */
  readonly collects: boolean;
  readonly mode: EdgeMode;
  /** False where it depends on what could not be read, as on the daemon's version. */
  readonly sure: boolean;
}

/** A fact that the collector knows and we do not. */
export interface UnreadFact {
  /** Null: in every namespace. */
  readonly namespace: string | null;
  readonly gap: Gap;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  /** By the node that refers. */
  readonly out: readonly (readonly Edge[])[];
  /** By the node that is referred to. */
  readonly in: readonly (readonly Edge[])[];
  readonly unread: readonly UnreadFact[];
  find(kind: NodeKind, namespace: string, id: string): GraphNode | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export type NodeFacts = Partial<Pick<GraphNode, 'names' | 'nameUnread' | 'createdAt' | 'size' | 'root'>>;

export interface GraphBuilder {
  /** The object, which somebody has. */
  add(kind: NodeKind, namespace: string, id: string, facts?: NodeFacts): number;
  /** The object as others name it, whether anybody has it or not. */
  named(kind: NodeKind, namespace: string, id: string): number;
  connect(edge: Edge): void;
  unread(fact: UnreadFact): void;
  find: Graph['find'];
  finish(): Graph;
}

export const graphBuilder = (): GraphBuilder => {
  const nodes: Mutable<GraphNode>[] = [];
  const out: Edge[][] = [];
  const into: Edge[][] = [];
  const unread: UnreadFact[] = [];
  const byKey = new Map<string, number>();

  const named: GraphBuilder['named'] = (kind, namespace, id) => {
    const key = keyOf(kind, namespace, id);
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const index = nodes.length;
    const nobody = { names: [], nameUnread: false, present: false, createdAt: null, size: null, root: null };
    nodes.push({ index, kind, namespace, id, ...nobody });
    out.push([]);
    into.push([]);
    byKey.set(key, index);
    return index;
  };
  const find: Graph['find'] = (kind, namespace, id) => {
    const index = byKey.get(keyOf(kind, namespace, id));
    return index === undefined ? undefined : nodes[index];
  };
  return {
    add: (kind, namespace, id, facts = {}) => {
      const index = named(kind, namespace, id);
      const node = nodes[index];
      if (node !== undefined) Object.assign(node, facts, { present: true });
      return index;
    },
    named,
    connect: (edge) => {
      out[edge.from]?.push(edge);
      into[edge.to]?.push(edge);
    },
    unread: (fact) => void unread.push(fact),
    find,
    finish: () => ({ nodes, out, in: into, unread, find }),
  };
};

// Neither a kind nor a namespace can have a NUL in it; containerd checks the names of namespaces.
const keyOf = (kind: NodeKind, namespace: string, id: string): string => `${kind}\0${namespace}\0${id}`;

/** The parts of a snapshot's id: the collector, too, parts it at the first slash. */
export const snapshotParts = (id: string): { readonly snapshotter: string; readonly key: string } => {
  const slash = id.indexOf('/');
  return { snapshotter: id.slice(0, Math.max(0, slash)), key: id.slice(slash + 1) };
};
