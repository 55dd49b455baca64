/** What can be wrong with a file, as one error that names the place, what was expected there and what was found. */

export type DamageCode =
  /** The operating system refused: `errno` says how. */
  | 'unreadable'
  | 'notRegular'
  | 'empty'
  /** Nothing in the file looks like a meta page. */
  | 'notBolt'
  /** A meta page's magic, version, page size or checksum. */
  | 'meta'
  /** A page lies beyond the end of the file. */
  | 'truncated'
  /** A page number is outside of those the file uses. */
  | 'pageNumber'
  /** A page does not claim its own number. */
  | 'pageId'
  | 'pageKind'
  /** A page's element table does not fit in it, or one of its elements does not. */
  | 'elements'
  | 'overflow'
  /** Two places lead to the same page. */
  | 'doubleReference'
  | 'bucket'
  | 'keyOrder'
  | 'freelist'
  /** In use nowhere, and not on the freelist: lost, until the file is rewritten. */
  | 'unreachable'
  /** Larger or deeper than this reader is willing to follow. */
  | 'limit'
  /** The file changed during each attempt to read it. */
  | 'torn';

export interface DamageFields {
  readonly code: DamageCode;
  /** The page in question. */
  readonly page?: number;
  /** Where in the file, in bytes. */
  readonly offset?: number;
  readonly what: string;
  readonly expected?: string;
  readonly found?: string;
  /** The buckets that lead to it, outermost first. */
  readonly path?: readonly Uint8Array[];
  readonly key?: Uint8Array;
  /** ENOENT and the like. */
  readonly errno?: string;
  readonly cause?: unknown;
}

/** The only error that this folder throws because of a file. */
export class BoltError extends Error {
  override readonly name = 'BoltError';
  readonly fields: DamageFields;

  constructor(fields: DamageFields) {
    super(sentence(fields), fields.cause === undefined ? undefined : { cause: fields.cause });
    this.fields = fields;
  }

  get code(): DamageCode {
    return this.fields.code;
  }
}

/** The same error with the bucket it is in, unless that is known already. */
export const inBucket = (error: BoltError, path: readonly Uint8Array[]): BoltError =>
  error.fields.path !== undefined ? error : new BoltError({ ...error.fields, path: path.map(keptName) });

/** A name as far as it is kept with an error: many errors with long paths of long names must not add up. */
export const keptName = (name: Uint8Array): Uint8Array =>
  name.length > MAX_NAME_KEPT ? name.slice(0, MAX_NAME_KEPT) : name;

const MAX_NAME_KEPT = 1024;

/** Bytes of a key as one line: printable ASCII as it is, everything else as `\xNN`; long ones are cut. */
export const keyWords = (key: Uint8Array): string => {
  const shown = key.length > MAX_KEY_SHOWN ? key.subarray(0, MAX_KEY_SHOWN) : key;
  let text = '';
  for (const byte of shown) {
    text +=
      byte >= 0x20 && byte < 0x7f && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return shown.length < key.length ? `${text}… (${key.length} bytes)` : text;
};

const MAX_KEY_SHOWN = 200;
const MAX_PATH_SHOWN = 12;

function pathWords(path: readonly Uint8Array[]): string {
  if (path.length <= MAX_PATH_SHOWN) return path.map(keyWords).join('/');
  return [...path.slice(0, MAX_PATH_SHOWN / 2).map(keyWords), '…', ...path.slice(-2).map(keyWords)].join('/');
}

function sentence({ page, offset, what, expected, found, path, key }: DamageFields): string {
  const place = [
    page === undefined ? '' : `page ${page}`,
    offset === undefined ? '' : `${page === undefined ? '' : 'at '}offset ${offset}`,
  ].filter(Boolean);
  const where = [
    path === undefined ? '' : path.length === 0 ? 'in the root bucket' : `in bucket ${pathWords(path)}`,
    key === undefined ? '' : `at key ${keyWords(key)}`,
  ].filter(Boolean);
  return [
    place.length === 0 ? '' : `${place.join(' ')}: `,
    what,
    expected === undefined ? '' : `: expected ${expected}`,
    found === undefined ? '' : `${expected === undefined ? ': ' : ', '}found ${found}`,
    where.length === 0 ? '' : ` (${where.join(' ')})`,
  ].join('');
}
