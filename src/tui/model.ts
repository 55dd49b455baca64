/** What the UI knows at one moment, what can happen to it, and what it then asks the outside to do. */
import type { Chain } from '../host/chain.ts';
import type { ContainerBody } from '../host/containerd.ts';
import type { HostEvent } from '../host/event.ts';
import type { Comparison, WhyText } from '../host/feed.ts';
import type { Absent, Observed, Unknown } from '../host/observed.ts';
import type { Thing } from '../host/relations.ts';
import type { HostSnapshot } from '../host/snapshot.ts';
import type { Captured } from './captured.ts';
import type { ExportFormat } from './exporter.ts';
import type { InputEvent } from './input.ts';
import type { Pane, Size } from './layout.ts';
import type { Draft } from './line-edit.ts';
import type { Sort } from './order.ts';
import { FASTEST_MS } from './pace.ts';
import type { Style } from './spans.ts';
import type { ThemeName } from './theme.ts';
import type { TabName, ViewName } from './views.ts';

/** How one view's list stands; kept while another view is shown. */
export interface ListState {
  readonly filter: string;
  readonly sort: Sort | null;
  /** The selected row's key, so that the selection stays on its object; null before there was a row. */
  readonly selected: string | null;
  /** Its place in the list, for when the object goes. */
  readonly index: number;
  /** The first visible place. */
  readonly top: number;
  /** Keys of the marked rows. */
  readonly marked: ReadonlySet<string>;
  /** By key, the branches of a tree that somebody has opened or closed. */
  readonly folds: ReadonlyMap<string, boolean>;
  /** The order whose end is selected: in a view that follows, the next one's end will be. Null when it is not followed. */
  readonly followed: readonly number[] | null;
}

export type Connection =
  | { readonly state: 'waiting' }
  | { readonly state: 'live' }
  | { readonly state: 'lost'; readonly why: string; readonly retryAt: number }
  /** The feed is over; nothing will come any more. */
  | { readonly state: 'ended'; readonly why: string };

/** The container whose spec is shown or on its way. */
export type Body =
  | { readonly state: 'loading'; readonly key: string; readonly since: number }
  | { readonly state: 'here'; readonly key: string; readonly body: Observed<ContainerBody> };

/** The container whose chain is shown or on its way; `key` changes with what is known of it, `object` does not. */
export type ChainView =
  | { readonly state: 'loading'; readonly key: string; readonly object: string; readonly since: number }
  | {
      readonly state: 'here';
      readonly key: string;
      readonly object: string;
      readonly chain: Observed<Chain>;
    };

/** Of the row with this key: why it is still here, or that this is on its way. */
export type WhyView =
  | { readonly state: 'loading'; readonly key: string; readonly since: number }
  | { readonly state: 'here'; readonly key: string; readonly why: Observed<WhyText> };

/** Docker beside containerd, as the picture that it was made from; what was read stays until what is new is there. */
export type ComparisonView =
  | { readonly state: 'loading'; readonly since: number }
  | { readonly state: 'here'; readonly captured: Captured }
  | { readonly state: 'failed'; readonly cause: Absent | Unknown };

export type MenuEntry = {
  readonly label: string;
  readonly words: string;
} & (
  | {
      /** The palette's command that it stands for; an empty one closes the menu. */
      readonly command: string;
    }
  /** The object that it leads to. */
  | { readonly jump: Thing; readonly tab?: TabName }
);

export type Overlay =
  /** A page of text in the panes' place. */
  | { readonly kind: 'help' | 'info'; readonly top: number }
  | {
      readonly kind: 'menu';
      readonly title: string;
      readonly entries: readonly MenuEntry[];
      readonly index: number;
    };

export interface Prompt {
  readonly kind: 'filter' | 'palette';
  readonly draft: Draft;
  /** Place in the history, counted from the newest; -1 is the draft itself. */
  readonly past: number;
  /** What was wrong with the last command. */
  readonly complaint: string | null;
}

export interface Flash {
  readonly text: string;
  readonly style: Style;
  readonly until: number;
}

/** What Esc and Ctrl-O lead back to. */
export interface Place {
  readonly view: ViewName;
  readonly namespace: string | null;
}

/** Where files are written. */
export interface Places {
  /** The configuration; null where there is no home. */
  readonly config: string | null;
  /** The directory of exported views. */
  readonly exports: string;
}

