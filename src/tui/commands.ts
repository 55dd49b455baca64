/** What each command makes of the state. */
import { type Thing, thingKey } from '../host/relations.ts';
import { escapeText } from '../text/escape.ts';
import { count } from '../text/units.ts';
import { rowsYaml, rowYaml, tabOf } from './detail.ts';
import { closed, opened, toggled } from './folding.ts';
import { cellText } from './foreign.ts';
import { detailPane, frameOf, listPane, listRows, paneRows } from './frame.ts';
import {
  containerOf,
  follow,
  followFrom,
  isOnlyDockers,
  jumpTo,
  onlyDockers,
  selectedComparison,
} from './jump.ts';
import type { Command } from './keys.ts';
import { draftOf, EMPTY_DRAFT } from './line-edit.ts';
import { type Listed, listingOf, selectedRow } from './listing.ts';
import { eventFilter } from './lists/event-list.ts';
import { markedRows, toggledMark } from './marked.ts';
import { sortMenu, themeMenu, viewMenu } from './menus.ts';
import { flashed, type ListState, listState, type MenuEntry, only, type State, type Step } from './model.ts';
import { faster, paceText, slower } from './pace.ts';
import { type Order, parseOrder, whyViews } from './palette.ts';
import { resumed, stepped } from './past.ts';
import type { ThemeName } from './theme.ts';
import { acceptPrompt, completePrompt, recall } from './typing.ts';
import { type TabName, type ViewName, viewNamed } from './views.ts';

export const runCommand = (state: State, command: Command): Step => {
  if (command.startsWith('view:')) return only(openView(state, command.slice('view:'.length) as ViewName));
  return COMMANDS[command as PlainCommand](state);
};

/** What a line of the palette, or an entry of a menu, makes of the state. */
export const runOrder = (state: State, order: Order): Step => {
  switch (order.kind) {
    case 'view':
      return only(openView(state, order.view));
    case 'namespace':
      return only(narrow(state, order.namespace, state.view));
    case 'sort':
      return only(
        sortBy(state, order.column === null ? null : { column: order.column, reverse: order.reverse }),
      );
    case 'export':
      return { state, effects: [{ do: 'export', format: order.format }] };
    case 'owner':
      return only(ownerOf(state, order.things));
    case 'why':
      return only(whyOf(state, order.things));
    case 'theme':
      return only(dressed(state, order.theme));
    case 'key':
      return runCommand(state, order.command);
    case 'wrong':
      return only(flashed(state, order.why, 'warn'));
  }
};

type PlainCommand = Exclude<Command, `view:${string}`>;

