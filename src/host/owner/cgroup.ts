/** Whose a cgroup is, or another path that nobody keeps a record of, by the container id in it. */
import type { Graph, GraphNode } from '../graph/graph.ts';

/**
 * Containers whose id is in the path, by its innermost part that is one: `/docker/ID`, `/NAMESPACE/ID`,
 * `system.slice/docker-ID.scope`, `…/cri-containerd-ID.scope`, with a hierarchy before it or without; a runtime's state too. Where containers of
 * several namespaces have the id, those whose namespace is in the path too.
 */
export const containersOfPath = (graph: Graph, path: string): readonly GraphNode[] => {
  const byId = new Map<string, GraphNode[]>();
  for (const node of graph.nodes) {
    if (!node.present || !OWNERS.includes(node.kind)) continue;
    const known = byId.get(node.id);
    if (known === undefined) byId.set(node.id, [node]);
    else known.push(node);
  }
  const parts = path.split('/').filter((part) => part !== '');
  for (const [i, part] of [...parts.entries()].reverse()) {
    const found = idsIn(part).flatMap((id) => byId.get(id) ?? []);
    // A plain word is an id only where the namespace is before it: containers may be called `memory`.
    const before = parts.slice(0, i);
    const own = found.filter(({ namespace }) => before.includes(namespace));
    if (own.length > 0) return own;
    const sure = found.filter(({ id }) => UNMISTAKABLE.test(id));
    if (sure.length > 0) return sure;
  }
  return [];
};

/** Whether a reference can be a cgroup's path only. */
export const looksLikeCgroup = (reference: string): boolean =>
  /^\/sys\/fs\/cgroup(\/|$)|\.(scope|slice)(\/|$)|^\d+:[^/]*:\//.test(reference);

/** What a path is in which a container's id was found, and what it is to the container. */
export const pathWords = (path: string): { readonly of: string; readonly relation: string } => {
  if (!looksLikeCgroup(path)) {
    // `/run/containerd/runc/NAMESPACE/ID`, and Docker's `runtime-runc/NAMESPACE/ID`.
    if (/\/(runc|runtime-[^/]+)\//.test(path))
      return { of: "the runtime's state of", relation: "its runtime's state" };
    if (/^\/(run|var|proc)\//.test(path))
      return { of: 'a path with the id of', relation: 'its id is in the path' };
  }
  return { of: 'the cgroup of', relation: 'its cgroup' };
};

const OWNERS: readonly GraphNode['kind'][] = ['container', 'dockerContainer', 'sandbox'];
const UNMISTAKABLE = /^[0-9a-f]{32,64}$/;

// systemd's names have the runtime before the id, and dashes on both sides.
function idsIn(part: string): string[] {
  const bare = part.replace(/\.(scope|slice|service)$/, '');
  const ids = [part, bare];
  for (const { index } of bare.matchAll(/[-:]/g)) ids.push(bare.slice(index + 1));
  return [...new Set(ids)];
}
