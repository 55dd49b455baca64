import type { Cursor } from '../../bolt/cursor.ts';
import type { Labels } from '../../host/containerd.ts';
import { type Notes, noteRecord } from './notes.ts';
import {
  CREATED_AT,
  type Field,
  LABELS,
  type Labelled,
  readRecord,
  type Timed,
  text,
  UPDATED_AT,
} from './record.ts';
import { KEY } from './schema.ts';

/** meta.db's half of a snapshot; kind and size are in the snapshotter's own database. */
export interface SnapshotEntry {
  readonly namespace: string;
  readonly snapshotter: string;
  readonly key: string;
  /** In the snapshotter's database. */
  readonly name: string;
  readonly parent: string;
  readonly children: readonly string[];
  readonly labels: Labels;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
}

interface SnapshotDraft extends Labelled, Timed {
  name: string;
  parent: string;
  children: string[];
}

const FIELDS: readonly Field<SnapshotDraft>[] = [
  {
    key: KEY.children,
    read: (entry, draft) => {
      if (!entry.isBucket) return;
      const children = entry.child();
      while (children.next()) draft.children.push(children.keyText());
    },
  },
  CREATED_AT,
  LABELS,
  text(KEY.name, 'name', 'kind'),
  text(KEY.parent, 'parent', 'parent'),
  UPDATED_AT,
];

/** The snapshots of a namespace, of all snapshotters. */
export function* readSnapshots(
  snapshotters: Cursor,
  namespace: string,
  notes: Notes,
): Generator<void, SnapshotEntry[]> {
  const found: SnapshotEntry[] = [];
  while (snapshotters.next()) {
    if (!snapshotters.isBucket) continue;
    const snapshotter = snapshotters.keyText();
    const snapshots = snapshotters.child();
    for (; snapshots.next(); yield) {
      if (!snapshots.isBucket) continue;
      const key = snapshots.keyText();
      const draft: SnapshotDraft = {
        name: '',
        parent: '',
        children: [],
        labels: {},
        createdAt: null,
        updatedAt: null,
      };
      if (!noteRecord(notes, 'snapshot', namespace, key, readRecord(snapshots.child(), FIELDS, draft)))
        continue;
      found.push({ namespace, snapshotter, key, ...draft });
    }
  }
  return found;
}
