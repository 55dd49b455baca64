/** The lines at the edges below the title: tabs, footer, and the line that is typed. */
import { items } from '../host/kinds/listing.ts';
import { isUnknown } from '../host/observed.ts';
import { facet } from '../host/snapshot.ts';
import { bytes, count } from '../text/units.ts';
import { truncateEnd, truncateMiddle, width } from '../text/width.ts';
import { screenText } from './foreign.ts';
import { BINDINGS, type Command, keyLabel } from './keys.ts';
import type { Listing } from './listing.ts';
import type { Prompt, State } from './model.ts';
import { paceText } from './pace.ts';
import { completions } from './palette.ts';
import { justify, type Line, type Span, span, spansWidth } from './spans.ts';
import { isRecorded } from './status.ts';
import { VIEWS, viewNamed } from './views.ts';

/** A part of a line that can be clicked. */
export interface Spot {
  readonly x: number;
  readonly cells: number;
  readonly command: Command;
}

export interface SpottedLine {
  readonly line: Line;
  readonly spots: readonly Spot[];
}

export const tabsLine = (state: State, cells: number): SpottedLine => {
  const marks = scopeSpans(state);
  const room = cells - spansWidth(marks) - 1;
  // From the fullest to the barest: how many there are goes first, then the names of the other views.
  const tries = [
    buildTabs(state, { names: true, counts: true }),
    buildTabs(state, { names: true, counts: false }),
    buildTabs(state, { names: false, counts: false }),
  ];
  const { spans, spots } = tries.find((t) => spansWidth(t.spans) <= room) ??
    tries[2] ?? { spans: [], spots: [] };
  return { line: justify(spans, marks, cells), spots };
};

// What narrows every view.
function scopeSpans(state: State): readonly Span[] {
  const spans = [
    ...(state.namespace === null
      ? []
      : [span('namespace ', 'muted'), span(truncateMiddle(screenText(state.namespace), 24), 'strong')]),
    ...(state.problemsOnly
      ? [span(state.namespace === null ? '' : ' · ', 'muted'), span('! problems only', 'warn')]
      : []),
  ];
  return spans.length === 0 ? [] : [...spans, span(' ')];
}

function buildTabs(
  state: State,
  shown: { readonly names: boolean; readonly counts: boolean },
): { readonly spans: readonly Span[]; readonly spots: readonly Spot[] } {
  const spans: Span[] = [];
  const spots: Spot[] = [];
  const current = viewNamed(state.view);
  for (const view of [
    ...VIEWS.filter((v) => v.digit !== null),
    ...(current.digit === null ? [current] : []),
  ]) {
    const isCurrent = view === current;
    const amount = shown.counts ? tabCount(state, view.kind.facet) : '';
    const parts: readonly Span[] = [
      span(view.digit === null ? ' ' : ` ${view.digit} `, isCurrent ? undefined : 'key'),
      span(shown.names || isCurrent ? view.tab : ''),
      span(amount === '' ? ' ' : ` ${amount} `, isCurrent ? undefined : 'muted'),
    ];
    spots.push({ x: spansWidth(spans), cells: spansWidth(parts), command: `view:${view.name}` });
    spans.push(...(isCurrent ? parts.map((p) => span(p.text, 'selected')) : parts));
  }
  const more: readonly Span[] = [span(' F2', 'key'), span(' more', 'muted')];
  spots.push({ x: spansWidth(spans), cells: spansWidth(more), command: 'views' });
  spans.push(...more);
  return { spans, spots };
}

// How many there are in all; not shown while only a namespace is, for it would be another number.
function tabCount(state: State, name: Parameters<typeof items>[1] | null): string {
  if (name === null || state.shown === null || state.namespace !== null) return '';
  const { host } = state.shown;
  return isUnknown(facet(host, name)) ? '?' : String(items(host, name).length);
}

// The footer's order; the words are the key table's.
const HINTS: readonly Command[] = [
  'help',
  'filter',
  'fold',
  'sortMenu',
  'palette',
  'problems',
  'chain',
  'owner',
  'users',
  'nextTab',
  'copy',
  'nextPane',
  'quit',
];