const COMMANDS: Readonly<Record<PlainCommand, (state: State) => Step>> = {
  down: (s) => only(move(s, 1)),
  up: (s) => only(move(s, -1)),
  pageDown: (s) => only(move(s, page(s))),
  pageUp: (s) => only(move(s, -page(s))),
  first: (s) => only(move(s, -Infinity)),
  last: (s) => only(move(s, Infinity)),
  fold: (s) => only(isTree(s) ? folded(s, toggled) : mark(s)),
  events: (s) => only(eventsOf(s)),
  open: (s) => only(folded(s, opened)),
  close: (s) => only(folded(s, closed)),
  enter,
  escape: (s) => only(closeOrBack(s)),
  nextPane: (s) => only({ ...s, focus: s.focus === 'list' ? 'detail' : 'list' }),
  nextTab: (s) => only(turnTab(s, 1)),
  previousTab: (s) => only(turnTab(s, -1)),
  summary: (s) => only(showTab(s, 'Summary')),
  raw: (s) => only(showTab(s, 'Raw')),
  chain: (s) => only(showChain(s)),
  why: (s) => only(showWhy(s)),
  owner: (s) => only(follow(s, 'owner')),
  users: (s) => only(follow(s, 'users')),
  filter: (s) =>
    only({
      ...s,
      focus: 'list',
      prompt: { kind: 'filter', draft: draftOf(listState(s).filter), past: -1, complaint: null },
    }),
  palette: (s) =>
    only({ ...s, overlay: null, prompt: { kind: 'palette', draft: EMPTY_DRAFT, past: -1, complaint: null } }),
  views: (s) => only({ ...s, overlay: viewMenu(s) }),
  sortMenu: (s) => only({ ...s, overlay: sortMenu(s) }),
  reverse: (s) => only(reverse(s)),
  sortNext: (s) => only(sortBeside(s, 1)),
  sortPrevious: (s) => only(sortBeside(s, -1)),
  problems: (s) => only(withList({ ...s, problemsOnly: !s.problemsOnly }, { index: 0 })),
  lastView: (s) => only(swap(s)),
  back: (s) => only(back(s)),
  refresh: (s) => ({ state: s, effects: [{ do: 'refresh' }, { do: 'reloadBody' }] }),
  pause: (s) => only(s.paused ? resumed(s) : { ...s, paused: true }),
  stepBack: (s) => only(stepped(s, -1)),
  stepForth: (s) => only(stepped(s, 1)),
  faster: (s) => paced(s, faster(s.pace)),
  slower: (s) => paced(s, slower(s.pace)),
  copy: (s) => copy(s, 'id'),
  copyRow: (s) => copy(s, 'row'),
  mark: (s) => only(mark(s)),
  export: (s) => ({ state: s, effects: [{ do: 'export', format: 'yaml' }] }),
  mouse: (s) => {
    const words = s.mouse ? 'mouse off — select freely; m turns it on again' : 'mouse on';
    return { state: { ...flashed(s, words), mouse: !s.mouse }, effects: [{ do: 'mouse', on: !s.mouse }] };
  },
  help: (s) => only({ ...s, overlay: s.overlay?.kind === 'help' ? null : { kind: 'help', top: 0 } }),
  themes: (s) => only({ ...s, overlay: themeMenu(s) }),
  save: (s) => ({ state: s, effects: [{ do: 'save' }] }),
  info: (s) => only({ ...s, overlay: { kind: 'info', top: 0 } }),
  suspend: (s) => ({ state: s, effects: [{ do: 'suspend' }] }),
  quit: (s) => ({ state: s, effects: [{ do: 'quit', code: 0 }] }),
  interrupt: (s) => ({ state: s, effects: [{ do: 'quit', code: 130 }] }),
  accept: (s) => acceptPrompt(s, runOrder),
  complete: (s) => only(completePrompt(s)),
  older: (s) => only(s.prompt?.kind === 'palette' ? recall(s, s.prompt, 1) : move(s, -1)),
  newer: (s) => only(s.prompt?.kind === 'palette' ? recall(s, s.prompt, -1) : move(s, 1)),
};

/** Moves in what has the keys: the overlay, the list, or the details. */
export const move = (state: State, by: number): State => {
  if (state.overlay !== null && state.overlay.kind !== 'menu')
    return { ...state, overlay: { ...state.overlay, top: shifted(state.overlay.top, by) } };
  if (state.overlay !== null) {
    const last = state.overlay.entries.length - 1;
    return {
      ...state,
      overlay: { ...state.overlay, index: Math.min(shifted(state.overlay.index, by), last) },
    };
  }
  if (state.focus === 'detail' && state.prompt === null) {
    // The reducer stops it at the end.
    return { ...state, detailTop: shifted(state.detailTop, by) };
  }
  const listing = listingOf(state);
  if (listing.state !== 'listed') return state;
  return select(state, Math.min(shifted(listState(state).index, by), listing.order.length - 1));
};

/** Selects the row at a place of the list. */
export const select = (state: State, index: number): State => {
  const listing = listingOf(state);
  const row = listing.state === 'listed' ? listing.order[index] : undefined;
  if (listing.state !== 'listed' || row === undefined) return state;
  const selected = listing.table.key(row);
  const moved = selected === listState(state).selected ? state : { ...state, detailTop: 0 };
  return withList(moved, { index, selected });
};

/** The state with parts of the current view's list changed. */
export const withList = (state: State, change: Partial<ListState>): State => ({
  ...state,
  lists: { ...state.lists, [state.view]: { ...listState(state), ...change } },
});

/** Another order: whoever sorts wants to see what comes first. */
export const sortBy = (state: State, sort: ListState['sort']): State =>
  withList({ ...state, detailTop: 0 }, { sort, selected: null, index: 0, top: 0 });

function folded(state: State, change: (list: ListState, listing: Listed) => Partial<ListState>): State {
  const listing = listingOf(state);
  if (listing.state !== 'listed' || state.focus !== 'list') return state;
  const changed = change(listState(state), listing);
  // Another row: its details from their beginning, as for any that is gone to.
  return withList('selected' in changed ? { ...state, detailTop: 0 } : state, changed);
}

