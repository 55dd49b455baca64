/** containerd's objects with the references that its collector follows; the joins that only people make come with them. */
import type { Labels } from '../containerd.ts';
import { items } from '../kinds/listing.ts';
import { type Gap, isUnknown, type Timestamp, unknown } from '../observed.ts';
import { WITHHELD } from '../secrets.ts';
import { type FacetName, facet, type HostSnapshot, type ListingFacet } from '../snapshot.ts';
import type { LeaseResources } from '../storage.ts';
import {
  backReferences,
  conditionalReferences,
  hasGcLabels,
  type LabelReference,
  references,
  rfc3339,
  rootLabel,
  usedTimes,
} from './gc-labels.ts';
import { type Applies, type GcRules, gcRules } from './gc-rules.ts';
import { type EdgeMode, type Graph, type GraphBuilder, graphBuilder, type Root } from './graph.ts';
import { connectPeoplesJoins } from './joins.ts';

/** What the collector's marks follow from. Whatever of these is not known may keep anything. */
export const GC_FACETS = [
  'containerd.images',
  'containerd.content',
  'containerd.snapshots',
  'containerd.containers',
  'containerd.leases',
  'containerd.leaseResources',
  'containerd.ingests',
  'containerd.sandboxes',
] as const satisfies readonly ListingFacet[];

/** What else the graph uses where it is known. */
export const GRAPH_WANTS: readonly FacetName[] = [
  ...GC_FACETS,
  'containerd.version',
  'metadata.databases',
  'metadata.ingests',
];

const EXPIRE = 'containerd.io/gc.expire';
const FLAT = 'containerd.io/gc.flat';

/** The graph of a host. Time and memory are linear in its objects and labels. */
export const buildGraph = (host: HostSnapshot): Graph => {
  const builder = graphBuilder();
  const rules = gcRules(host);
  const building: Building = { host, builder, rules, now: Date.parse(host.at) };
  addImages(building);
  addContent(building);
  addSnapshots(building);
  addContainers(building);
  addIngests(building);
  addLeases(building);
  addSandboxes(building);
  connectConditions(building);
  for (const fact of GC_FACETS.flatMap((name) => unreadOf(host, name))) builder.unread(fact);
  connectPeoplesJoins(builder, host);
  return builder.finish();
};

interface Building {
  readonly host: HostSnapshot;
  readonly builder: GraphBuilder;
  readonly rules: GcRules;
  /** Milliseconds. */
  readonly now: number;
}

function addImages({ host, builder, rules, now }: Building): void {
  for (const { namespace, name, target, labels, createdAt } of items(host, 'containerd.images')) {
    const root = imageRoot(labels, rules, now);
    const from = builder.add('image', namespace, name, { createdAt, root });
    const to = builder.named('content', namespace, target.digest);
    builder.connect({ from, to, label: 'target', collects: true, mode: 'both', sure: true });
    connectLabels(builder, from, namespace, labels, rules);
  }
}

function imageRoot(labels: Labels, rules: GcRules, now: number): Root {
  const stays: Root = { state: 'holds', why: 'images stay until they are removed', expiresAt: null };
  const ends = expiryOf(labels);
  if (ends === undefined || rules.imagesExpire === false) return stays;
  const why = 'an image with an expiry is collected after it';
  if (now <= ends.ms) return { state: 'holds', why, expiresAt: ends.at };
  return { state: rules.imagesExpire === true ? 'expired' : 'unsure', why, expiresAt: ends.at };
}

function addContent({ host, builder, rules }: Building): void {
  for (const { namespace, digest, size, labels, createdAt } of items(host, 'containerd.content')) {
    const root = labelledRoot(labels, rules);
    const index = builder.add('content', namespace, digest, { createdAt, size, root });
    connectLabels(builder, index, namespace, labels, rules);
  }
}

function addSnapshots({ host, builder, rules }: Building): void {
  for (const snapshot of items(host, 'containerd.snapshots')) {
    const { namespace, snapshotter, key, parent, labels, createdAt } = snapshot;
    const root = labelledRoot(labels, rules);
    const from = builder.add('snapshot', namespace, `${snapshotter}/${key}`, { createdAt, root });
    if (parent !== null) {
      const to = builder.named('snapshot', namespace, `${snapshotter}/${parent}`);
      builder.connect({ from, to, label: 'parent', collects: true, mode: 'both', sure: true });
    }
    connectLabels(builder, from, namespace, labels, rules);
  }
}

