/** What stands in the list's place when there are no rows to show, and why. */

import { isUnknown } from '../host/observed.ts';
import { facet } from '../host/snapshot.ts';
import { duration } from '../text/units.ts';
import { causeLines } from './advice.ts';
import { screenText } from './foreign.ts';
import type { Listed, Listing } from './listing.ts';
import { spinner } from './marks.ts';
import { listState, type State } from './model.ts';
import { isPast } from './past.ts';
import { EMPTY_LINE, type Line, line, span, textLine } from './spans.ts';
import { wrapWords } from './wrap.ts';

/** The notice, or undefined when there are rows. */
export const noticeLines = (state: State, listing: Listing, cells: number): readonly Line[] | undefined => {
  const inner = cells - 4;
  const lines = chosen(state, listing, inner);
  return lines?.map((l) => ({ ...l, spans: [span('  '), ...l.spans] }));
};

function chosen(state: State, listing: Listing, cells: number): readonly Line[] | undefined {
  switch (listing.state) {
    case 'waiting':
      if (listing.view.compares && state.shown !== null) return comparing(state, cells);
      return state.connection.state === 'lost' || state.connection.state === 'ended'
        ? neverConnected(state, state.connection, cells)
        : loading(state, listing, cells);
    case 'broken':
      return broken(listing.why, cells);
    case 'listed':
      return listing.order.length > 0 ? undefined : noRows(state, listing, cells);
  }
}

function loading(state: State, listing: Listing, cells: number): readonly Line[] {
  const seconds = Math.floor((state.now - state.startedAt) / 1000);
  const what = listing.view.kind.wants.map((name) => name.replace(/^containerd\./, '')).join(', ');
  return [
    line(
      span(`${spinner(seconds)} `, 'accent'),
      span('waiting for '),
      span(screenText(state.title.address), 'strong'),
    ),
    ...wrapWords(`${what} — ${seconds} s`, cells - 2).map((text) => textLine(`  ${text}`, 'muted')),
  ];
}

function comparing(state: State, cells: number): readonly Line[] {
  const { comparison } = state;
  if (comparison?.state === 'failed')
    return causeLines('comparison', { why: '', ...comparison.cause }, cells);
  if (comparison === null && isPast(state)) {
    return wrapWords('A comparison is made of what is there now; p leaves the past.', cells).map((text) =>
      textLine(text),
    );
  }
  const seconds = comparison?.state === 'loading' ? Math.floor((state.now - comparison.since) / 1000) : 0;
  return [
    line(span(`${spinner(seconds)} `, 'accent'), span('comparing Docker with containerd')),
    ...wrapWords(`their lists, and Docker's files — ${seconds} s`, cells - 2).map((text) =>
      textLine(`  ${text}`, 'muted'),
    ),
  ];
}

function neverConnected(
  state: State,
  connection: Extract<State['connection'], { state: 'lost' | 'ended' }>,
  cells: number,
): readonly Line[] {
  const retry =
    connection.state === 'lost'
      ? `next try in ${countdown(connection.retryAt, state.now)}, or r for now`
      : 'it will not be tried again';
  return [
    line(
      span('✗ ', 'bad'),
      span('no connection to ', 'bad'),
      span(screenText(state.title.address), 'strong'),
    ),
    EMPTY_LINE,
    ...wrapWords(screenText(connection.why), cells - 2).map((text) => textLine(`  ${text}`)),
    EMPTY_LINE,
    textLine(`  ${retry}`, 'muted'),
    line(span('  try  ', 'muted'), span('ctrscope doctor', 'key')),
  ];
}

function broken(why: string, cells: number): readonly Line[] {
  return [
    line(span('✗ ', 'bad'), span('this view failed', 'bad')),
    EMPTY_LINE,
    ...wrapWords(screenText(why), cells - 2).map((text) => textLine(`  ${text}`)),
    EMPTY_LINE,
    textLine('  The other views still work. This is a fault in ctrscope.', 'muted'),
  ];
}

function noRows(state: State, listing: Listed, cells: number): readonly Line[] {
  const { kind } = listing.view;
  const own = kind.facet === null ? undefined : facet(listing.host, kind.facet);
  if (own !== undefined && isUnknown(own)) return causeLines(listing.view.heading.toLowerCase(), own, cells);
  if (listing.total > 0) {
    const { filter } = listState(state);
    const what =
      filter === ''
        ? `0 of ${listing.total} have a problem — z shows all`
        : `0 of ${listing.total} match — Esc to clear`;
    return [
      textLine(what, 'strong'),
      ...(filter === '' ? [] : [textLine(screenText(`/${filter}`), 'muted')]),
    ];
  }
  // Nothing was listed, but parts could not be: that is not the same as nothing being there.
  const entry = listing.unknowns.entries[0];
  if (entry !== undefined) {
    return causeLines(
      listing.view.compares ? 'nothing could be compared' : listing.view.heading.toLowerCase(),
      { state: entry.state, why: entry.reason, from: entry.source },
      cells,
    );
  }
  const where = state.namespace === null ? '' : ` in ${screenText(state.namespace)}`;
  const [what = '', meaning] = (listing.table.whenEmpty ?? kind.whenEmpty).split(/[:;] /, 2);
  return [
    textLine(`${what}${where}`, 'strong'),
    ...(meaning === undefined ? [] : wrapWords(meaning, cells).map((text) => textLine(text, 'muted'))),
  ];
}

/** `3 s`; never less than nothing. */
export const countdown = (until: number, now: number): string => {
  const ms = Math.max(0, until - now);
  return ms < 60_000 ? `${Math.ceil(ms / 1000)} s` : duration(ms);
};
