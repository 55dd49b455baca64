/** A record: one bucket whose keys are fields. */
import type { Cursor } from '../../bolt/cursor.ts';
import { KEY } from './schema.ts';
import { binaryTime, shared, textMap, ValueError } from './values.ts';

/** How one of a record's keys is read into a draft of the object. */
export interface Field<Draft> {
  readonly key: Buffer;
  /** Its name in the JSON of a listing; undefined for what no listing shows. */
  readonly name?: string;
  /** @throws ValueError */
  readonly read: (entry: Cursor, draft: Draft) => void;
}

export interface RecordRead {
  /** Whether anything of it can be shown: where nothing but damage was found, it is left out. */
  readonly usable: boolean;
  /** Values that are not what they should be. */
  readonly faults: readonly { readonly field: string | undefined; readonly why: string }[];
  /** Fields that may have been there, in a damaged record. */
  readonly lost: readonly string[];
}

const NONE: RecordRead['faults'] = [];
const NOTHING: readonly string[] = [];

/** Reads all fields that are there. */
export const readRecord = <Draft>(
  record: Cursor,
  fields: readonly Field<Draft>[],
  draft: Draft,
): RecordRead => {
  let read = 0;
  let faults = NONE;
  while (record.next()) {
    for (let i = 0; i < fields.length; i += 1) {
      const field = fields[i];
      if (field === undefined || !record.keyIs(field.key)) continue;
      read |= 1 << i;
      try {
        field.read(record, draft);
      } catch (error) {
        if (!(error instanceof ValueError)) throw error;
        faults = [...faults, { field: field.name, why: `${field.key}: ${error.message}` }];
      }
      break;
    }
  }
  const lost = record.isDamaged
    ? fields.flatMap(({ name }, i) => (name === undefined || read & (1 << i) ? [] : [name]))
    : NOTHING;
  return { usable: !record.isDamaged || read !== 0, faults, lost };
};

/** A field that is text, and the same one in many records. */
export const sharedText = <Name extends string>(
  key: Buffer,
  property: Name,
): Field<Record<Name, string>> => ({
  key,
  name: property,
  read: (entry, draft) => {
    draft[property] = shared(entry.valueText());
  },
});

/** A field that is text. */
export const text = <Name extends string>(
  key: Buffer,
  property: Name,
  name?: string,
): Field<Record<Name, string>> => ({
  key,
  ...(name === undefined ? {} : { name }),
  read: (entry, draft) => {
    draft[property] = entry.valueText();
  },
});

/** A bucket of labels or the like; nothing where it is no bucket. */
export const readMap = (entry: Cursor): Record<string, string> =>
  entry.isBucket ? textMap(entry.child()) : {};

export interface Labelled {
  labels: Readonly<Record<string, string>>;
}

export interface Timed {
  createdAt: string | null;
  updatedAt: string | null;
}

export const LABELS: Field<Labelled> = {
  key: KEY.labels,
  name: 'labels',
  read: (entry, draft) => {
    draft.labels = readMap(entry);
  },
};

export const CREATED_AT: Field<Pick<Timed, 'createdAt'>> = {
  key: KEY.createdAt,
  name: 'createdAt',
  read: (entry, draft) => {
    draft.createdAt = binaryTime(entry);
  },
};

export const UPDATED_AT: Field<Timed> = {
  key: KEY.updatedAt,
  name: 'updatedAt',
  read: (entry, draft) => {
    const time = binaryTime(entry);
    // Most records are never changed: one string for both.
    draft.updatedAt = time === draft.createdAt ? draft.createdAt : time;
  },
};