export const footerLine = (state: State, listing: Listing, cells: number): SpottedLine => {
  const right = footerRight(state, listing, cells);
  if (state.flash !== null) {
    const flash = span(` ${screenText(state.flash.text)}`, state.flash.style);
    return { line: justify([flash], right, cells), spots: [] };
  }
  const spans: Span[] = [];
  const spots: Spot[] = [];
  for (const command of HINTS) {
    const binding = BINDINGS.find((b) => b.command === command);
    if (binding?.hint === undefined || (command === 'fold' && !isTree(listing))) continue;
    const parts = [span(` ${keyLabel(binding.keys[0] ?? '')}`, 'key'), span(` ${binding.hint} `, 'muted')];
    if (spansWidth(spans) + spansWidth(parts) + spansWidth(right) + 1 > cells) continue;
    spots.push({ x: spansWidth(spans), cells: spansWidth(parts), command });
    spans.push(...parts);
  }
  return { line: justify(spans, right, cells), spots };
};

function isTree(listing: Listing): boolean {
  return listing.state === 'listed' && listing.outline !== null;
}

function footerRight(state: State, listing: Listing, cells: number): readonly Span[] {
  const problems = listing.state === 'listed' ? listing.problems : 0;
  const memory = state.self === null || cells < 100 ? '' : ` ${bytes(state.self.rss)}`;
  const groups: readonly (readonly Span[])[] = [
    ...(problems === 0 ? [] : [[span(`! ${count(problems, 'problem')}`, 'warn')]]),
    ...(isRecorded(state) || cells < 72 ? [] : [[span(paceText(state.pace), 'muted')]]),
    ...(state.self === null ? [] : [[span(`self ${state.self.cpuPercent.toFixed(1)}%${memory}`, 'muted')]]),
  ];
  const spans = groups.flatMap((group, i) => (i === 0 ? group : [span(' │ ', 'rule'), ...group]));
  return spans.length === 0 ? [] : [...spans, span(' ')];
}

/** The line being typed, with its cursor and what it would become. */
export const promptLine = (state: State, prompt: Prompt, listing: Listing, cells: number): Line => {
  const { text, at } = prompt.draft;
  const before = screenText(text.slice(0, at));
  const under = [...text.slice(at)][0] ?? ' ';
  const after = screenText(text.slice(at + under.length));
  const typed = [
    span(prompt.kind === 'filter' ? ' /' : ' :', 'key'),
    // A long line shows its end, where one types.
    span(tail(before, Math.max(8, cells - width(after) - 4))),
    span(screenText(under), 'cursor'),
    span(after),
  ];
  const remark = prompt.kind === 'filter' ? filterRemark(listing) : paletteRemark(state, prompt);
  const room = cells - spansWidth(typed) - 2;
  // A complaint says at least how it begins; a hint is there whole or not at all.
  const shown =
    spansWidth(remark) <= room
      ? remark
      : remark
          .slice(0, 1)
          .map((s) => (s.style === 'warn' && room > 8 ? span(truncateEnd(s.text, room), s.style) : s))
          .filter((s) => width(s.text) <= room);
  return justify(typed, [...shown, span(' ')], cells);
};

function filterRemark(listing: Listing): readonly Span[] {
  if (listing.state !== 'listed') return [];
  if (listing.filter.state === 'wrong') return [span(`! ${screenText(listing.filter.why)}`, 'warn')];
  if (listing.filter.state === 'ok' && listing.filter.note !== undefined) {
    return [span(screenText(listing.filter.note), 'warn')];
  }
  return [span('Enter', 'key'), span(' keep  ', 'muted'), span('Esc', 'key'), span(' clear', 'muted')];
}

function paletteRemark(state: State, prompt: Prompt): readonly Span[] {
  if (prompt.complaint !== null) return [span(`! ${screenText(prompt.complaint)}`, 'warn')];
  const offered = completions(prompt.draft.text, state).slice(0, 6);
  return offered.length === 0 ? [] : [span(offered.map((o) => screenText(o.trim())).join('  '), 'muted')];
}

function tail(text: string, cells: number): string {
  let cut = text;
  while (width(cut) > cells) cut = cut.slice(1);
  return cut;
}
