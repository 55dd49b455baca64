/** What was noticed while reading, by the object it is about; becomes the gaps of the listings. */
import { type BoltError, keyWords } from '../../bolt/damage.ts';
import type { ObjectRef } from '../../host/observed.ts';
import type { FactName } from './facts.ts';
import type { RecordRead } from './record.ts';

/** A part of one or more listings that is not known. */
export interface Note {
  readonly facts: readonly FactName[];
  readonly object: ObjectRef | undefined;
  /** Keys of the object's JSON; undefined when it is the whole object or listing. */
  readonly fields: readonly string[] | undefined;
  readonly why: string;
}

export interface Notes {
  readonly notes: Note[];
  /** What is lost of records that are listed all the same, by object. */
  readonly lost: Map<string, readonly string[]>;
}

export const newNotes = (): Notes => ({ notes: [], lost: new Map() });

/** Notes what a record lacks. @returns whether it can be listed */
export const noteRecord = (
  { notes, lost }: Notes,
  kind: RecordKind,
  namespace: string,
  id: string,
  record: RecordRead,
): boolean => {
  const object = { kind, namespace, id };
  for (const { field, why } of record.faults) {
    notes.push({ facts: FACTS[kind], object, fields: field === undefined ? [] : [field], why });
  }
  if (record.usable && record.lost.length > 0) lost.set(keyOf(object), record.lost);
  return record.usable;
};

/** Notes why a record is not listed at all. */
export const noteWhole = (
  { notes }: Notes,
  kind: RecordKind,
  namespace: string,
  id: string,
  why: string,
): void => {
  notes.push({ facts: FACTS[kind], object: { kind, namespace, id }, fields: undefined, why });
};

/** The kinds of records in a namespace. */
export type RecordKind =
  | 'namespace'
  | 'image'
  | 'container'
  | 'snapshot'
  | 'blob'
  | 'ingest'
  | 'lease'
  | 'sandbox';

const FACTS: Readonly<Record<RecordKind, readonly FactName[]>> = {
  namespace: ['containerd.namespaces'],
  image: ['containerd.images'],
  container: ['containerd.containers', 'containerd.bodies'],
  snapshot: ['containerd.snapshots', 'metadata.snapshots'],
  blob: ['containerd.content'],
  ingest: ['containerd.ingests', 'metadata.ingests'],
  lease: ['containerd.leases', 'containerd.leaseResources'],
  sandbox: ['containerd.sandboxes', 'metadata.sandboxBodies'],
};

/** All that comes from meta.db. */
export const ALL_FACTS: readonly FactName[] = Object.values(FACTS).flat();

// Which buckets of a record hold which keys of its JSON.
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  labels: ['labels'],
  annotations: ['annotations'],
  target: ['digest', 'mediaType', 'targetSize', 'size', 'platforms'],
  runtime: ['runtime'],
};

/** Damage in meta.db as what it means for the listings. */
export const noteDamage = (damage: BoltError, { lost }: Notes): readonly Note[] => {
  const { kind, namespace, id, within } = placeOf((damage.fields.path ?? []).map(keyWords));
  const why = damage.message;
  const fieldsOf = (object: ObjectRef): readonly string[] | undefined =>
    within === undefined ? lost.get(keyOf(object)) : (FIELDS[within] ?? []);
  if (namespace === undefined) return [{ facts: ALL_FACTS, object: undefined, fields: undefined, why }];
  if (kind === undefined) {
    // The namespace itself is known by its name; of what is in it, any kind may be missing.
    const object = { kind: 'namespace', namespace, id: namespace };
    const inside = ALL_FACTS.filter((name) => name !== 'containerd.namespaces');
    return [
      { facts: FACTS.namespace, object, fields: ['labels'], why },
      { facts: inside, object: { namespace }, fields: undefined, why },
    ];
  }
  if (id === undefined) return [{ facts: FACTS[kind], object: { namespace }, fields: undefined, why }];
  const object = { kind, namespace, id };
  return [{ facts: FACTS[kind], object, fields: fieldsOf(object), why }];
};

interface Place {
  readonly namespace?: string | undefined;
  readonly kind?: RecordKind;
  readonly id?: string | undefined;
  /** The bucket inside the record. */
  readonly within?: string | undefined;
}

function placeOf([top, ...rest]: readonly string[]): Place {
  if (top === undefined) return {};
  // 1.7's sandboxes stand beside the schema's bucket.
  const [namespace, ...inside] = top === 'v1' ? rest : [top, ...rest];
  const [bucket, first, second, third] = inside;
  switch (bucket) {
    case undefined:
      return { namespace };
    case 'labels':
      return { namespace, kind: 'namespace', id: namespace, within: 'labels' };
    case 'images':
      return { namespace, kind: 'image', id: first, within: second };
    case 'containers':
      return { namespace, kind: 'container', id: first, within: second };
    case 'leases':
      return { namespace, kind: 'lease', id: first, within: second };
    case 'sandboxes':
      return { namespace, kind: 'sandbox', id: first, within: second };
    case 'snapshots':
      return { namespace, kind: 'snapshot', id: second, within: third };
    case 'content':
      if (first === undefined) return { namespace };
      return { namespace, kind: first === 'ingests' ? 'ingest' : 'blob', id: second, within: third };
    default:
      return { namespace };
  }
}

function keyOf({ kind = '', namespace = '', id = '' }: ObjectRef): string {
  return `${kind}/${namespace}/${id}`;
}
