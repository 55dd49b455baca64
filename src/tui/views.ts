/** The views: what is listed, under which digit and name. A view that is not built has no entry. */
import { kindNamed } from '../host/kinds/index.ts';
import type { FacetName } from '../host/snapshot.ts';
import type { Captured } from './captured.ts';
import { COMPARISON, comparisonSheet } from './lists/comparison-list.ts';
import { CONTENT_WANTS, contentSheet } from './lists/content-list.ts';
import { EVENTS, eventSheet } from './lists/event-list.ts';
import { IMAGE_WANTS, imageSheet } from './lists/image-tree.ts';
import { snapshotSheet } from './lists/snapshot-tree.ts';
import { type Sheet, type Table, tableFrom, tableOf, type ViewKind } from './table.ts';

export type ViewName =
  | 'tasks'
  | 'images'
  | 'content'
  | 'snapshots'
  | 'leases'
  | 'events'
  | 'namespaces'
  | 'plugins'
  | 'ingests'
  | 'sandboxes'
  | 'reconcile';

export type TabName = 'Summary' | 'Raw' | 'Chain' | 'Spec' | 'Why' | 'Evidence' | 'Unknown';

export interface View {
  readonly name: ViewName;
  /** The key that opens it, where it has one. */
  readonly digit: string | null;
  readonly tab: string;
  /** Above the list. */
  readonly heading: string;
  /** Other words for it in the palette. */
  readonly aliases: readonly string[];
  readonly kind: ViewKind;
  readonly table: (shown: Captured) => Table;
  /** Tabs of the detail pane. */
  readonly tabs: readonly TabName[];
  /** Enter narrows everything to the row's namespace instead of opening its details. */
  readonly narrows: boolean;
  /** It grows at its end: a selection there goes on to what is new. */
  readonly follows: boolean;
  /** It lists a comparison, which is made only while somebody looks at it. */
  readonly compares: boolean;
}

const HELD: readonly TabName[] = ['Summary', 'Raw', 'Why', 'Unknown'];

export const VIEWS: readonly View[] = [
  view(
    'tasks',
    '3',
    'containers',
    ['status', 'name', 'id'],
    ['containers', 'container', 'task', 'ps', 'c', 't'],
    { heading: 'Containers', tabs: ['Summary', 'Raw', 'Chain', 'Spec', 'Unknown'] },
  ),
  view('images', '5', 'images', ['name'], ['image', 'img', 'i'], {
    wants: IMAGE_WANTS,
    sheet: imageSheet,
    tabs: HELD,
  }),
  view('content', '6', 'content', ['digest'], ['blobs', 'blob', 'layers'], {
    wants: CONTENT_WANTS,
    sheet: contentSheet,
    tabs: HELD,
  }),
  view('snapshots', '7', 'snapshots', ['name'], ['snapshot', 'snap'], { sheet: snapshotSheet, tabs: HELD }),
  view('leases', '8', 'leases', ['id'], ['lease']),
  eventView('9', ['time', 'type'], ['event', 'ev']),
  comparisonView(['state', 'kind', 'name'], ['compare', 'comparison', 'agree']),
  view('namespaces', null, 'namespaces', ['name'], ['namespace'], { narrows: true }),
  view('plugins', null, 'plugins', ['status', 'id'], ['plugin']),
  view('ingests', null, 'ingests', ['ref'], ['ingest', 'pulls']),
  view('sandboxes', null, 'sandboxes', ['id'], ['sandbox', 'pods']),
];

/** Everything that the UI reads of a snapshot. */
export const TUI_WANTS: readonly FacetName[] = [
  ...new Set<FacetName>([
    'host.system',
    'containerd.version',
    'containerd.endpoint',
    // For the title, and for where Docker keeps its images and layers; read once, and again when Docker comes back.
    'docker.endpoint',
    ...VIEWS.flatMap((v) => (v.compares ? [] : v.kind.wants)),
  ]),
];

export const viewNamed = (name: ViewName): View => {
  const found = VIEWS.find((v) => v.name === name);
  if (found === undefined) throw new Error(`there is no view ${name}`);
  return found;
};

/** The view that a word in the palette means, by name or alias. */
export const viewCalled = (word: string): View | undefined =>
  VIEWS.find((v) => v.name === word || v.aliases.includes(word));

interface Special<Row> {
  readonly heading?: string;
  readonly tabs?: readonly TabName[];
  readonly narrows?: boolean;
  /** Where the screen shows more than the kind lists: what that takes, and how. */
  readonly wants?: readonly FacetName[];
  readonly sheet?: (shown: Captured) => Sheet<Row>;
}

// `lead` names the columns that come first and always stay: how a row is recognised.
function view<Row>(
  name: ViewName,
  digit: string | null,
  kindName: string,
  lead: readonly string[],
  aliases: readonly string[],
  { heading, tabs = ['Summary', 'Raw', 'Unknown'], narrows = false, wants, sheet }: Special<Row> = {},
): View {
  const kind = kindNamed(kindName);
  if (kind === undefined) throw new Error(`there is no kind ${kindName}`);
  const tab = titled(name);
  return {
    name,
    digit,
    tab,
    heading: heading ?? tab,
    aliases,
    kind: wants === undefined ? kind : { ...kind, wants },
    table: (shown) =>
      sheet === undefined ? tableOf(kind, lead, shown.host) : tableFrom(sheet(shown), lead, shown.host.at),
    tabs,
    narrows,
    follows: false,
    compares: false,
  };
}

function comparisonView(lead: readonly string[], aliases: readonly string[]): View {
  return {
    name: 'reconcile',
    digit: null,
    tab: titled('reconcile'),
    heading: titled('reconcile'),
    aliases,
    kind: COMPARISON,
    table: (shown) => tableFrom(comparisonSheet(shown), lead, shown.host.at),
    tabs: ['Evidence', 'Raw'],
    narrows: false,
    follows: false,
    compares: true,
  };
}

function eventView(digit: string, lead: readonly string[], aliases: readonly string[]): View {
  return {
    name: 'events',
    digit,
    tab: titled('events'),
    heading: titled('events'),
    aliases,
    kind: EVENTS,
    table: (shown) => tableFrom(eventSheet(shown), lead, shown.host.at),
    // All that there is of an event is the event.
    tabs: ['Raw'],
    narrows: false,
    follows: true,
    compares: false,
  };
}

function titled(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