// Numbers stay finite: Infinity is where End wants to go, the last place is where it arrives.
function shifted(from: number, by: number): number {
  return Math.max(0, Math.min(from + by, Number.MAX_SAFE_INTEGER));
}

function page(state: State): number {
  const layout = frameOf(state);
  if (state.overlay !== null) return Math.max(1, layout.height - 4);
  if (state.focus === 'detail') return Math.max(1, paneRows(detailPane(layout)) - 1);
  return Math.max(1, listRows(listPane(layout), listingOf(state)) - 1);
}

function enter(state: State): Step {
  const { overlay } = state;
  if (overlay !== null && overlay.kind !== 'menu') return only({ ...state, overlay: null });
  if (overlay !== null) {
    const entry = overlay.entries[overlay.index];
    const closed: State = { ...state, overlay: null };
    if (entry === undefined) return only(closed);
    if ('jump' in entry) return only(arrived(closed, entry.jump, entry.tab));
    return entry.command === '' ? only(closed) : runOrder(closed, parseOrder(entry.command, closed));
  }
  const listing = listingOf(state);
  const row = selectedRow(state, listing);
  if (listing.state !== 'listed' || row === undefined) return only(state);
  if (state.focus === 'list' && listing.view.narrows)
    return only(narrow(state, listing.table.id(row), 'tasks'));
  return only({ ...state, focus: 'detail' });
}

function closeOrBack(state: State): State {
  if (state.prompt?.kind === 'filter') return withList({ ...state, prompt: null }, { filter: '' });
  if (state.prompt !== null) return { ...state, prompt: null };
  if (state.overlay !== null) return { ...state, overlay: null };
  if (listState(state).filter !== '') return withList(state, { filter: '' });
  if (listState(state).marked.size > 0) return withList(state, { marked: new Set() });
  if (state.focus === 'detail') return { ...state, focus: 'list' };
  return back(state);
}

const LONGEST_TRAIL = 50;

function openView(state: State, view: ViewName): State {
  return view === state.view ? { ...state, focus: 'list' } : goTo(state, view, state.namespace);
}

function narrow(state: State, namespace: string | null, view: ViewName): State {
  if (namespace === state.namespace && view === state.view) return state;
  return goTo(state, view, namespace);
}

function goTo(state: State, view: ViewName, namespace: string | null): State {
  const here = { view: state.view, namespace: state.namespace };
  const trail = [...state.trail, here].slice(-LONGEST_TRAIL);
  return { ...state, view, namespace, trail, focus: 'list', detailTop: 0 };
}

function back(state: State): State {
  const last = state.trail.at(-1);
  if (last === undefined) return state;
  return { ...state, ...last, trail: state.trail.slice(0, -1), focus: 'list', detailTop: 0 };
}

function swap(state: State): State {
  const last = state.trail.at(-1);
  if (last === undefined) return state;
  const here = { view: state.view, namespace: state.namespace };
  return { ...state, ...last, trail: [...state.trail.slice(0, -1), here], focus: 'list', detailTop: 0 };
}

function turnTab(state: State, by: 1 | -1): State {
  const view = viewNamed(state.view);
  const { tabs } = view;
  const at = tabs.indexOf(tabOf(state, view));
  return { ...state, tab: tabs[(at + by + tabs.length) % tabs.length] ?? 'Summary', detailTop: 0 };
}

/** Shows a tab of the details, and the details themselves where only one pane fits. */
export const showTab = (state: State, tab: TabName): State => {
  const isHidden = frameOf(state).arrangement === 'single';
  return { ...state, tab, detailTop: 0, focus: isHidden ? 'detail' : state.focus };
};

// Of several that have the name, which one is asked.
function ownerOf(state: State, things: readonly Thing[]): State {
  const [thing, ...others] = things;
  if (thing === undefined || others.length === 0)
    return thing === undefined ? state : followFrom(state, 'owner', thing);
  return choice(state, things);
}

function whyOf(state: State, things: readonly Thing[]): State {
  const [thing, ...others] = things;
  if (thing === undefined || others.length > 0) return choice(state, things, 'Why');
  return arrived(state, thing, 'Why');
}

function choice(state: State, things: readonly Thing[], tab?: TabName): State {
  const entries = things.map(
    (t): MenuEntry => ({
      label: cellText(t.id),
      words: `${t.kind} · ${cellText(t.namespace)}`,
      jump: t,
      ...(tab === undefined ? {} : { tab }),
    }),
  );
  return { ...state, overlay: { kind: 'menu', title: 'Which of them', entries, index: 0 } };
}

