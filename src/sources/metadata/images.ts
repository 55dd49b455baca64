import type { Cursor } from '../../bolt/cursor.ts';
import type { Image } from '../../host/containerd.ts';
import { digest, namespaceName } from '../../host/ids.ts';
import { type Notes, noteRecord, noteWhole } from './notes.ts';
import {
  CREATED_AT,
  type Field,
  LABELS,
  type Labelled,
  type RecordRead,
  readMap,
  readRecord,
  sharedText,
  type Timed,
  text,
  UPDATED_AT,
} from './record.ts';
import { KEY } from './schema.ts';
import { varint } from './values.ts';

interface TargetDraft {
  mediaType: string;
  digest: string;
  size: bigint;
}

interface ImageDraft extends TargetDraft, Labelled, Timed {
  annotations: Readonly<Record<string, string>>;
  target: RecordRead | undefined;
}

const TARGET: readonly Field<TargetDraft>[] = [
  text(KEY.digest, 'digest', 'digest'),
  sharedText(KEY.mediaType, 'mediaType'),
  {
    key: KEY.size,
    name: 'targetSize',
    read: (entry, draft) => {
      draft.size = varint(entry);
    },
  },
];

const FIELDS: readonly Field<ImageDraft>[] = [
  CREATED_AT,
  LABELS,
  {
    key: KEY.target,
    read: (entry, draft) => {
      if (entry.isBucket) draft.target = readRecord(entry.child(), TARGET, draft);
    },
  },
  UPDATED_AT,
  {
    key: KEY.annotations,
    name: 'annotations',
    read: (entry, draft) => {
      draft.annotations = readMap(entry);
    },
  },
];

/** The images of a namespace. */
export function* readImages(images: Cursor, namespace: string, notes: Notes): Generator<void, Image[]> {
  const found: Image[] = [];
  for (; images.next(); yield) {
    if (!images.isBucket) continue;
    const name = images.keyText();
    const draft: ImageDraft = {
      mediaType: '',
      digest: '',
      size: 0n,
      annotations: {},
      target: undefined,
      labels: {},
      createdAt: null,
      updatedAt: null,
    };
    if (!noteRecord(notes, 'image', namespace, name, readRecord(images.child(), FIELDS, draft))) continue;
    if (draft.target !== undefined) noteRecord(notes, 'image', namespace, name, draft.target);
    if (draft.digest === '') {
      noteWhole(notes, 'image', namespace, name, 'the record names no target');
      continue;
    }
    const { mediaType, size, annotations, labels, createdAt, updatedAt } = draft;
    const target = { mediaType, digest: digest(draft.digest), size, annotations };
    found.push({ namespace: namespaceName(namespace), name, target, labels, createdAt, updatedAt });
  }
  return found;
}
