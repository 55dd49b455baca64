/** Which blobs a command line asks `verify` for. */
import { createHash, randomBytes } from 'node:crypto';
import { type BlobToVerify, blobsFrom, type VerifyPosition } from '../host/verification.ts';
import { escapeText } from '../text/escape.ts';
import { shellWord } from '../text/shell.ts';
import type { GlobalOptions } from './globals.ts';
import { UsageError } from './usage-error.ts';

export interface VerifyOptions {
  readonly sample?: number;
  readonly full?: boolean;
  /** Of the sample; random without it. */
  readonly seed?: string;
  /** Where an interrupted run said to go on. */
  readonly from?: string;
}

/** All blobs, or so many of them as a seed picks. */
export interface VerifyChoice {
  readonly sample: number | null;
  /** Null where everything is verified. */
  readonly seed: string | null;
  readonly from: string | null;
}

/** @throws UsageError unless it is one of `--sample N` and `--full` */
export const choiceOf = ({ sample, full, seed, from }: VerifyOptions): VerifyChoice => {
  if ((sample === undefined) === (full !== true)) {
    throw new UsageError('verify needs one of --sample N and --full: hashing everything reads everything');
  }
  if (sample === undefined && seed !== undefined) throw new UsageError('--seed is the seed of a --sample');
  if (sample !== undefined && seed === undefined && from !== undefined) {
    throw new UsageError('going on with a sample takes its --seed');
  }
  return {
    sample: sample ?? null,
    seed: sample === undefined ? null : (seed ?? randomBytes(4).toString('hex')),
    from: from ?? null,
  };
};

/**
 * The chosen blobs, in the order of verification.
 * @throws UsageError when `--from` names no place in it
 */
export const chosenBlobs = (
  blobs: readonly BlobToVerify[],
  { sample, seed, from }: VerifyChoice,
): readonly BlobToVerify[] => {
  const picked = sample === null || seed === null ? blobs : sampleOf(blobs, sample, seed);
  return from === null ? picked : blobsFrom(picked, positionOf(from, blobs));
};

/** How to name a place in the order on the command line. */
export const positionText = ({ size, digest }: VerifyPosition): string => `${size}:${digest}`;

/** The command that goes on where an interrupted run has stopped: with the same store, and with as much of it. */
export const goOnCommand = (
  { sample, seed }: VerifyChoice,
  at: VerifyPosition,
  { root, address, namespace }: Pick<GlobalOptions, 'root' | 'address' | 'namespace'>,
): string =>
  [
    'ctrscope',
    ...(root === undefined ? [] : [`--root ${shellWord(root)}`]),
    ...(address === undefined ? [] : [`--address ${shellWord(address)}`]),
    ...(namespace === undefined ? [] : [`--namespace ${shellWord(namespace)}`]),
    'verify',
    sample === null ? '--full' : `--sample ${sample} --seed ${shellWord(seed ?? '')}`,
    `--from ${shellWord(positionText(at))}`,
  ].join(' ');

// Each blob has its own rank under a seed, so that the same seed picks the same blobs though others have come or gone.
function sampleOf(blobs: readonly BlobToVerify[], size: number, seed: string): readonly BlobToVerify[] {
  if (size >= blobs.length) return blobs;
  const rank = (digest: string): string =>
    createHash('sha256')
      .update(JSON.stringify([seed, digest]))
      .digest('hex');
  const ranked = blobs.map(({ digest }) => ({ digest, rank: rank(digest) }));
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const picked = new Set(ranked.slice(0, size).map(({ digest }) => digest));
  return blobs.filter(({ digest }) => picked.has(digest));
}

function positionOf(from: string, blobs: readonly BlobToVerify[]): VerifyPosition {
  const [, size, digest] = /^(\d{1,19}):(\w+:[0-9a-f]+)$/.exec(from) ?? [];
  if (size !== undefined && digest !== undefined) return { size: BigInt(size), digest };
  const blob = blobs.find((each) => each.digest === from);
  if (blob !== undefined) return blob;
  throw new UsageError(`--from ${escapeText(from)}: no such blob, and no SIZE:DIGEST`);
}
