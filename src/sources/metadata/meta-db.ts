/** meta.db from its root down, in one pass: only the buckets that somebody wants are opened. */
import type { Cursor } from '../../bolt/cursor.ts';
import { BoltError } from '../../bolt/damage.ts';
import type { Database } from '../../bolt/database.ts';
import type { Container, ContentInfo, Image, Namespace, Sandbox } from '../../host/containerd.ts';
import { namespaceName } from '../../host/ids.ts';
import type { Scope } from '../../host/snapshot.ts';
import type { IngestRecord } from '../../host/storage.ts';
import { type Payloads, type RawBody, readContainers, readPayloads } from './containers.ts';
import { readBlobs, readIngests } from './content.ts';
import type { FactName, SandboxBody } from './facts.ts';
import { readImages } from './images.ts';
import { type LeaseRead, readLeases } from './leases.ts';
import { type Notes, noteRecord } from './notes.ts';
import { LABELS, type Labelled } from './record.ts';
import { readSandboxes } from './sandboxes.ts';
import { KEY } from './schema.ts';
import { readSnapshots, type SnapshotEntry } from './snapshots.ts';
import { ValueError, varint } from './values.ts';

/** A body that was looked up: payloads, or why they are not known. */
export type BodyRead = RawBody | { readonly namespace: string; readonly id: string; readonly why: string };

/** All that was read; empty where it was not wanted. */
export interface MetaRead {
  version: number | null;
  readonly namespaces: Namespace[];
  readonly containers: Container[];
  readonly bodies: BodyRead[];
  readonly images: Image[];
  readonly content: ContentInfo[];
  readonly ingests: IngestRecord[];
  readonly snapshots: SnapshotEntry[];
  readonly leases: LeaseRead[];
  readonly sandboxes: (Sandbox & { readonly place: SandboxBody['place'] })[];
  readonly sandboxBodies: (BodyRead & { readonly place: SandboxBody['place'] })[];
}

export interface MetaWants {
  readonly facts: ReadonlySet<FactName>;
  readonly scope: Scope;
}

const MANY: readonly FactName[] = ['containerd.images', 'containerd.content', 'containerd.snapshots'];

/** Reads it. @throws BoltError where nobody takes damage */
export function* readMeta(database: Database, wants: MetaWants, notes: Notes): Generator<void, MetaRead> {
  const read: MetaRead = {
    version: null,
    namespaces: [],
    containers: [],
    bodies: [],
    images: [],
    content: [],
    ingests: [],
    snapshots: [],
    leases: [],
    sandboxes: [],
    sandboxBodies: [],
  };
  const old: MetaRead['sandboxes'] = [];
  const root = database.root();
  // The kinds that most of a large database is made of.
  if (MANY.some((name) => wants.facts.has(name)) && wants.scope.namespaces === undefined) root.expectAll();
  while (root.next()) {
    if (!root.isBucket) continue;
    if (root.keyIs(KEY.v1)) yield* readSchema(root.child(), wants, notes, read);
    else if (wantsSandboxes(wants.facts) && inScope(wants, root.keyText())) {
      push(old, yield* readOldSandboxes(root, notes));
    }
  }
  // A daemon that was put back to 1.7 and forth again has both places: what 2.x shows is what counts.
  const known = new Set(read.sandboxes.map(sandboxKey));
  push(
    read.sandboxes,
    old.filter((sandbox) => !known.has(sandboxKey(sandbox))),
  );
  for (const { namespace, id } of wants.facts.has('containerd.bodies')
    ? (wants.scope.containers ?? [])
    : []) {
    const found = lookUp(database, [KEY.v1, namespace, KEY.containers, id]);
    if (found !== undefined) read.bodies.push({ namespace, id, ...found });
    yield;
  }
  if (wants.facts.has('metadata.sandboxBodies')) {
    for (const { namespace, id, place } of read.sandboxes) {
      const path = [...(place === 'v1' ? [KEY.v1] : []), namespace, KEY.sandboxes, id];
      const found = lookUp(database, path);
      if (found !== undefined) read.sandboxBodies.push({ namespace, id, place, ...found });
      yield;
    }
  }
  return read;
}

function* readSchema(schema: Cursor, wants: MetaWants, notes: Notes, read: MetaRead): Generator<void, void> {
  while (schema.next()) {
    if (!schema.isBucket) {
      if (schema.keyIs(KEY.version)) read.version = versionOf(schema);
      continue;
    }
    const name = schema.keyText();
    if (inScope(wants, name)) yield* readNamespace(schema.child(), name, wants, notes, read);
  }
}

