/** `ctrscope verify` */
import { seenValue } from '../host/observed.ts';
import { type FacetName, facet, type HostSnapshot } from '../host/snapshot.ts';
import { type UnknownEntry, unknownFacets } from '../host/unknown-entries.ts';
import {
  type BlobToVerify,
  blobsToVerify,
  lookedAtAgain,
  unsupported,
  type VerifiedBlob,
  verified,
} from '../host/verification.ts';
import { unknownLine } from '../report/unknown.ts';
import { progressLine, type VerifyTotals, verifyItem, verifyText } from '../report/verify.ts';
import { hashFiles } from '../sources/content/hash-files.ts';
import { escapeText } from '../text/escape.ts';
import { documentHead, documentText } from './document.ts';
import { EXIT } from './exit-codes.ts';
import { formatOf, type GlobalOptions } from './globals.ts';
import { type HostSource, openHost } from './host-source.ts';
import { writeError, writeHint, writeOut } from './terminal-output.ts';
import { UsageError } from './usage-error.ts';
import {
  choiceOf,
  chosenBlobs,
  goOnCommand,
  positionText,
  type VerifyChoice,
  type VerifyOptions,
} from './verify-choice.ts';

const FORMATS = ['text', 'json', 'yaml'] as const;
const WANTS: readonly FacetName[] = ['containerd.content', 'content.blobs'];
const PROGRESS_MS = 200;
/** Lines of what is not known; a screen is enough of them. */
const MAX_UNKNOWN = 20;

/** Hashes blobs and compares; the exit code says whether all are as they should be. */
export const verify = async (options: VerifyOptions, globals: GlobalOptions): Promise<number> => {
  formatOf(globals, FORMATS);
  if (globals.bundle !== undefined) {
    throw new UsageError(
      'verify has no use for --bundle: a bundle holds what is recorded of content, not its bytes',
    );
  }
  const choice = choiceOf(options);
  const source = await openHost(globals);
  try {
    const host = await source.collect(WANTS);
    if (!(await source.introduce(host))) return EXIT.failed;
    return await verifyHost(source, host, choice, globals);
  } finally {
    await source.close();
  }
};

/** Verifies what the choice picks of a host's blobs. */
export const verifyHost = async (
  source: Pick<HostSource, 'recheck' | 'openFile'>,
  host: HostSnapshot,
  choice: VerifyChoice,
  globals: GlobalOptions,
): Promise<number> => {
  const files = facet(host, 'content.blobs');
  const facetsUnknown = unknownFacets(host, WANTS);
  if (seenValue(files) === undefined) {
    await sayUnknown(facetsUnknown, globals);
    if (files.state === 'absent') await writeError(escapeText(files.why ?? 'there is no content store'));
    return EXIT.failed;
  }
  const blobs = chosenBlobs(blobsToVerify(host), choice);
  if (choice.seed !== null && globals.quiet !== true) {
    await writeError(escapeText(`sample of ${blobs.length}, seed ${choice.seed}`));
  }
  const run = await hashAll(blobs, source.openFile, globals.quiet !== true && process.stderr.isTTY === true);
  const settled = await settle(run.results, host, source);
  const results = settled.filter((blob) => blob !== undefined);
  const stoppedAt = run.signal === undefined ? undefined : blobs[run.results.indexOf(undefined)];
  const unknown = [...facetsUnknown, ...results.filter(isOpen).map(entryOf)];
  const isWhole = facetsUnknown.length === 0;
  await print(host, results, unknown, { choice, totals: run.totals, stoppedAt, isWhole }, globals);
  if (run.signal !== undefined) {
    if (stoppedAt !== undefined) {
      await writeError('interrupted; to go on:');
      await writeHint(goOnCommand(choice, stoppedAt, globals));
    }
    return run.signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
  }
  await sayUnknown(facetsUnknown, globals);
  if (results.some(isWrong)) return EXIT.fail;
  return unknown.length > 0 ? EXIT.partial : EXIT.ok;
};

const isOpen = ({ state }: VerifiedBlob): boolean => state === 'unknown';
const isWrong = ({ state }: VerifiedBlob): boolean => state === 'mismatch' || state === 'missing';

interface Run {
  /** In the order of the blobs; undefined where a signal came first. */
  readonly results: readonly (VerifiedBlob | undefined)[];
  readonly totals: VerifyTotals;
  readonly signal: 'SIGINT' | 'SIGTERM' | undefined;
}

