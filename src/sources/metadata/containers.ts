import type { Cursor } from '../../bolt/cursor.ts';
import type { Container } from '../../host/containerd.ts';
import { containerId, namespaceName, snapshotKey } from '../../host/ids.ts';
import { type Notes, noteRecord } from './notes.ts';
import {
  CREATED_AT,
  type Field,
  LABELS,
  type Labelled,
  readRecord,
  sharedText,
  type Timed,
  text,
  UPDATED_AT,
} from './record.ts';
import { KEY } from './schema.ts';
import { any, type Payload, shared } from './values.ts';

/** What a container or sandbox carries besides its record, undecoded. */
export interface Payloads {
  readonly spec: Payload | undefined;
  readonly options: Payload | undefined;
  readonly extensions: readonly (readonly [name: string, payload: Payload])[];
}

/** A container's or sandbox's payloads, with whose they are. */
export interface RawBody extends Payloads {
  readonly namespace: string;
  readonly id: string;
}

interface ContainerDraft extends Labelled, Timed {
  image: string;
  runtime: string;
  snapshotter: string;
  snapshotKey: string;
  sandbox: string;
}

/** The name in a `runtime` bucket. */
export const RUNTIME: Field<{ runtime: string }> = {
  key: KEY.runtime,
  name: 'runtime',
  read: (entry, draft) => {
    if (!entry.isBucket) return;
    const runtime = entry.child();
    while (runtime.next()) if (runtime.keyIs(KEY.name)) draft.runtime = shared(runtime.valueText());
  },
};

const FIELDS: readonly Field<ContainerDraft>[] = [
  CREATED_AT,
  sharedText(KEY.image, 'image'),
  LABELS,
  RUNTIME,
  text(KEY.sandboxId, 'sandbox', 'sandbox'),
  text(KEY.snapshotKey, 'snapshotKey', 'snapshotKey'),
  sharedText(KEY.snapshotter, 'snapshotter'),
  UPDATED_AT,
];

/** The containers of a namespace; their specs are read for those that somebody looks at. */
export function* readContainers(
  containers: Cursor,
  namespace: string,
  notes: Notes,
): Generator<void, Container[]> {
  const found: Container[] = [];
  for (; containers.next(); yield) {
    if (!containers.isBucket) continue;
    const id = containers.keyText();
    const draft: ContainerDraft = {
      image: '',
      runtime: '',
      snapshotter: '',
      snapshotKey: '',
      sandbox: '',
      labels: {},
      createdAt: null,
      updatedAt: null,
    };
    const read = readRecord(containers.child(), FIELDS, draft);
    if (!noteRecord(notes, 'container', namespace, id, read)) continue;
    const { labels, image, runtime, snapshotter, sandbox, createdAt, updatedAt } = draft;
    found.push({
      namespace: namespaceName(namespace),
      id: containerId(id),
      labels,
      image,
      runtime,
      snapshotter,
      snapshotKey: snapshotKey(draft.snapshotKey),
      sandbox,
      createdAt,
      updatedAt,
    });
  }
  return found;
}

/** What one record carries. @throws ValueError where a payload is no Any, BoltError where it cannot be looked up */
export const readPayloads = (record: Cursor): Payloads => {
  const spec = record.find(KEY.spec) ? any(record) : undefined;
  const runtime = record.find(KEY.runtime) && record.isBucket ? record.child() : undefined;
  const options = runtime?.find(KEY.options) === true ? any(runtime) : undefined;
  const extensions: (readonly [string, Payload])[] = [];
  if (record.find(KEY.extensions) && record.isBucket) {
    const bucket = record.child();
    while (bucket.next()) extensions.push([bucket.keyText(), any(bucket)]);
  }
  return { spec, options, extensions };
};