function* readNamespace(
  namespace: Cursor,
  name: string,
  { facts }: MetaWants,
  notes: Notes,
  read: MetaRead,
): Generator<void, void> {
  const labelled: Labelled = { labels: {} };
  while (namespace.next()) {
    if (!namespace.isBucket) continue;
    if (namespace.keyIs(KEY.labels)) LABELS.read(namespace, labelled);
    else if (namespace.keyIs(KEY.images)) {
      if (facts.has('containerd.images'))
        push(read.images, yield* readImages(namespace.child(), name, notes));
    } else if (namespace.keyIs(KEY.containers)) {
      if (facts.has('containerd.containers')) {
        push(read.containers, yield* readContainers(namespace.child(), name, notes));
      }
    } else if (namespace.keyIs(KEY.content)) {
      yield* readContent(namespace.child(), name, facts, notes, read);
    } else if (namespace.keyIs(KEY.snapshots)) {
      if (facts.has('containerd.snapshots') || facts.has('metadata.snapshots')) {
        push(read.snapshots, yield* readSnapshots(namespace.child(), name, notes));
      }
    } else if (namespace.keyIs(KEY.leases)) {
      if (facts.has('containerd.leases') || facts.has('containerd.leaseResources')) {
        push(read.leases, yield* readLeases(namespace.child(), name, notes));
      }
    } else if (namespace.keyIs(KEY.sandboxes) && wantsSandboxes(facts)) {
      const found = yield* readSandboxes(namespace.child(), name, notes);
      push(
        read.sandboxes,
        found.map((sandbox) => ({ ...sandbox, place: 'v1' as const })),
      );
    }
  }
  const lost = namespace.isDamaged ? ['labels'] : [];
  noteRecord(notes, 'namespace', name, name, { usable: true, faults: [], lost });
  read.namespaces.push({ name: namespaceName(name), ...labelled });
}

function* readContent(
  content: Cursor,
  name: string,
  facts: ReadonlySet<FactName>,
  notes: Notes,
  read: MetaRead,
): Generator<void, void> {
  while (content.next()) {
    if (!content.isBucket) continue;
    if (content.keyIs(KEY.blob) && facts.has('containerd.content')) {
      push(read.content, yield* readBlobs(content.child(), name, notes));
    }
    if (content.keyIs(KEY.ingests) && (facts.has('containerd.ingests') || facts.has('metadata.ingests'))) {
      push(read.ingests, yield* readIngests(content.child(), name, notes));
    }
  }
}

/** 1.7's place: a bucket beside the schema's, called as the namespace. */
function* readOldSandboxes(root: Cursor, notes: Notes): Generator<void, MetaRead['sandboxes']> {
  const name = root.keyText();
  const found: MetaRead['sandboxes'] = [];
  const namespace = root.child();
  while (namespace.next()) {
    if (!namespace.isBucket || !namespace.keyIs(KEY.sandboxes)) continue;
    const sandboxes = yield* readSandboxes(namespace.child(), name, notes);
    for (const sandbox of sandboxes) found.push({ ...sandbox, place: 'root' });
  }
  return found;
}

function lookUp(
  database: Database,
  path: readonly (string | Uint8Array)[],
): Payloads | { readonly why: string } | undefined {
  try {
    const record = database.bucket(...path);
    return record === undefined ? undefined : readPayloads(record);
  } catch (error) {
    if (error instanceof BoltError || error instanceof ValueError) return { why: error.message };
    throw error;
  }
}

function sandboxKey({ namespace, id }: Sandbox): string {
  return `${namespace}/${id}`;
}

function versionOf(schema: Cursor): number | null {
  try {
    return Number(varint(schema));
  } catch (error) {
    if (error instanceof ValueError) return null;
    throw error;
  }
}

function wantsSandboxes(facts: ReadonlySet<FactName>): boolean {
  return facts.has('containerd.sandboxes') || facts.has('metadata.sandboxBodies');
}

function inScope({ scope }: MetaWants, namespace: string): boolean {
  return scope.namespaces === undefined || scope.namespaces.includes(namespace);
}

// Not `push(...items)`: there may be more items than a call can have arguments.
function push<T>(into: T[], items: readonly T[]): void {
  for (const item of items) into.push(item);
}
