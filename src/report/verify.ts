/** What `verify` says: a sentence, and a line for each blob that is not as it should be. */
import type { VerifiedBlob, VerifyState } from '../host/verification.ts';
import { escapeText } from '../text/escape.ts';
import { tableLines } from '../text/table.ts';
import { bytes, count, duration } from '../text/units.ts';

/** How far a verification has come, or came. */
export interface VerifyTotals {
  /** Blobs that have an answer. */
  readonly done: number;
  readonly blobs: number;
  readonly bytesRead: bigint;
  readonly bytes: bigint;
  readonly ms: number;
}

/** Lines of blobs that are not as they should be; `-o json` has all. */
const MAX_LINES = 1000;

export const STATES_TOLD: readonly VerifyState[] = ['mismatch', 'missing', 'unknown', 'gone'];

/** The item of the JSON contract. */
export const verifyItem = (blob: VerifiedBlob): Readonly<Record<string, unknown>> => ({
  digest: blob.digest,
  state: blob.state,
  path: blob.path,
  recorded: blob.recorded,
  ...(blob.state === 'unknown' ? {} : { size: blob.actualSize, actual: blob.actual }),
  reason: blob.reason,
});

/** The whole answer as text. @param isWhole whether the lists of what there is to verify were read without a gap */
export const verifyText = (
  results: readonly VerifiedBlob[],
  totals: VerifyTotals,
  isWhole: boolean,
): string => {
  const told = STATES_TOLD.flatMap((state) => results.filter((blob) => blob.state === state));
  const rows = told
    .slice(0, MAX_LINES)
    .map(({ state, digest, actualSize, recorded, reason }) => [
      state,
      digest,
      actualSize === null ? '-' : String(actualSize),
      [...new Set(recorded.map(({ namespace }) => namespace))].join(',') || '-',
      reason ?? '',
    ]);
  const header = [
    { title: 'STATE' },
    { title: 'DIGEST' },
    { title: 'BYTES', align: 'right' } as const,
    { title: 'NAMESPACES' },
    { title: 'WHY' },
  ];
  const table =
    rows.length === 0
      ? []
      : [
          '',
          ...tableLines(
            header,
            rows.map((row) => row.map(escapeText)),
          ),
        ];
  const more = told.length > MAX_LINES ? [`… and ${told.length - MAX_LINES} more; -o json has them all`] : [];
  return [sentence(results, totals, isWhole), ...table, ...more].map((line) => `${line}\n`).join('');
};

/** One line about work that is not done yet. */
export const progressLine = (totals: VerifyTotals): string => {
  const { bytesRead, bytes: all, ms } = totals;
  const share = all === 0n ? 1 : Math.min(1, Number(bytesRead) / Number(all));
  const parts = [
    `${Math.floor(share * 100)
      .toString()
      .padStart(3)} %`,
    `${bytes(bytesRead)} of ${bytes(all)}`,
    ...(ms >= 500 ? [`${bytes(rate(totals))}/s`] : []),
    ...(ms >= 2000 && share > 0 ? [`${duration((ms / share) * (1 - share))} left`] : []),
  ];
  return `verify: ${parts.join('  ')}`;
};

function sentence(results: readonly VerifiedBlob[], totals: VerifyTotals, isWhole: boolean): string {
  const number = (state: VerifyState): number => results.filter((blob) => blob.state === state).length;
  const wrong = number('mismatch') + number('missing');
  const read = `${bytes(totals.bytesRead)} read in ${duration(totals.ms)}, ${bytes(rate(totals))}/s`;
  const [open, gone] = [number('unknown'), number('gone')];
  const rest = [
    ...(open > 0 ? [`${count(open, 'blob')} could not be checked`] : []),
    ...(gone > 0 ? [`${gone} removed meanwhile`] : []),
    read,
  ].join('; ');
  if (wrong > 0) {
    return `✗ FAIL: ${wrong} of ${count(totals.done, 'blob')} ${wrong === 1 ? 'is not what it' : 'are not what they'} should be; ${rest}`;
  }
  const good = `${count(number('intact'), 'blob')} as ${number('intact') === 1 ? 'it' : 'they'} should be`;
  if (totals.done < totals.blobs)
    return `? PARTIAL: ${good}, ${totals.blobs - totals.done} not yet checked; ${rest}`;
  if (!isWhole) return `? PARTIAL: ${good}, of those that could be listed; ${rest}`;
  return `${open > 0 ? '? PARTIAL' : '✓ PASS'}: ${good}; ${rest}`;
}

function rate({ bytesRead, ms }: VerifyTotals): number {
  return ms === 0 ? 0 : (Number(bytesRead) * 1000) / ms;
}