async function hashAll(
  blobs: readonly BlobToVerify[],
  open: ((path: string) => number) | undefined,
  showProgress: boolean,
): Promise<Run> {
  const started = performance.now();
  const results: (VerifiedBlob | undefined)[] = blobs.map(
    (blob) => unsupported(blob) ?? (blob.path === null ? verified(blob, { state: 'gone' }) : undefined),
  );
  const left = blobs.flatMap((blob, index) =>
    results[index] === undefined && blob.path !== null ? [{ blob, path: blob.path, index }] : [],
  );
  const all = left.reduce((sum, { blob }) => sum + blob.size, 0n);
  let signal: Run['signal'];
  const hashing = hashFiles(
    left.map(({ path, blob }) => ({ path, algorithm: blob.algorithm, size: blob.size })),
    {
      ...(open === undefined ? {} : { open }),
      onOutcome: (i, outcome) => {
        const task = left[i];
        if (task !== undefined) results[task.index] = verified(task.blob, outcome);
      },
    },
  );
  const totals = (): VerifyTotals => ({
    done: results.filter((result) => result !== undefined).length,
    blobs: blobs.length,
    bytesRead: hashing.bytes(),
    bytes: all,
    ms: performance.now() - started,
  });
  const end = (by: 'SIGINT' | 'SIGTERM') => (): void => {
    signal ??= by;
    hashing.stop();
  };
  const listeners = { SIGINT: end('SIGINT'), SIGTERM: end('SIGTERM') };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, listeners[name]);
  const ticker = showProgress
    ? setInterval(() => process.stderr.write(`\r${progressLine(totals())}\x1b[K`), PROGRESS_MS)
    : undefined;
  try {
    await hashing.done;
  } finally {
    clearInterval(ticker);
    if (ticker !== undefined) process.stderr.write('\r\x1b[K');
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, listeners[name]);
  }
  return { results, totals: totals(), signal: results.includes(undefined) ? signal : undefined };
}

// Record and file are two lists, made one after the other: what is in only one of them is looked at again.
async function settle(
  results: readonly (VerifiedBlob | undefined)[],
  host: HostSnapshot,
  { recheck }: Pick<HostSource, 'recheck'>,
): Promise<readonly (VerifiedBlob | undefined)[]> {
  if (!results.some((blob) => blob?.state === 'missing')) return results;
  const again = recheck === undefined ? host : await recheck(WANTS);
  return results.map((blob) => (blob?.state === 'missing' ? lookedAtAgain(blob, again) : blob));
}

function entryOf(blob: VerifiedBlob): UnknownEntry {
  return {
    source: blob.path ?? 'content.blobs',
    state: blob.path === null || unsupported(blob) !== undefined ? 'unsupported' : 'failed',
    reason: blob.reason ?? '',
    object: { kind: 'content', id: blob.digest },
    fields: ['size', 'actual'],
  };
}

interface Ended {
  readonly choice: VerifyChoice;
  readonly totals: VerifyTotals;
  readonly stoppedAt: BlobToVerify | undefined;
  /** Whether the lists of what there is to verify have no gap. */
  readonly isWhole: boolean;
}

async function print(
  host: HostSnapshot,
  results: readonly VerifiedBlob[],
  unknown: readonly UnknownEntry[],
  { choice, totals, stoppedAt, isWhole }: Ended,
  globals: GlobalOptions,
): Promise<void> {
  const format = formatOf(globals, FORMATS);
  if (format === 'text') {
    await writeOut(verifyText(results, totals, isWhole));
    return;
  }
  const document = {
    ...documentHead('verify', host, unknown),
    seed: choice.seed,
    blobs: totals.blobs,
    bytesRead: totals.bytesRead,
    durationMs: Math.round(totals.ms),
    next: stoppedAt === undefined ? null : positionText(stoppedAt),
    items: results.map(verifyItem),
  };
  await writeOut(await documentText(document, format));
}

async function sayUnknown(unknown: readonly UnknownEntry[], globals: GlobalOptions): Promise<void> {
  if (globals.quiet === true) return;
  for (const entry of unknown.slice(0, MAX_UNKNOWN)) await writeError(`unknown: ${unknownLine(entry)}`);
  const more = unknown.length - MAX_UNKNOWN;
  if (more > 0) await writeError(`unknown: … and ${more} more; -o json has them all`);
}
