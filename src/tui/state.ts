/** The reducer: what a happening makes of the state, and what it asks the outside to do. Pure. */
import { capturedAfter } from './captured.ts';
import { runCommand } from './commands.ts';
import { detailLines } from './detail.ts';
import { detailPane, frameOf, listPane, listRows, paneCells, paneRows } from './frame.ts';
import type { InputEvent } from './input.ts';
import { commandFor } from './keys.ts';
import { scrolledTo } from './layout.ts';
import { type Listed, listingOf } from './listing.ts';
import { flashed, type Happening, type ListState, listState, only, type State, type Step } from './model.ts';
import { pageLines } from './page.ts';
import { remembered } from './past.ts';
import { point } from './pointer.ts';
import { editPrompt, insertIntoPrompt } from './typing.ts';

/** The state after something has happened at a time of our own clock. */
export const reduce = (state: State, happening: Happening, now: number): Step => {
  const step = apply({ ...state, now }, happening);
  return { ...step, state: settle(step.state, state) };
};

function apply(state: State, happening: Happening): Step {
  switch (happening.type) {
    case 'resized':
      return only({ ...state, size: happening.size });
    case 'snapshot': {
      const last = state.behind ?? state.shown;
      const captured = capturedAfter(last, happening.host, happening.events, state.now);
      const past = remembered(state.past, captured);
      const live: State = { ...state, past, connection: { state: 'live' } };
      return only(
        state.paused && state.shown !== null ? { ...live, behind: captured } : { ...live, shown: captured },
      );
    }
    case 'lost': {
      const { why, retryInMs } = happening;
      return only({ ...state, connection: { state: 'lost', why, retryAt: state.now + retryInMs } });
    }
    case 'ended':
      return only({ ...state, connection: { state: 'ended', why: happening.why } });
    case 'tick':
      return only(state);
    case 'input':
      return input(state, happening.event);
    case 'bodyAsked':
      return only({ ...state, body: { state: 'loading', key: happening.key, since: state.now } });
    case 'bodyCame':
      // An answer to a question that is no longer asked.
      if (state.body?.key !== happening.key) return only(state);
      return only({ ...state, body: { state: 'here', key: happening.key, body: happening.body } });
    case 'chainAsked': {
      const { key, object } = happening;
      // What was read of the same container stays until what is new is there.
      if (state.chain?.state === 'here' && state.chain.object === object)
        return only({ ...state, chain: { ...state.chain, key } });
      return only({ ...state, chain: { state: 'loading', key, object, since: state.now } });
    }
    case 'chainCame': {
      if (state.chain?.key !== happening.key) return only(state);
      const { key, object } = state.chain;
      return only({ ...state, chain: { state: 'here', key, object, chain: happening.chain } });
    }
    case 'whyAsked': {
      const { key } = happening;
      if (state.why?.state === 'here' && state.why.key === key) return only(state);
      return only({ ...state, why: { state: 'loading', key, since: state.now } });
    }
    case 'whyCame': {
      const { key, why } = happening;
      return only(state.why?.key === key ? { ...state, why: { state: 'here', key, why } } : state);
    }
    case 'comparisonAsked':
      return only(
        state.comparison?.state === 'here'
          ? state
          : { ...state, comparison: { state: 'loading', since: state.now } },
      );
    case 'comparisonCame': {
      const { comparison } = happening;
      if (comparison.state !== 'seen')
        return only({ ...state, comparison: { state: 'failed', cause: comparison } });
      const { host } = comparison.value;
      const captured = { host, receivedAt: state.now, comparison: comparison.value };
      return only({ ...state, comparison: { state: 'here', captured } });
    }
    case 'measured':
      return only({ ...state, self: steadied(state.self, happening) });
    case 'said':
      return only(flashed(state, happening.text, happening.style));
  }
}

