/** A snapshotter's own metadata.db. */
import type { Cursor } from '../../bolt/cursor.ts';
import type { Database } from '../../bolt/database.ts';
import type { SnapshotKind } from '../../host/containerd.ts';
import type { SnapshotBackend } from '../../host/storage.ts';
import {
  CREATED_AT,
  type Field,
  LABELS,
  type Labelled,
  readRecord,
  type Timed,
  UPDATED_AT,
} from './record.ts';
import { KEY } from './schema.ts';
import { uvarint, ValueError, varint } from './values.ts';

/** A snapshot of which not all could be read. */
export interface BackendFault {
  readonly name: string;
  readonly why: string;
}

export interface Backends {
  readonly items: readonly SnapshotBackend[];
  readonly faults: readonly BackendFault[];
}

interface BackendDraft extends Labelled, Timed {
  id: bigint | undefined;
  kind: SnapshotKind;
  parent: string | null;
  size: bigint | null;
  inodes: bigint | null;
}

// snapshots.Kind.
const KINDS: readonly SnapshotKind[] = ['Unknown', 'View', 'Active', 'Committed'];

const FIELDS: readonly Field<BackendDraft>[] = [
  CREATED_AT,
  {
    key: KEY.id,
    name: 'id',
    read: (entry, draft) => {
      draft.id = uvarint(entry);
    },
  },
  {
    key: KEY.inodes,
    read: (entry, draft) => {
      draft.inodes = varint(entry);
    },
  },
  {
    key: KEY.kind,
    name: 'kind',
    read: (entry, draft) => {
      const kind = entry.valueLength === 1 ? KINDS[entry.valueByte(0) ?? 0] : undefined;
      if (kind === undefined) throw new ValueError(`${entry.value().toString('hex')} is no kind of snapshot`);
      draft.kind = kind;
    },
  },
  LABELS,
  {
    key: KEY.parent,
    name: 'parent',
    read: (entry, draft) => {
      draft.parent = entry.valueText();
    },
  },
  {
    key: KEY.size,
    read: (entry, draft) => {
      draft.size = varint(entry);
    },
  },
  UPDATED_AT,
];

/** All snapshots that it has, whether containerd still knows of them or not. @throws BoltError */
export function* readBackends(database: Database, snapshotter: string): Generator<void, Backends> {
  const items: SnapshotBackend[] = [];
  const faults: BackendFault[] = [];
  const snapshots: Cursor | undefined = database.bucket(KEY.v1, KEY.snapshots);
  for (; snapshots?.next() === true; yield) {
    if (!snapshots.isBucket) continue;
    const name = snapshots.keyText();
    const draft: BackendDraft = {
      id: undefined,
      kind: 'Unknown',
      parent: null,
      size: null,
      inodes: null,
      labels: {},
      createdAt: null,
      updatedAt: null,
    };
    const read = readRecord(snapshots.child(), FIELDS, draft);
    for (const { why } of read.faults) faults.push({ name, why });
    const { id } = draft;
    if (!read.usable) continue;
    if (id === undefined) faults.push({ name, why: 'the record has no id' });
    else items.push({ snapshotter, name, ...draft, id });
  }
  return { items, faults };
}
