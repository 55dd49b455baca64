/** One facet as the lines of its file: how it was observed, then its items. */
import { encode } from '../host/codec.ts';
import type { Gap, Observed } from '../host/observed.ts';
import type { FacetName, Timing } from '../host/snapshot.ts';
import { escapeJson } from '../text/escape.ts';
import { count, bytes as size } from '../text/units.ts';
import { formOf } from './forms.ts';
import { LIMITS } from './layout.ts';

/** A facet's file, and what it had no room for. */
export interface FacetFile {
  readonly chunks: readonly Buffer[];
  readonly kept: number;
  readonly dropped: number;
}

/** Takes a listing's items one by one, so that they need not be held as objects all at once. */
export interface FacetWriter {
  /** @returns why the item is not in the file, if it is not */
  add(item: unknown): string | undefined;
  /** The file, with what its first line says: `fact` without its items. */
  end(fact: Observed<unknown>, gaps: readonly Gap[], timing: Timing | undefined): FacetFile;
}

/** The least room for the first line, which is written last. */
const LEAST_HEAD_BYTES = 64 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** @param budget bytes that are left for the file */
export const writeFacet = (name: FacetName, budget: number): FacetWriter => {
  const form = formOf(name);
  const shape = 'item' in form ? form.item : form.value;
  const headRoom = Math.max(LEAST_HEAD_BYTES, Math.min(LIMITS.lineBytes, budget / 4));
  const room = Math.min(budget, LIMITS.fileBytes) - headRoom;
  const chunks: Buffer[] = [];
  // Lines of little text go into one buffer together.
  let pending: string[] = [];
  let pendingBytes = 0;
  let kept = 0;
  const flush = (): void => {
    if (pending.length > 0) chunks.push(Buffer.from(pending.join('')));
    pending = [];
    pendingBytes = 0;
  };
  const left: Gap[] = [];
  let used = 0;
  let overflowed = 0;
  const refuse = (item: unknown, why: string): string => {
    left.push({
      state: 'truncated',
      from: name,
      why: `left out of the bundle: ${why}`,
      ...NOW(),
      ...about(item),
    });
    return why;
  };
  return {
    add: (item) => {
      // What the reader would refuse must not get into the file.
      const complaint = shape.complaint(item);
      if (complaint !== undefined) return refuse(item, complaint.replace(/^: /, ''));
      const line = lineOf(item);
      const length = Buffer.byteLength(line);
      if (length > LIMITS.lineBytes) return refuse(item, `larger than ${size(LIMITS.lineBytes)}`);
      if (used + length > room) {
        overflowed += 1;
        return 'the bundle is full';
      }
      pending.push(line);
      pendingBytes += length;
      used += length;
      kept += 1;
      if (pendingBytes >= CHUNK_BYTES) flush();
      return undefined;
    },
    end: (fact, gaps, timing) => {
      flush();
      const cut: readonly Gap[] =
        overflowed === 0
          ? []
          : [
              {
                state: 'truncated',
                from: name,
                why: `the bundle is full: ${overflowed} of ${count(kept + overflowed, 'item')} left out`,
                ...NOW(),
              },
            ];
      const head = {
        facet: name,
        ...(fact.state === 'seen' ? { state: 'seen', at: fact.at, from: fact.from } : fact),
        items: kept,
        timing: timing ?? null,
        gaps: fitting([...cut, ...left, ...gaps], headRoom),
      };
      return {
        chunks: [Buffer.from(lineOf(head)), ...chunks],
        kept,
        dropped: overflowed + left.length,
      };
    },
  };
};

// Nothing that a terminal would act on, should somebody look at the file itself.
const lineOf = (value: unknown): string => `${escapeJson(encode(value))}\n`;

const NOW = (): { at: string; ms: number } => ({ at: new Date().toISOString(), ms: 0 });

// As many gaps as the first line may hold; how many more there are is itself one.
function fitting(gaps: readonly Gap[], room: number): readonly Gap[] {
  let used = 0;
  const end = gaps.findIndex((gap) => {
    used += Buffer.byteLength(lineOf(gap));
    return used > room - 4096;
  });
  if (end < 0) return gaps;
  const why = `the bundle has no room for ${count(gaps.length - end, 'more gap')}`;
  return [...gaps.slice(0, end), { state: 'truncated', from: 'bundle', why, ...NOW() }];
}

function about(item: unknown): { object?: NonNullable<Gap['object']> } {
  if (typeof item !== 'object' || item === null) return {};
  const { namespace, id } = item as Readonly<Record<string, unknown>>;
  return {
    object: {
      ...(typeof namespace === 'string' ? { namespace } : {}),
      ...(typeof id === 'string' ? { id } : {}),
    },
  };
}
