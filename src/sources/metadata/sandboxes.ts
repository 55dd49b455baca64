import type { Cursor } from '../../bolt/cursor.ts';
import type { Sandbox } from '../../host/containerd.ts';
import { namespaceName } from '../../host/ids.ts';
import { RUNTIME } from './containers.ts';
import { type Notes, noteRecord } from './notes.ts';
import {
  CREATED_AT,
  type Field,
  LABELS,
  type Labelled,
  readRecord,
  sharedText,
  type Timed,
  UPDATED_AT,
} from './record.ts';
import { KEY } from './schema.ts';

interface SandboxDraft extends Labelled, Timed {
  runtime: string;
  sandboxer: string;
}

const FIELDS: readonly Field<SandboxDraft>[] = [
  CREATED_AT,
  LABELS,
  RUNTIME,
  sharedText(KEY.sandboxer, 'sandboxer'),
  UPDATED_AT,
];

/** The sandboxes of a namespace. */
export function* readSandboxes(
  sandboxes: Cursor,
  namespace: string,
  notes: Notes,
): Generator<void, Sandbox[]> {
  const found: Sandbox[] = [];
  for (; sandboxes.next(); yield) {
    if (!sandboxes.isBucket) continue;
    const id = sandboxes.keyText();
    const draft: SandboxDraft = { runtime: '', sandboxer: '', labels: {}, createdAt: null, updatedAt: null };
    if (!noteRecord(notes, 'sandbox', namespace, id, readRecord(sandboxes.child(), FIELDS, draft))) continue;
    const { runtime, sandboxer, labels, createdAt, updatedAt } = draft;
    found.push({ namespace: namespaceName(namespace), id, runtime, sandboxer, labels, createdAt, updatedAt });
  }
  return found;
}
