import { createHash } from 'node:crypto';
import type { Cursor } from '../../bolt/cursor.ts';
import type { ContentInfo } from '../../host/containerd.ts';
import { digest, namespaceName } from '../../host/ids.ts';
import type { IngestRecord } from '../../host/storage.ts';
import { type Notes, noteRecord, noteWhole } from './notes.ts';
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
import { binaryTime, varint } from './values.ts';

interface BlobDraft extends Labelled, Timed {
  size: bigint;
}

const BLOB: readonly Field<BlobDraft>[] = [
  CREATED_AT,
  LABELS,
  {
    key: KEY.size,
    name: 'size',
    read: (entry, draft) => {
      draft.size = varint(entry);
    },
  },
  UPDATED_AT,
];

// go-digest: what containerd's own list leaves out, as no digest.
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;

/** The blobs that a namespace has registered; whether their files are there is not asked. */
export function* readBlobs(blobs: Cursor, namespace: string, notes: Notes): Generator<void, ContentInfo[]> {
  const found: ContentInfo[] = [];
  for (; blobs.next(); yield) {
    if (!blobs.isBucket) continue;
    const id = blobs.keyText();
    if (!DIGEST.test(id)) {
      noteWhole(notes, 'blob', namespace, id, 'the key is no digest; containerd leaves it out');
      continue;
    }
    const draft: BlobDraft = { size: 0n, labels: {}, createdAt: null, updatedAt: null };
    if (!noteRecord(notes, 'blob', namespace, id, readRecord(blobs.child(), BLOB, draft))) continue;
    found.push({ namespace: namespaceName(namespace), digest: digest(id), ...draft });
  }
  return found;
}

interface IngestDraft {
  name: string;
  expiresAt: string | null;
  expected: string | null;
}

const INGEST: readonly Field<IngestDraft>[] = [
  {
    key: KEY.expected,
    name: 'expected',
    read: (entry, draft) => {
      draft.expected = entry.valueText();
    },
  },
  {
    key: KEY.expireAt,
    read: (entry, draft) => {
      draft.expiresAt = binaryTime(entry);
    },
  },
  text(KEY.ref, 'name', 'ref'),
];

/** The uploads of a namespace that are not committed; how far they are stands in the content store. */
export function* readIngests(
  ingests: Cursor,
  namespace: string,
  notes: Notes,
): Generator<void, IngestRecord[]> {
  const found: IngestRecord[] = [];
  for (; ingests.next(); yield) {
    if (!ingests.isBucket) continue;
    const ref = ingests.keyText();
    const draft: IngestDraft = { name: '', expiresAt: null, expected: null };
    if (!noteRecord(notes, 'ingest', namespace, ref, readRecord(ingests.child(), INGEST, draft))) continue;
    // content/local: the folder is named by the digest of the backend's ref.
    const folder = createHash('sha256').update(draft.name).digest('hex');
    found.push({ namespace: namespaceName(namespace), ref, folder, ...draft });
  }
  return found;
}
