/** containerd's collector, written as its source has it: scanRoots, references and Tricolor of metadata/gc.go. */
import type { Labels, Made } from './made.ts';
import { AT } from './made.ts';

interface Node {
  readonly type: string;
  readonly ns: string;
  readonly key: string;
}

const text = ({ type, ns, key }: Node): string => `${type} ${ns} ${key}`;
const parse = (node: string): Node => {
  const [type = '', ns = '', ...key] = node.split(' ');
  return { type, ns, key: key.join(' ') };
};

/** What a run at {@link AT} removes, as `type namespace key`; flat types are not among them. */
export const collected = (host: Made, version: number): string[] => {
  const now = Date.parse(AT);
  const roots: Node[] = [];
  const backRefs = new Map<string, Node[]>();
  const bref = (parent: Node, child: Node): void => {
    backRefs.set(text(parent), [...(backRefs.get(text(parent)) ?? []), child]);
  };
  const expired = (labels: Labels): boolean => {
    const value = labels['containerd.io/gc.expire'];
    return value !== undefined && !Number.isNaN(Date.parse(value)) && now > Date.parse(value);
  };

  for (const { namespace: ns, id, labels } of host.leases ?? []) {
    if (expired(labels)) continue;
    const flat = labels['containerd.io/gc.flat'] === undefined ? '' : '-flat';
    roots.push({ type: 'lease', ns, key: id });
    for (const resources of host.leased ?? []) {
      if (resources.namespace !== ns || resources.id !== id) continue;
      for (const key of resources.content) roots.push({ type: `content${flat}`, ns, key });
      for (const { snapshotter, key } of resources.snapshots) {
        roots.push({ type: `snapshot${flat}`, ns, key: `${snapshotter}/${key}` });
      }
      for (const key of resources.ingests) roots.push({ type: 'ingest', ns, key });
      if (version >= 2000) for (const key of resources.images) roots.push({ type: `image${flat}`, ns, key });
    }
  }
  for (const { namespace: ns, name, labels } of host.images ?? []) {
    if (version < 2000 || !expired(labels)) roots.push({ type: 'image', ns, key: name });
    else for (const parent of parentsOf(labels, ns, version)) bref(parent, { type: 'image', ns, key: name });
  }
  for (const { namespace: ns, ref, expiresAt } of host.ingestRecords ?? []) {
    if (expiresAt !== null && now <= Date.parse(expiresAt)) roots.push({ type: 'ingest', ns, key: ref });
  }
  const labelled = (node: Node, labels: Labels): void => {
    for (const parent of parentsOf(labels, node.ns, version)) bref(parent, node);
    const isRoot = Object.keys(labels).some((label) =>
      version >= 2002 ? label.startsWith('containerd.io/gc.root') : label === 'containerd.io/gc.root',
    );
    if (isRoot) roots.push(node);
  };
  for (const { namespace: ns, digest: key, labels } of host.content ?? []) {
    labelled({ type: 'content', ns, key }, labels);
  }
  for (const { namespace: ns, snapshotter, key, labels } of host.snapshots ?? []) {
    labelled({ type: 'snapshot', ns, key: `${snapshotter}/${key}` }, labels);
  }
  for (const { namespace: ns, id } of host.containers ?? []) roots.push({ type: 'container', ns, key: id });
  if (version >= 2000) {
    for (const { namespace, labels } of host.sandboxes ?? [])
      roots.push(...childrenOf(labels, namespace, version));
  }

  const seen = new Set<string>();
  const reachable = new Set<string>();
  const grays = roots.map(text);
  for (let id = grays.pop(); id !== undefined; id = grays.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    reachable.add(text({ ...parse(id), type: parse(id).type.replace('-flat', '') }));
    for (const next of [...(backRefs.get(id) ?? []), ...referencesOf(host, parse(id), version)]) {
      grays.push(text(next));
    }
  }
  return [
    ...(host.leases ?? []).map(({ namespace: ns, id }) => text({ type: 'lease', ns, key: id })),
    ...(host.snapshots ?? []).map(({ namespace: ns, snapshotter, key }) =>
      text({ type: 'snapshot', ns, key: `${snapshotter}/${key}` }),
    ),
    ...(host.content ?? []).map(({ namespace: ns, digest: key }) => text({ type: 'content', ns, key })),
    ...(host.ingests ?? []).map(({ namespace: ns, ref: key }) => text({ type: 'ingest', ns, key })),
    ...(version < 2000
      ? []
      : (host.images ?? []).map(({ namespace: ns, name: key }) => text({ type: 'image', ns, key }))),
  ].filter((node) => !reachable.has(node));
};

function referencesOf(host: Made, { type, ns, key }: Node, version: number): Node[] {
  switch (type) {
    case 'content': {
      const found = host.content?.find((c) => c.namespace === ns && c.digest === key);
      return found === undefined ? [] : childrenOf(found.labels, ns, version);
    }
    case 'snapshot':
    case 'snapshot-flat': {
      const found = host.snapshots?.find((s) => s.namespace === ns && `${s.snapshotter}/${s.key}` === key);
      if (found === undefined) return [];
      const parent = found.parent === null ? [] : [{ type, ns, key: `${found.snapshotter}/${found.parent}` }];
      return type === 'snapshot' ? [...parent, ...childrenOf(found.labels, ns, version)] : parent;
    }
    case 'image':
    case 'image-flat': {
      const found = host.images?.find((i) => i.namespace === ns && i.name === key);
      if (found === undefined) return [];
      const target = { type: type.replace('image', 'content'), ns, key: found.target.digest };
      return type === 'image' ? [target, ...childrenOf(found.labels, ns, version)] : [target];
    }
    case 'ingest': {
      const found = host.ingestRecords?.find((i) => i.namespace === ns && i.ref === key);
      return found?.expected ? [{ type: 'content', ns, key: found.expected }] : [];
    }
    case 'container': {
      const found = host.containers?.find((c) => c.namespace === ns && c.id === key);
      if (found === undefined) return [];
      const own =
        found.snapshotter === ''
          ? []
          : [{ type: 'snapshot', ns, key: `${found.snapshotter}/${found.snapshotKey}` }];
      return [...own, ...childrenOf(found.labels, ns, version)];
    }
    default:
      return [];
  }
}

function childrenOf(labels: Labels, ns: string, version: number): Node[] {
  return labelled(labels, ns, 'ref', version >= 2000 ? ['content', 'image'] : ['content']);
}

function parentsOf(labels: Labels, ns: string, version: number): Node[] {
  return version < 2002 ? [] : labelled(labels, ns, 'bref', ['container', 'content', 'image']);
}

function labelled(labels: Labels, ns: string, word: string, types: readonly string[]): Node[] {
  return Object.entries(labels).flatMap(([label, value]) => {
    for (const type of types) {
      const prefix = `containerd.io/gc.${word}.${type}`;
      if (label === prefix || label.startsWith(`${prefix}.`) || label.startsWith(`${prefix}/`)) {
        return [{ type, ns, key: value }];
      }
    }
    const snapshots = `containerd.io/gc.${word}.snapshot.`;
    if (!label.startsWith(snapshots)) return [];
    return [{ type: 'snapshot', ns, key: `${label.slice(snapshots.length).split('/')[0]}/${value}` }];
  });
}