// At the object, and at one of its tabs where one was asked for: not where the object could not be shown.
function arrived(state: State, thing: Thing, tab: TabName | undefined): State {
  const there = jumpTo(state, thing);
  const isThere =
    viewNamed(there.view).kind.name === thing.kind && listState(there).selected === thingKey(thing);
  return tab !== undefined && isThere ? showTab(there, tab) : there;
}

function showWhy(state: State): State {
  return viewNamed(state.view).tabs.includes('Why')
    ? showTab(state, 'Why')
    : flashed(state, `why is asked of ${whyViews()}`, 'warn');
}

function showChain(state: State): State {
  const compared = selectedComparison(state);
  if (compared !== undefined && isOnlyDockers(state, compared))
    return flashed(state, onlyDockers(compared), 'warn');
  const container = compared === undefined ? undefined : containerOf(state, compared);
  if (container !== undefined) return arrived(state, container, 'Chain');
  return viewNamed(state.view).tabs.includes('Chain')
    ? showTab(state, 'Chain')
    : flashed(state, 'a chain is of a container; o and u lead from here to those there are', 'warn');
}

function paced(state: State, ms: number): Step {
  const words = `new data is drawn at most every ${paceText(ms)}`;
  return { state: { ...flashed(state, words), pace: ms }, effects: [{ do: 'pace', ms }] };
}

function dressed(state: State, theme: ThemeName): State {
  return state.colours || theme === 'mono'
    ? { ...state, theme }
    : flashed(state, 'no colours are wanted here (NO_COLOR, --no-color or the terminal): mono stays', 'warn');
}

function reverse(state: State): State {
  const listing = listingOf(state);
  const { sort } = listState(state);
  if (listing.state !== 'listed') return state;
  const column = sort?.column ?? listing.table.columns.find((c) => c.leads && c.cut !== undefined)?.id;
  return column === undefined ? state : sortBy(state, { column, reverse: !(sort?.reverse ?? false) });
}

// The order of the kind itself stands between the last column and the first.
function sortBeside(state: State, by: 1 | -1): State {
  const listing = listingOf(state);
  if (listing.state !== 'listed') return state;
  const { sort } = listState(state);
  const ids = [null, ...listing.table.columns.map((c) => c.id)];
  const at = Math.max(0, ids.indexOf(sort?.column ?? null));
  const column = ids[(at + by + ids.length) % ids.length] ?? null;
  return sortBy(state, column === null ? null : { column, reverse: false });
}

function isTree(state: State): boolean {
  const listing = listingOf(state);
  return listing.state === 'listed' && listing.outline !== null;
}

// What was heard of the object; its view is then filtered by it.
function eventsOf(state: State): State {
  const listing = listingOf(state);
  const row = selectedRow(state, listing);
  if (listing.state !== 'listed' || row === undefined || state.view === 'events') return state;
  const there = openView(state, 'events');
  return withList(there, { filter: eventFilter(listing.table.id(row)), selected: null, index: 0, top: 0 });
}

// And on to the next, so that holding the key marks one after another.
function mark(state: State): State {
  const listing = listingOf(state);
  const row = selectedRow(state, listing);
  if (listing.state !== 'listed' || row === undefined) return state;
  const { marked } = listState(state);
  return move(
    withList({ ...state, focus: 'list' }, { marked: toggledMark(marked, listing.table.key(row)) }),
    1,
  );
}

function copy(state: State, what: 'id' | 'row'): Step {
  const listing = listingOf(state);
  const row = selectedRow(state, listing);
  if (listing.state !== 'listed' || row === undefined) return only(state);
  const { table, view } = listing;
  const marked = what === 'row' ? markedRows(state, listing) : [];
  if (marked.length > 0) {
    const text = rowsYaml(marked.map((m) => table.item(m)));
    return { state, effects: [{ do: 'copy', text, what: `${count(marked.length, 'marked row')} as YAML` }] };
  }
  // A name with a line break in it would run as a command where it is pasted.
  return what === 'id'
    ? { state, effects: [{ do: 'copy', text: escapeText(table.id(row)), what: escapeText(table.id(row)) }] }
    : {
        state,
        effects: [{ do: 'copy', text: rowYaml(table.item(row)), what: `the ${view.kind.singular} as YAML` }],
      };
}
