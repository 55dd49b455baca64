/** The views: which kinds are listed, under which digit and name. A view that is not built has no entry. */
import { type AnyKind, kindNamed } from '../host/kinds/index.ts';
import type { FacetName } from '../host/snapshot.ts';

export type ViewName =
  | 'tasks'
  | 'images'
  | 'content'
  | 'snapshots'
  | 'leases'
  | 'namespaces'
  | 'plugins'
  | 'ingests'
  | 'sandboxes';

export interface View {
  readonly name: ViewName;
  /** The key that opens it, where it has one. */
  readonly digit: string | null;
  readonly tab: string;
  /** Above the list. */
  readonly heading: string;
  /** Other words for it in the palette. */
  readonly aliases: readonly string[];
  readonly kind: AnyKind;
  /** Columns that come first and always stay: how a row is recognised. */
  readonly lead: readonly string[];
  /** The detail pane can show the OCI spec of a row. */
  readonly hasSpec: boolean;
  /** Enter narrows everything to the row's namespace instead of opening its details. */
  readonly narrows: boolean;
}

export const VIEWS: readonly View[] = [
  view(
    'tasks',
    '3',
    'containers',
    ['status', 'name', 'id'],
    ['containers', 'container', 'task', 'ps', 'c', 't'],
    'Containers',
  ),
  view('images', '5', 'images', ['name'], ['image', 'img', 'i']),
  view('content', '6', 'content', ['digest'], ['blobs', 'blob', 'layers']),
  view('snapshots', '7', 'snapshots', ['name'], ['snapshot', 'snap']),
  view('leases', '8', 'leases', ['id'], ['lease']),
  view('namespaces', null, 'namespaces', ['name'], ['namespace']),
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
    ...VIEWS.flatMap((v) => v.kind.wants),
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

function view(
  name: ViewName,
  digit: string | null,
  kindName: string,
  lead: readonly string[],
  aliases: readonly string[],
  heading?: string,
): View {
  const kind = kindNamed(kindName);
  if (kind === undefined) throw new Error(`there is no kind ${kindName}`);
  const tab = name.charAt(0).toUpperCase() + name.slice(1);
  return {
    name,
    digit,
    tab,
    heading: heading ?? tab,
    aliases,
    kind,
    lead,
    hasSpec: kindName === 'containers',
    narrows: kindName === 'namespaces',
  };
}