function labelledRoot(labels: Labels, rules: GcRules): Root | null {
  const found = hasGcLabels(labels) ? rootLabel(labels, rules) : undefined;
  if (found === undefined) return null;
  return {
    state: found.sure ? 'holds' : 'unsure',
    why: `its label ${found.label} makes it a root`,
    expiresAt: null,
  };
}

function addContainers({ host, builder, rules }: Building): void {
  const root: Root = { state: 'holds', why: 'containers stay until they are removed', expiresAt: null };
  for (const container of items(host, 'containerd.containers')) {
    const { namespace, id, snapshotter, snapshotKey, labels, createdAt } = container;
    const from = builder.add('container', namespace, id, { createdAt, root });
    if (snapshotter !== '') {
      const to = builder.named('snapshot', namespace, `${snapshotter}/${snapshotKey}`);
      builder.connect({ from, to, label: 'snapshot', collects: true, mode: 'full', sure: true });
    }
    connectLabels(builder, from, namespace, labels, rules);
  }
}

// The API does not say when an ingest expires, nor which digest it expects: only the database does.
function addIngests({ host, builder, now }: Building): void {
  const records = new Map(
    items(host, 'metadata.ingests').map((record) => [`${record.namespace}\0${record.ref}`, record]),
  );
  for (const { namespace, ref, startedAt, offset } of items(host, 'containerd.ingests')) {
    const record = records.get(`${namespace}\0${ref}`);
    const root = record === undefined ? UNREAD_EXPIRY : ingestRoot(record.expiresAt, now);
    const from = builder.add('ingest', namespace, ref, { createdAt: startedAt, size: offset, root });
    if (record?.expected) {
      const to = builder.named('content', namespace, record.expected);
      builder.connect({ from, to, label: 'expected', collects: true, mode: 'full', sure: true });
    }
  }
}

const UNREAD_EXPIRY: Root = {
  state: 'unsure',
  why: 'an ingest without a lease is kept for 24 hours, but only the database says until when',
  expiresAt: null,
};

function ingestRoot(expiresAt: Timestamp | null, now: number): Root | null {
  if (expiresAt === null) return null; // a lease had to hold it
  const state = now > Date.parse(expiresAt) ? 'expired' : 'holds';
  return { state, why: 'an ingest without a lease is kept for 24 hours', expiresAt };
}

function addLeases({ host, builder, rules, now }: Building): void {
  const flat = new Set<string>();
  for (const { namespace, id, labels, createdAt } of items(host, 'containerd.leases')) {
    const ends = expiryOf(labels);
    const root: Root = {
      state: ends !== undefined && now > ends.ms ? 'expired' : 'holds',
      why:
        ends === undefined
          ? 'leases without an expiry stay until they are deleted'
          : 'a lease stays until it expires',
      expiresAt: ends?.at ?? null,
    };
    builder.add('lease', namespace, id, { createdAt, root });
    if (Object.hasOwn(labels, FLAT)) flat.add(`${namespace}\0${id}`);
  }
  for (const held of items(host, 'containerd.leaseResources')) {
    const from = builder.find('lease', held.namespace, held.id);
    // It came after the leases were listed: what it keeps is known, how long is not.
    const index =
      from?.index ??
      builder.add('lease', held.namespace, held.id, { root: { ...NEW_LEASE, expiresAt: null } });
    const mode = flat.has(`${held.namespace}\0${held.id}`) ? 'flat' : 'full';
    connectLeased(builder, index, held, mode, rules.imagesExpire);
  }
}

const NEW_LEASE = { state: 'unsure', why: 'a lease whose labels were not read' } as const;

