import type { Cursor } from '../../bolt/cursor.ts';
import type { Lease } from '../../host/containerd.ts';
import { digest, namespaceName, snapshotKey } from '../../host/ids.ts';
import type { LeaseResources } from '../../host/storage.ts';
import { type Notes, noteRecord } from './notes.ts';
import { CREATED_AT, type Field, LABELS, type Labelled, readRecord, type Timed } from './record.ts';
import { KEY } from './schema.ts';

/** A lease with what it holds. */
export interface LeaseRead {
  readonly lease: Lease;
  readonly resources: LeaseResources;
}

interface LeaseDraft extends Labelled, Pick<Timed, 'createdAt'> {
  content: string[];
  images: string[];
  ingests: string[];
  snapshots: (readonly [snapshotter: string, key: string])[];
}

const keys = (entry: Cursor): string[] => {
  const found: string[] = [];
  if (!entry.isBucket) return found;
  const bucket = entry.child();
  while (bucket.next()) found.push(bucket.keyText());
  return found;
};

const FIELDS: readonly Field<LeaseDraft>[] = [
  {
    key: KEY.content,
    read: (entry, draft) => {
      draft.content = keys(entry);
    },
  },
  CREATED_AT,
  {
    key: KEY.images,
    read: (entry, draft) => {
      draft.images = keys(entry);
    },
  },
  {
    key: KEY.ingests,
    read: (entry, draft) => {
      draft.ingests = keys(entry);
    },
  },
  LABELS,
  {
    key: KEY.snapshots,
    read: (entry, draft) => {
      if (!entry.isBucket) return;
      const snapshotters = entry.child();
      while (snapshotters.next()) {
        const snapshotter = snapshotters.keyText();
        for (const key of keys(snapshotters)) draft.snapshots.push([snapshotter, key]);
      }
    },
  },
];

/** The leases of a namespace, expired ones too: containerd keeps them until its next collection. */
export function* readLeases(leases: Cursor, namespace: string, notes: Notes): Generator<void, LeaseRead[]> {
  const found: LeaseRead[] = [];
  for (; leases.next(); yield) {
    if (!leases.isBucket) continue;
    const id = leases.keyText();
    const draft: LeaseDraft = {
      content: [],
      images: [],
      ingests: [],
      snapshots: [],
      labels: {},
      createdAt: null,
    };
    if (!noteRecord(notes, 'lease', namespace, id, readRecord(leases.child(), FIELDS, draft))) continue;
    const { labels, createdAt, images, ingests } = draft;
    const whose = { namespace: namespaceName(namespace), id };
    found.push({
      lease: { ...whose, labels, createdAt },
      resources: {
        ...whose,
        content: draft.content.map(digest),
        images,
        ingests,
        snapshots: draft.snapshots.map(([snapshotter, key]) => ({ snapshotter, key: snapshotKey(key) })),
      },
    });
  }
  return found;
}
