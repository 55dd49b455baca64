/** Which blobs there are to verify, in which order, and what a hash says of one. */
import { bytes as byteText } from '../text/units.ts';
import { type Blob, blobsOf, storeFolder } from './blobs.ts';
import type { Digest } from './ids.ts';
import { compareText } from './kinds/kind.ts';
import { openQuestion } from './listing-gaps.ts';
import { seenValue } from './observed.ts';
import { facet, type HostSnapshot } from './snapshot.ts';

/** A hash function of `DIGEST` that we can compute, and how many hexadecimal digits it has. */
const ALGORITHMS: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
]);

/** A blob in the order of verification, which goes from the largest down: so all cores are done at about the same time. */
export interface BlobToVerify {
  readonly digest: Digest;
  readonly algorithm: string;
  readonly hex: string;
  /** Bytes: the file's, else the largest that is recorded. */
  readonly size: bigint;
  /** Null where it is recorded and has no file. */
  readonly path: string | null;
  readonly recorded: readonly { readonly namespace: string; readonly size: bigint }[];
}

/** A place in the order of verification; it holds also when that blob itself is gone. */
export interface VerifyPosition {
  readonly size: bigint;
  readonly digest: string;
}

/** What came of opening and reading a blob's file. */
export type BlobReading =
  | { readonly state: 'hashed'; readonly hex: string; readonly bytes: number }
  | { readonly state: 'notFile'; readonly is: string }
  | { readonly state: 'unreadable'; readonly code: string }
  | { readonly state: 'gone' };

/**
 * `missing`: recorded, and there is no file. `gone`: it was there when the list was made, and has been removed since, which
 * is what a collection of garbage does. `unknown`: it could not be read.
 */
export type VerifyState = 'intact' | 'mismatch' | 'missing' | 'gone' | 'unknown';

export interface VerifiedBlob extends BlobToVerify {
  readonly state: VerifyState;
  /** Digest of the bytes that are there; null where they could not be read. */
  readonly actual: string | null;
  /** Bytes that are there. */
  readonly actualSize: bigint | null;
  /** What is wrong, or why it is not known; null for an intact one. */
  readonly reason: string | null;
}

/** All blobs in order. With a scope, only those that its namespaces know: a file alone belongs to no namespace. */
export const blobsToVerify = (host: HostSnapshot): BlobToVerify[] => {
  const limited = host.scope.namespaces !== undefined;
  const folder = storeFolder(host);
  // Something is in the place of these, and no file: whoever opens it can say what.
  const noted = new Set(
    (seenValue(facet(host, 'content.blobs'))?.gaps ?? []).map(({ object }) => object?.id ?? ''),
  );
  const placeOf = (digest: string): string | null =>
    folder === null || !noted.has(digest) ? null : `${folder}/${digest.replace(':', '/')}`;
  return [...blobsOf(host).values()]
    .filter(({ records }) => !limited || records.length > 0)
    .map((blob) => toVerify(blob, blob.file?.path ?? placeOf(blob.digest)))
    .toSorted(inOrder);
};

/** Those at the position and after it. */
export const blobsFrom = (blobs: readonly BlobToVerify[], position: VerifyPosition): BlobToVerify[] =>
  blobs.filter((blob) => inOrder(blob, position) >= 0);

/** What a reading says of a blob. */
export const verified = (blob: BlobToVerify, reading: BlobReading): VerifiedBlob => {
  const nothing = { ...blob, actual: null, actualSize: null };
  switch (reading.state) {
    case 'hashed':
      return compared(blob, reading.hex, BigInt(reading.bytes));
    case 'notFile':
      return { ...nothing, state: 'mismatch', reason: `there is ${reading.is} in the place of its file` };
    case 'unreadable':
      return { ...nothing, state: 'unknown', reason: `its file cannot be read: ${reading.code}` };
    case 'gone':
      return blob.recorded.length === 0
        ? { ...nothing, state: 'gone', reason: 'its file was removed meanwhile' }
        : { ...nothing, state: 'missing', reason: 'it is recorded, and there is no file' };
  }
};

/** A blob that nothing can be said of before its bytes are looked at: its digest is none that can be computed. */
export const unsupported = (blob: BlobToVerify): VerifiedBlob | undefined =>
  ALGORITHMS.get(blob.algorithm) === blob.hex.length
    ? undefined
    : {
        ...blob,
        state: 'unknown',
        actual: null,
        actualSize: null,
        reason: `${blob.algorithm} with ${blob.hex.length} digits is no digest that can be computed here`,
      };

/**
 * A missing blob after a second look: it may have been removed, record and file, between the two lists.
 * @returns undefined for one that has a file now: committed since, it was not among what was to be verified
 */
export const lookedAtAgain = (blob: VerifiedBlob, again: HostSnapshot): VerifiedBlob | undefined => {
  const { digest: id } = blob;
  const open =
    openQuestion(again, 'content.blobs', { id }) ?? openQuestion(again, 'containerd.content', { id });
  if (open !== undefined) return { ...blob, state: 'unknown', reason: `whether it has a file: ${open}` };
  const now = blobsOf(again).get(id);
  if (now === undefined || now.records.length === 0) {
    return { ...blob, state: 'gone', reason: 'it was removed meanwhile' };
  }
  return now.file === null ? blob : undefined;
};

function toVerify({ digest, file, records }: Blob, path: string | null): BlobToVerify {
  const colon = digest.indexOf(':');
  let largest = 0n;
  for (const { size } of records) if (size > largest) largest = size;
  return {
    digest,
    algorithm: digest.slice(0, colon),
    hex: digest.slice(colon + 1),
    size: file?.size ?? largest,
    path,
    recorded: records.map(({ namespace, size }) => ({ namespace, size })),
  };
}

function inOrder(a: VerifyPosition, b: VerifyPosition): number {
  return a.size === b.size ? compareText(a.digest, b.digest) : a.size > b.size ? -1 : 1;
}

function compared(blob: BlobToVerify, hex: string, actualSize: bigint): VerifiedBlob {
  const found = { ...blob, actual: `${blob.algorithm}:${hex}`, actualSize };
  const other = blob.recorded.find(({ size }) => size !== actualSize);
  if (hex === blob.hex && other === undefined) return { ...found, state: 'intact', reason: null };
  if (hex === blob.hex) {
    const reason = `its bytes are right, but namespace ${other?.namespace} has recorded ${byteText(other?.size ?? 0n)}`;
    return { ...found, state: 'mismatch', reason };
  }
  const [first] = blob.recorded;
  const missing = first === undefined ? 0n : first.size - actualSize;
  const reason =
    missing > 0n
      ? `${missing} of ${first?.size} bytes are missing`
      : missing < 0n
        ? `${-missing} bytes more than the ${first?.size} that are recorded`
        : 'its bytes are others than its digest says';
  return { ...found, state: 'mismatch', reason };
}
