/** How fresh the picture is: connected, stale, paused, disconnected. */
import { screenText } from './foreign.ts';
import type { State } from './model.ts';
import { countdown } from './notice.ts';
import type { Line } from './spans.ts';
import { textLine } from './spans.ts';
import { wrapWords } from './wrap.ts';

// Data of this age is called stale though nothing was said to be wrong: five times the usual interval.
const STALE_AFTER_MS = 10_000;
const BANNER_ROWS = 3;

/** Seconds since the shown data came. */
export const ageSeconds = (state: State): number =>
  state.shown === null ? 0 : Math.max(0, Math.floor((state.now - state.shown.receivedAt) / 1000));

/** Whether a bundle or a disk is shown: it is old on purpose, and its title says what it is. */
export const isRecorded = (state: State): boolean => state.shown !== null && state.shown.host.from !== 'live';

/** Whether what is shown may no longer be true. A paused screen is old on purpose. */
export const isStale = (state: State): boolean =>
  state.shown !== null &&
  !isRecorded(state) &&
  (state.connection.state === 'lost' ||
    state.connection.state === 'ended' ||
    (!state.paused && state.now - state.shown.receivedAt >= staleAfter(state)));

// What waits to be drawn, because the user wants it seldom, is not what is missing.
function staleAfter({ pace }: State): number {
  return STALE_AFTER_MS + pace;
}

/** What stands above the panes while there is data but no connection. */
export const bannerLines = (state: State, cells: number): readonly Line[] => {
  const { connection } = state;
  if (state.shown === null || (connection.state !== 'lost' && connection.state !== 'ended')) return [];
  const retry =
    connection.state === 'ended'
      ? 'no more data will come'
      : `retry in ${countdown(connection.retryAt, state.now)}`;
  const all = wrapWords(`✗ disconnected, ${retry} — ${screenText(connection.why)}`, cells - 4);
  const kept =
    all.length > BANNER_ROWS ? [...all.slice(0, BANNER_ROWS - 1), `${all[BANNER_ROWS - 1]} …`] : all;
  return kept.map((text, i) => textLine(i === 0 ? ` ${text}` : `   ${text}`, 'bad'));
};

/** Milliseconds until something on the screen that counts time changes; undefined when nothing does. */
export const nextTick = (state: State): number | undefined => {
  const isCounting =
    state.shown === null ||
    isStale(state) ||
    state.flash !== null ||
    (state.body?.state === 'loading' && state.tab === 'Spec') ||
    (state.chain?.state === 'loading' && state.tab === 'Chain') ||
    (state.why?.state === 'loading' && state.tab === 'Why') ||
    (state.comparison?.state === 'loading' && state.view === 'reconcile');
  if (isCounting) return 1000;
  return state.paused || isRecorded(state)
    ? undefined
    : Math.max(1000, state.shown.receivedAt + staleAfter(state) - state.now);
};