export interface State {
  readonly size: Size;
  readonly title: { readonly host: string; readonly address: string };
  readonly theme: ThemeName;
  /** Whether the terminal is to have colours; without them the theme is `mono` and stays it. */
  readonly colours: boolean;
  readonly places: Places;
  /** Milliseconds by our own clock. */
  readonly now: number;
  readonly startedAt: number;
  readonly shown: Captured | null;
  /** What arrived while the screen was paused. */
  readonly behind: Captured | null;
  readonly paused: boolean;
  /** Earlier snapshots and the newest, the oldest first. */
  readonly past: readonly Captured[];
  /** New data is drawn at most this often, in milliseconds. */
  readonly pace: number;
  readonly connection: Connection;
  readonly view: ViewName;
  /** Where one was before, the latest last. */
  readonly trail: readonly Place[];
  readonly lists: Readonly<Partial<Record<ViewName, ListState>>>;
  /** Only this containerd namespace is shown. */
  readonly namespace: string | null;
  readonly problemsOnly: boolean;
  readonly focus: Pane;
  readonly tab: TabName;
  readonly detailTop: number;
  readonly overlay: Overlay | null;
  readonly prompt: Prompt | null;
  /** Palette commands, the newest first. */
  readonly history: readonly string[];
  readonly body: Body | null;
  readonly chain: ChainView | null;
  readonly why: WhyView | null;
  readonly comparison: ComparisonView | null;
  readonly flash: Flash | null;
  readonly mouse: boolean;
  /** When and on which row the mouse was last pressed. */
  readonly click: { readonly at: number; readonly index: number } | null;
  /** What we ourselves cost, in percent of one core and in bytes. */
  readonly self: { readonly cpuPercent: number; readonly rss: number } | null;
}

export type Happening =
  | { readonly type: 'resized'; readonly size: Size }
  | { readonly type: 'snapshot'; readonly host: HostSnapshot; readonly events?: readonly HostEvent[] }
  | { readonly type: 'lost'; readonly why: string; readonly retryInMs: number }
  | { readonly type: 'ended'; readonly why: string }
  | { readonly type: 'tick' }
  | { readonly type: 'input'; readonly event: InputEvent }
  | { readonly type: 'bodyAsked'; readonly key: string }
  | { readonly type: 'bodyCame'; readonly key: string; readonly body: Observed<ContainerBody> }
  | { readonly type: 'chainAsked'; readonly key: string; readonly object: string }
  | { readonly type: 'chainCame'; readonly key: string; readonly chain: Observed<Chain> }
  | { readonly type: 'whyAsked'; readonly key: string }
  | { readonly type: 'whyCame'; readonly key: string; readonly why: Observed<WhyText> }
  | { readonly type: 'comparisonAsked' }
  | { readonly type: 'comparisonCame'; readonly comparison: Observed<Comparison> }
  | { readonly type: 'measured'; readonly cpuPercent: number; readonly rss: number }
  | { readonly type: 'said'; readonly text: string; readonly style: Style };

/** What the reducer cannot do itself. */
export type Effect =
  | { readonly do: 'quit'; readonly code: number }
  | { readonly do: 'refresh' }
  | { readonly do: 'suspend' }
  /** Writes the current view into a file. */
  | { readonly do: 'export'; readonly format: ExportFormat }
  /** Writes theme and orders into the configuration file. */
  | { readonly do: 'save' }
  | { readonly do: 'copy'; readonly text: string; readonly what: string }
  | { readonly do: 'mouse'; readonly on: boolean }
  | { readonly do: 'pace'; readonly ms: number }
  /** Reads what the details show of the selected container again. */
  | { readonly do: 'reloadBody' };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Another state, and nothing to be done outside. */
export const only = (state: State): Step => ({ state, effects: [] });

export const NEW_LIST: ListState = {
  filter: '',
  sort: null,
  selected: null,
  index: 0,
  top: 0,
  marked: new Set(),
  folds: new Map(),
  followed: null,
};

const FLASH_MS = 4000;

/** The state with a message that goes by itself. */
export const flashed = (state: State, text: string, style: Style = 'strong'): State => ({
  ...state,
  flash: { text, style, until: state.now + FLASH_MS },
});

export const listState = (state: State): ListState => state.lists[state.view] ?? NEW_LIST;

/** What is decided before the first picture. */
export type Start = Pick<State, 'size' | 'title'> &
  Partial<Pick<State, 'theme' | 'colours' | 'places' | 'lists'>>;

export const initialState = (start: Start, now: number): State => ({
  theme: 'default',
  colours: true,
  places: { config: null, exports: '.' },
  lists: {},
  ...start,
  now,
  startedAt: now,
  shown: null,
  behind: null,
  paused: false,
  past: [],
  pace: FASTEST_MS,
  connection: { state: 'waiting' },
  view: 'tasks',
  trail: [],
  namespace: null,
  problemsOnly: false,
  focus: 'list',
  tab: 'Summary',
  detailTop: 0,
  overlay: null,
  prompt: null,
  history: [],
  body: null,
  chain: null,
  why: null,
  comparison: null,
  flash: null,
  mouse: true,
  click: null,
  self: null,
});
