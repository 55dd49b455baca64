/** What a user may call an object of the graph: digest, image name, snapshot key, container, lease, ingest, or the start of an id. */
import { compareText } from '../kinds/kind.ts';
import { canonicalName } from './familiar.ts';
import { type Graph, type GraphNode, type NodeKind, snapshotParts } from './graph.ts';

/** Fewer characters than this are no prefix: they match by accident. */
const LEAST_PREFIX = 4;

/** One object: content that several namespaces have is one, kept as long as any of them keeps it. */
export interface Match {
  readonly kind: NodeKind;
  /** How messages call it, and what means it alone when given as a reference. */
  readonly label: string;
  readonly nodes: readonly GraphNode[];
}

/**
 * The objects that the reference means: all exact matches, else all whose id begins with it. More than one is an
 * ambiguity that the caller has to show. `KIND/…` and `NAMESPACE/…` before it narrow it.
 *
 * A container's lease and snapshot have the container's own id: by that id alone the container is meant.
 */
export const findObjects = (graph: Graph, reference: string): readonly Match[] => {
  const exact = collapse(graph.nodes.filter((node) => node.present && isCalled(node, reference)));
  if (exact.length > 0) return exact;
  return collapse(graph.nodes.filter((node) => node.present && beginsWith(node, reference)));
};

const KIND_WORDS: Readonly<Record<string, readonly NodeKind[]>> = {
  image: ['image', 'dockerImage'],
  content: ['content'],
  blob: ['content'],
  snapshot: ['snapshot'],
  container: ['container', 'dockerContainer'],
  lease: ['lease'],
  ingest: ['ingest'],
  sandbox: ['sandbox'],
};

// The reference itself, and what is left of it after each prefix that it may have.
function spellings({ kind, namespace }: GraphNode, reference: string): string[] {
  const all = [reference];
  const word = /^[a-z]+(?=\/)/.exec(reference)?.[0];
  if (word !== undefined && KIND_WORDS[word]?.includes(kind)) all.push(reference.slice(word.length + 1));
  return all.flatMap((text) =>
    text.startsWith(`${namespace}/`) ? [text, text.slice(namespace.length + 1)] : [text],
  );
}

function isCalled(node: GraphNode, reference: string): boolean {
  return spellings(node, reference).some((text) => {
    if (node.id === text || node.names.includes(text)) return true;
    switch (node.kind) {
      case 'content':
        return node.id.slice(node.id.indexOf(':') + 1) === text;
      case 'image':
        return node.id === canonicalName(text);
      case 'dockerImage':
        return node.names.includes(`${text}:latest`);
      case 'snapshot':
        return snapshotParts(node.id).key === text;
      default:
        return false;
    }
  });
}

function beginsWith(node: GraphNode, reference: string): boolean {
  if (node.kind === 'image') return false;
  return spellings(node, reference).some((text) => {
    // `sha256:` alone would be the beginning of everything.
    const least = LEAST_PREFIX + (/^[a-z0-9]+:/.exec(text)?.[0].length ?? 0);
    if (text.length < least) return false;
    const { id, kind } = node;
    const own = kind === 'snapshot' ? snapshotParts(id).key : id;
    const hex = own.slice(own.indexOf(':') + 1);
    return id.startsWith(text) || own.startsWith(text) || hex.startsWith(text);
  });
}

// Which of several objects with one id is meant: what the others are there for comes first.
const OWN: readonly NodeKind[] = ['container', 'dockerContainer', 'sandbox', 'lease', 'snapshot'];

// Docker's image is called by the digest of content, and by the name of the record that containerd has of it.
function isDockersWordFor(node: GraphNode, others: readonly GraphNode[]): boolean {
  if (node.kind !== 'dockerImage') return false;
  return others.some(
    ({ kind, namespace }) => kind === 'content' || (kind === 'image' && namespace === node.namespace),
  );
}

function collapse(nodes: readonly GraphNode[]): Match[] {
  const groups = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    if (isDockersWordFor(node, nodes)) continue;
    const key =
      node.kind === 'content'
        ? `content/${node.id}`
        : OWN.includes(node.kind)
          ? `${node.namespace}/${snapshotParts(node.id).key}`
          : `${node.kind}/${node.namespace}/${node.id}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [node]);
    else known.push(node);
  }
  return [...groups.values()].flatMap((group) => {
    const kind = OWN.find((own) => group.some((node) => node.kind === own)) ?? group[0]?.kind;
    const own = group
      .filter((node) => node.kind === kind)
      .toSorted((a, b) => compareText(a.namespace, b.namespace));
    if (kind === 'content') return [{ kind, label: `content/${own[0]?.id ?? ''}`, nodes: own }];
    return own.map((node) => ({ kind: node.kind, label: labelOf(node), nodes: [node] }));
  });
}

// A word that KIND_WORDS knows; the containers and images of Docker are called as containerd's are.
function labelOf({ kind, namespace, id }: GraphNode): string {
  const word = kind === 'dockerContainer' ? 'container' : kind === 'dockerImage' ? 'image' : kind;
  return `${word}/${namespace}/${id}`;
}