function connectLeased(
  builder: GraphBuilder,
  from: number,
  { namespace, content, snapshots, ingests, images }: LeaseResources,
  mode: EdgeMode,
  holdsImages: Applies,
): void {
  const label = mode === 'flat' ? 'leased, flat' : 'leased';
  const lease = (to: number, way: EdgeMode, sure: boolean = true): void =>
    builder.connect({ from, to, label, collects: true, mode: way, sure });
  for (const digest of content) lease(builder.named('content', namespace, digest), mode);
  for (const { snapshotter, key } of snapshots) {
    lease(builder.named('snapshot', namespace, `${snapshotter}/${key}`), mode);
  }
  // What an ingest expects is kept whole, also by a flat lease.
  for (const ref of ingests) lease(builder.named('ingest', namespace, ref), 'full');
  if (holdsImages === false) return;
  for (const name of images) lease(builder.named('image', namespace, name), mode, holdsImages === true);
}

function addSandboxes({ host, builder, rules }: Building): void {
  const root: Root = { state: 'holds', why: 'sandboxes stay until they are removed', expiresAt: null };
  for (const { namespace, id, labels, createdAt } of items(host, 'containerd.sandboxes')) {
    const from = builder.add('sandbox', namespace, id, { createdAt, root });
    if (rules.sandboxReferences === false) continue;
    for (const reference of references(labels, rules)) {
      const to = builder.named(reference.kind, namespace, reference.id);
      const sure = reference.sure && rules.sandboxReferences === true;
      builder.connect({ from, to, label: reference.label, collects: true, mode: 'full', sure });
    }
  }
}

function connectLabels(
  builder: GraphBuilder,
  own: number,
  namespace: string,
  labels: Labels,
  rules: GcRules,
): void {
  if (!hasGcLabels(labels)) return;
  const other = ({ kind, id, label }: LabelReference): number => {
    if (id.includes(WITHHELD)) builder.unread({ namespace, gap: withheldGap(label, namespace) });
    return builder.named(kind, namespace, id);
  };
  const common = { collects: true, mode: 'full' } as const;
  for (const reference of references(labels, rules)) {
    const { label, sure } = reference;
    builder.connect({ from: own, to: other(reference), label, sure, ...common });
  }
  for (const reference of backReferences(labels, rules)) {
    const { label, sure } = reference;
    builder.connect({ from: other(reference), to: own, label, sure, ...common });
  }
}

function withheldGap(label: string, namespace: string): Gap {
  const why = `the label ${label} looks like a secret and is withheld; --show-secrets reads it`;
  return { ...unknown('withheld', label, why, '', 0), object: { namespace } };
}

// Images and content may keep a snapshot for as long as it is used: what is used says so in a label of its own.
function connectConditions({ host, builder, rules, now }: Building): void {
  if (rules.conditions === false) return;
  const used = new Map<string, readonly number[]>();
  for (const { namespace, snapshotter, key, labels } of items(host, 'containerd.snapshots')) {
    const times = hasGcLabels(labels) ? usedTimes(labels) : [];
    if (times.length > 0) used.set(`${namespace}\0${snapshotter}/${key}`, times);
  }
  if (used.size === 0) return;
  const connect = (from: number, namespace: string, labels: Labels): void => {
    for (const { id, label, sure, holds } of conditionalReferences(labels, rules)) {
      if (used.get(`${namespace}\0${id}`)?.some((time) => holds(time, now)) !== true) continue;
      const to = builder.named('snapshot', namespace, id);
      builder.connect({ from, to, label, collects: true, mode: 'full', sure });
    }
  };
  for (const { namespace, name, labels } of items(host, 'containerd.images')) {
    if (hasGcLabels(labels)) connect(builder.named('image', namespace, name), namespace, labels);
  }
  for (const { namespace, digest, labels } of items(host, 'containerd.content')) {
    if (hasGcLabels(labels)) connect(builder.named('content', namespace, digest), namespace, labels);
  }
}

// Go refuses a time that is none, and the collector then goes on as if there were no expiry.
function expiryOf(labels: Labels): { readonly at: Timestamp; readonly ms: number } | undefined {
  if (!Object.hasOwn(labels, EXPIRE)) return undefined;
  const at = labels[EXPIRE] ?? '';
  const ms = rfc3339(at);
  return ms === undefined ? undefined : { at, ms };
}

function unreadOf(host: HostSnapshot, name: ListingFacet): { namespace: string | null; gap: Gap }[] {
  const listed = facet(host, name);
  if (isUnknown(listed)) return [{ namespace: null, gap: listed }];
  if (listed.state === 'absent') return [];
  return listed.value.gaps.map((gap) => ({ namespace: gap.object?.namespace ?? null, gap }));
}
