/** What containerd's and Docker's things take of the disk, by records: no file system is walked for it. */
import { GC_FACETS, GRAPH_WANTS } from '../graph/build.ts';
import type { Graph, GraphNode } from '../graph/graph.ts';
import type { Marks } from '../graph/mark.ts';
import { compareText } from '../kinds/kind.ts';
import { items } from '../kinds/listing.ts';
import { isUnknown } from '../observed.ts';
import { type FacetName, facet, type HostSnapshot } from '../snapshot.ts';
import { dockerUsage } from './docker-usage.ts';
import { orphanedBlobs, orphanedSnapshots } from './orphans.ts';
import type { Loose, Usage, UsageRow } from './usage-row.ts';

/** What only the files tell: who is on the disk without a record. */
const ORPHAN_WANTS = [
  'content.blobs',
  'metadata.snapshots',
  'metadata.backends',
  'snapshot.directories',
] as const satisfies readonly FacetName[];

const DOCKER_WANTS = ['docker.layers', 'docker.layerMounts', 'docker.imageConfigs'] as const;

export const USAGE_WANTS: readonly FacetName[] = [
  ...GRAPH_WANTS,
  'containerd.usage',
  ...ORPHAN_WANTS,
  ...DOCKER_WANTS,
];

/** The records, to be read once more after the files: what is being made has its file before its record. */
export const RECORD_WANTS: readonly FacetName[] = [...GRAPH_WANTS, 'metadata.snapshots', 'metadata.backends'];

/** Facets without which the answer is not whole; a single namespace says nothing of what is on the disk besides. */
export const usageRestsOn = (host: HostSnapshot): readonly FacetName[] =>
  host.scope.namespaces === undefined
    ? [...GC_FACETS, 'containerd.usage', ...ORPHAN_WANTS, ...DOCKER_WANTS]
    : [...GC_FACETS, 'containerd.usage'];

/** The answer for the whole host, or the namespaces of its scope. */
export const usageOf = (host: HostSnapshot, graph: Graph, marks: Marks): Usage => {
  const whole = host.scope.namespaces === undefined;
  const content = contentUsage(host, graph, marks);
  const snapshots = snapshotUsage(host, graph, marks);
  const ingests = ingestUsage(host, graph, marks);
  const blobs = whole ? orphanedBlobs(host) : null;
  const folders = whole ? orphanedSnapshots(host) : null;
  const orphaned = (found: readonly Loose[] | null | undefined): bigint | null | undefined =>
    found?.reduce((sum, { size }) => sum + (size ?? 0n), 0n) ?? (found === undefined ? undefined : null);
  // A listing that could not be read takes an unknown part of the disk, not none.
  const read = (name: FacetName, rows: readonly UsageRow[]): readonly UsageRow[] =>
    isUnknown(facet(host, name)) ? [] : rows;
  const rows = [
    ...content.rows,
    ...snapshots.rows,
    ...ingests.rows,
    ...read('containerd.content', [{ ...content.total, orphaned: orphaned(blobs) }]),
    ...read('containerd.snapshots', [{ ...snapshots.total, orphaned: orphaned(folders) }]),
    ...(ingests.rows.length === 0 ? [] : [ingests.total]),
    ...(whole ? dockerUsage(host) : []),
  ];
  const loose = [
    ...content.loose,
    ...snapshots.loose,
    ...ingests.loose,
    ...(blobs ?? []),
    ...(folders ?? []),
  ];
  return { rows, loose: loose.toSorted(largestFirst) };
};

interface Part {
  readonly rows: readonly UsageRow[];
  readonly total: UsageRow;
  readonly loose: readonly Loose[];
}

type Class = 'shared' | 'unique' | 'reclaimable' | 'undecided';

function contentUsage(host: HostSnapshot, graph: Graph, marks: Marks): Part {
  const byDigest = new Map<string, GraphNode[]>();
  for (const node of graph.nodes) {
    if (node.kind !== 'content' || !node.present) continue;
    const known = byDigest.get(node.id);
    if (known === undefined) byDigest.set(node.id, [node]);
    else known.push(node);
  }
  const how = `recorded: ${facet(host, 'containerd.content').from}`;
  const sums = sumsOf();
  const total = sumOf({ ...HOST, kind: 'content', how: `${how}, each digest once` });
  const loose: Loose[] = [];
  for (const nodes of byDigest.values()) {
    // The bytes go when no namespace has them any more.
    const kept = classOf(nodes, marks);
    const [first] = nodes;
    if (first === undefined) continue;
    total.add(kept, first.size ?? undefined);
    for (const node of nodes) {
      const here = nodes.length > 1 && kept === 'unique' && marks.held(node) !== true ? 'shared' : kept;
      sums
        .of({ kind: 'content', namespace: node.namespace, snapshotter: null, how })
        .add(here, node.size ?? undefined);
    }
    if (kept === 'reclaimable') loose.push(looseOf(first, 'content', first.size ?? undefined));
  }
  return { rows: sums.rows(), total: total.row(), loose };
}