// What we cost stands still until it really changes: else it alone would repaint the screen with every snapshot.
function steadied(shown: State['self'], measured: NonNullable<State['self']>): NonNullable<State['self']> {
  const { cpuPercent, rss } = measured;
  const isNear =
    shown !== null &&
    Math.abs(cpuPercent - shown.cpuPercent) < 1 &&
    Math.abs(rss - shown.rss) < shown.rss / 10;
  return isNear ? shown : { cpuPercent, rss };
}

function input(state: State, event: InputEvent): Step {
  switch (event.type) {
    case 'mouse':
      return point(state, event);
    case 'paste':
      // Pasted text is text: it never runs as keys.
      return only(state.prompt === null ? state : insertIntoPrompt(state, state.prompt, event.text));
    case 'key': {
      const scope = state.prompt !== null ? 'line' : state.overlay !== null ? 'overlay' : 'panes';
      const command = commandFor(event.name, scope);
      if (command !== undefined) return runCommand(state, command);
      return state.prompt === null ? only(state) : only(editPrompt(state, state.prompt, event));
    }
  }
}

// Whatever happened, the selection is on a row, the row is on the screen, and nothing is scrolled past its end.
function settle(state: State, before: State): State {
  const layout = frameOf(state);
  const listing = listingOf(state);
  let settled = state.flash !== null && state.now >= state.flash.until ? { ...state, flash: null } : state;
  if (listing.state === 'listed') {
    const isNewFilter = state.view === before.view && listState(state).filter !== listState(before).filter;
    const list = settleList(listState(state), listing, listRows(listPane(layout), listing), isNewFilter);
    settled = withList(settled, list);
  }
  const detail = detailPane(layout);
  if (settled.detailTop > 0) {
    const count = detailLines(settled, paneCells(detail)).length;
    settled = { ...settled, detailTop: clamp(settled.detailTop, count - paneRows(detail)) };
  }
  if (settled.overlay !== null && settled.overlay.kind !== 'menu') {
    const last = pageLines(settled, settled.overlay.kind).length - (layout.height - 2);
    settled = { ...settled, overlay: { ...settled.overlay, top: clamp(settled.overlay.top, last) } };
  }
  return settled;
}

function settleList(list: ListState, listing: Listed, height: number, isNewFilter: boolean): ListState {
  const { table, order, outline, view } = listing;
  const keyAt = (index: number): string | undefined => {
    const row = order[index];
    return row === undefined ? undefined : table.key(row);
  };
  // In another order than the one whose end was selected, the selection goes on to the end.
  const isFollowing =
    view.follows &&
    list.sort === null &&
    (list.selected === null || (list.followed !== null && list.followed !== order));
  // The object first, wherever it went; its place when it is gone.
  let index = isFollowing ? order.length - 1 : list.index;
  let { top } = list;
  if (!isFollowing && list.selected !== null && keyAt(index) !== list.selected) {
    const found = order.findIndex((row) => table.key(row) === list.selected);
    // Where what is above it comes and goes all the time, the rows stay where one reads them.
    if (found >= 0 && view.follows) top += found - index;
    index = found >= 0 ? found : index;
  }
  // Who looks for something new wants to see that, and not what only leads to it.
  if (isNewFilter && outline?.context.has(order[index] ?? -1) === true) {
    index = order.findIndex((row) => !outline.context.has(row));
  }
  index = clamp(index, order.length - 1);
  const isAtEnd = index >= order.length - 1;
  return {
    ...list,
    index,
    selected: keyAt(index) ?? list.selected,
    top: scrolledTo(index, top, height, order.length),
    followed: view.follows && list.sort === null && isAtEnd ? order : null,
  };
}

function withList(state: State, list: ListState): State {
  const old = listState(state);
  // Another row: its details from their beginning.
  const detailTop = old.selected === list.selected ? state.detailTop : 0;
  return { ...state, detailTop, lists: { ...state.lists, [state.view]: list } };
}

function clamp(value: number, last: number): number {
  return Math.max(0, Math.min(value, last));
}
