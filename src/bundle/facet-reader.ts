/** The lines of a facet's file as what was observed. Every item is checked: past this point the compiler's types hold. */
import { decode } from '../host/codec.ts';
import { type Gap, type Observed, unknown } from '../host/observed.ts';
import type { FacetName, Timing } from '../host/snapshot.ts';
import { escapeText } from '../text/escape.ts';
import { jsonComplaint } from '../text/exact-json.ts';
import { formOf } from './forms.ts';
import { facetPath, LIMITS } from './layout.ts';
import { linesOf } from './lines.ts';
import {
  check,
  gap,
  list,
  moment,
  nullable,
  number,
  object,
  observed,
  outcome,
  parsed,
  type Shape,
  text,
  word,
} from './shape.ts';

/** A facet as the bundle has it. */
export interface RecordedFacet {
  readonly fact: Observed<unknown>;
  readonly timing: Timing | undefined;
}

type Item = Readonly<Record<string, unknown>>;

interface Head {
  readonly facet: string;
  readonly items: number;
  readonly timing: Timing | null;
  readonly gaps: readonly Gap[];
}

const timing: Shape<Timing> = object<Timing>({
  facet: text(),
  startedAt: moment,
  ms: number(),
  outcome,
});

const head = object<Head>({
  facet: text(),
  items: number(),
  timing: nullable(timing),
  gaps: list(gap),
});

// What the value is stands on the lines below the head.
const observation = observed(word('below'));

/**
 * Reads a facet.
 * @param keep which of a listing's items are wanted; the others are checked and forgotten
 * @throws Error that names the line
 */
export const readFacet = async (
  name: FacetName,
  content: AsyncIterable<Uint8Array>,
  keep: (item: Item) => boolean,
): Promise<RecordedFacet> => {
  const form = formOf(name);
  const shape = 'item' in form ? form.item : form.value;
  let opened: { readonly head: Head; readonly fact: Observed<unknown> } | undefined;
  const kept: Item[] = [];
  let seen = 0;
  let line = 0;
  for await (const lines of linesOf(content, LIMITS.lineBytes)) {
    for (const one of lines) {
      line += 1;
      try {
        if (opened === undefined) opened = openWith(name, decodeLine(one));
        else {
          const item = decodeLine(one) as Item;
          check(shape, item);
          seen += 1;
          if (!('item' in form) || keep(item)) kept.push(item);
        }
      } catch (error) {
        throw new Error(`line ${line}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  if (opened === undefined) throw new Error('it is empty');
  const { fact } = opened;
  const recorded = { timing: opened.head.timing ?? undefined };
  if (fact.state !== 'seen') return { ...recorded, fact };
  if ('item' in form)
    return { ...recorded, fact: { ...fact, value: listing(name, fact.at, opened.head, kept, seen) } };
  if (kept.length !== 1 || seen !== 1) throw new Error(`expected one value, found ${seen}`);
  return { ...recorded, fact: { ...fact, value: kept[0] } };
};

function decodeLine(line: string): unknown {
  try {
    return decode(line);
  } catch (error) {
    throw new Error(`not JSON as a bundle has it (${escapeText(jsonComplaint(error))})`);
  }
}

function openWith(name: FacetName, value: unknown): { head: Head; fact: Observed<unknown> } {
  const first = parsed(head, value);
  if (first.facet !== name) throw new Error(`expected ${name}`);
  if (first.timing !== null && first.timing.facet !== name)
    throw new Error(`.timing.facet: expected ${name}`);
  const { facet: _, items: __, timing: ___, gaps: ____, ...fact } = value as Head & Item;
  return {
    head: first,
    fact: parsed(observation, fact['state'] === 'seen' ? { ...fact, value: 'below' } : fact),
  };
}

function listing(
  name: FacetName,
  at: string,
  { gaps, items }: Head,
  kept: readonly Item[],
  seen: number,
): unknown {
  if (seen === items) return { items: kept, gaps };
  const why = `the bundle has ${seen} of the ${items} items that it was made with`;
  return { items: kept, gaps: [unknown('truncated', facetPath(name), why, at, 0), ...gaps] };
}