function snapshotUsage(host: HostSnapshot, graph: Graph, marks: Marks): Part {
  const sizes = snapshotSizes(host);
  const sums = sumsOf();
  const total = sumOf({ ...HOST, kind: 'snapshots', how: 'the sum of the above' });
  const loose: Loose[] = [];
  for (const { namespace, snapshotter, key } of items(host, 'containerd.snapshots')) {
    const node = graph.find('snapshot', namespace, `${snapshotter}/${key}`);
    if (node === undefined) continue;
    const known = sizes.get(snapshotId(namespace, snapshotter, key));
    const kept = classOf([node], marks);
    total.add(kept, known?.size);
    sums.of({ kind: 'snapshots', namespace, snapshotter, how: '' }).add(kept, known?.size, known?.how);
    if (kept === 'reclaimable')
      loose.push({ ...looseOf(node, 'snapshot', known?.size), snapshotter, id: key });
  }
  return { rows: sums.rows(), total: total.row(), loose };
}

const snapshotId = (...parts: readonly [namespace: string, snapshotter: string, key: string]): string =>
  parts.join('\0');

// As the daemon says; without it, as the snapshotters' own databases say of what is committed.
function snapshotSizes(
  host: HostSnapshot,
): ReadonlyMap<string, { size: bigint; how: 'recorded' | 'measured' }> {
  const sizes = new Map<string, { size: bigint; how: 'recorded' | 'measured' }>();
  for (const { namespace, snapshotter, key, backend } of items(host, 'metadata.snapshots')) {
    const size = backend.state === 'seen' ? backend.value.size : null;
    if (size !== null) sizes.set(snapshotId(namespace, snapshotter, key), { size, how: 'recorded' });
  }
  for (const { namespace, snapshotter, key, size, how } of items(host, 'containerd.usage')) {
    sizes.set(snapshotId(namespace, snapshotter, key), { size, how });
  }
  return sizes;
}

function ingestUsage(host: HostSnapshot, graph: Graph, marks: Marks): Part {
  const how = `recorded: ${facet(host, 'containerd.ingests').from}`;
  const sums = sumsOf();
  const total = sumOf({ ...HOST, kind: 'ingests', how });
  const loose: Loose[] = [];
  for (const node of graph.nodes) {
    if (node.kind !== 'ingest' || !node.present) continue;
    const kept = classOf([node], marks);
    const size = node.size ?? undefined;
    total.add(kept, size);
    sums.of({ kind: 'ingests', namespace: node.namespace, snapshotter: null, how }).add(kept, size);
    if (kept === 'reclaimable') loose.push(looseOf(node, 'ingest', size));
  }
  return { rows: sums.rows(), total: total.row(), loose };
}

const looseOf = (
  { namespace, id, createdAt }: GraphNode,
  kind: Loose['kind'],
  size: bigint | undefined,
): Loose => ({ state: 'reclaimable', kind, namespace, snapshotter: null, id, size, createdAt });

// One thing, though several namespaces may have a record of it.
function classOf(nodes: readonly GraphNode[], marks: Marks): Class {
  let holders = 0;
  let decided = true;
  for (const node of nodes) {
    const sole = marks.sole(node);
    if (sole !== undefined) holders += sole === null ? 2 : 1;
    else if (marks.held(node) !== false) decided = false;
  }
  if (holders > 0) return holders > 1 ? 'shared' : 'unique';
  return decided ? 'reclaimable' : 'undecided';
}

type Key = Pick<UsageRow, 'kind' | 'namespace' | 'snapshotter' | 'how'>;

const HOST = { namespace: null, snapshotter: null } as const;

interface Sum {
  add(kept: Class, size: bigint | undefined, how?: 'recorded' | 'measured'): void;
  row(): UsageRow;
}

function sumOf(key: Key): Sum {
  const bytes: Record<Class, bigint> = { shared: 0n, unique: 0n, reclaimable: 0n, undecided: 0n };
  const ways = { recorded: 0, measured: 0 };
  let objects = 0;
  let unmeasured = 0;
  return {
    add: (kept, size, how) => {
      objects += 1;
      if (size === undefined) unmeasured += 1;
      else bytes[kept] += size;
      if (how !== undefined) ways[how] += 1;
    },
    row: () => {
      const size = Object.values(bytes).reduce((sum, one) => sum + one, 0n);
      const how = key.how === '' ? howWords(ways, unmeasured) : key.how;
      return { ...key, how, objects, size, ...bytes, orphaned: null, unmeasured };
    },
  };
}

function howWords(
  { recorded, measured }: { readonly recorded: number; readonly measured: number },
  unmeasured: number,
): string {
  return [
    ...(recorded > 0 ? [`${recorded} recorded when committed`] : []),
    ...(measured > 0 ? [`${measured} measured by the snapshotter now`] : []),
    ...(unmeasured > 0 ? [`${unmeasured} not measured`] : []),
  ].join(', ');
}

interface Sums {
  of(key: Key): Sum;
  /** By namespace and snapshotter. */
  rows(): UsageRow[];
}

function sumsOf(): Sums {
  const byKey = new Map<string, Sum>();
  return {
    of: (key) => {
      const text = `${key.namespace ?? ''}\0${key.snapshotter ?? ''}`;
      const known = byKey.get(text) ?? sumOf(key);
      byKey.set(text, known);
      return known;
    },
    rows: () => [...byKey.entries()].toSorted(([a], [b]) => compareText(a, b)).map(([, sum]) => sum.row()),
  };
}

function largestFirst(a: Loose, b: Loose): number {
  const [left, right] = [a.size ?? -1n, b.size ?? -1n];
  return left === right ? compareText(a.id, b.id) : left > right ? -1 : 1;
}
