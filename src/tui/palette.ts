/** The palette's commands: a view's name, `ns NAME`, `sort COLUMN`, `theme NAME`, and words for some keys. */
import { type Thing, thingsCalled } from '../host/relations.ts';
import { nearest } from '../text/nearest.ts';
import { unknownTheme } from './config-file.ts';
import { EXPORT_FORMATS, type ExportFormat } from './exporter.ts';
import type { Command } from './keys.ts';
import { type Listing, listingOf } from './listing.ts';
import type { State } from './model.ts';
import { THEMES, type ThemeName, themeNamed } from './theme.ts';
import { VIEWS, type View, type ViewName, viewCalled, viewNamed } from './views.ts';

/** What a palette line asks for. */
export type Order =
  | { readonly kind: 'view'; readonly view: ViewName }
  | { readonly kind: 'namespace'; readonly namespace: string | null }
  | { readonly kind: 'sort'; readonly column: string | null; readonly reverse: boolean }
  | { readonly kind: 'export'; readonly format: ExportFormat }
  | { readonly kind: 'owner'; readonly things: readonly Thing[] }
  | { readonly kind: 'why'; readonly things: readonly Thing[] }
  | { readonly kind: 'theme'; readonly theme: ThemeName }
  | { readonly kind: 'key'; readonly command: Command }
  | { readonly kind: 'wrong'; readonly why: string };

/** Understands a line; a wrong one says what was most likely meant. */
export const parseOrder = (text: string, state: State): Order => {
  const [word = '', ...rest] = text.trim().split(/\s+/);
  const argument = rest.join(' ');
  const name = word.toLowerCase();
  if (name === 'ns' || name === 'namespace') return namespaceOrder(argument, state);
  if (name === 'sort') return sortOrder(rest, state);
  if (name === 'export' && argument !== '') return exportOrder(argument);
  if (name === 'owner' && argument !== '') return ownerOrder(argument, state);
  if (name === 'why' && argument !== '') return whyOrder(argument, state);
  if (name === 'theme' && argument !== '') return themeOrder(argument);
  const view = viewCalled(name);
  if (view !== undefined) return { kind: 'view', view: view.name };
  const command = KEY_WORDS[name];
  if (command !== undefined) return { kind: 'key', command };
  return { kind: 'wrong', why: `unknown command “${word}”${suggestion(name, [...WORDS, ...ALIASES])}` };
};

/** Whole lines that the typed one may become, the likeliest first. */
export const completions = (text: string, state: State): readonly string[] => {
  const argument = /^\s*([a-z]+)\s+(.*)$/.exec(text);
  const choices = ARGUMENTS[argument?.[1] ?? ''];
  if (argument !== null && choices !== undefined) {
    const [, verb = '', begun = ''] = argument;
    return choices(state)
      .filter((choice) => choice.startsWith(begun.toLowerCase()))
      .map((choice) => `${verb} ${choice}`);
  }
  const begun = text.trim().toLowerCase();
  if (begun === '') return FIRST_WORDS;
  const offered = WORDS.filter((word) => word.startsWith(begun));
  return offered.length > 0 ? offered : ALIASES.filter((word) => word.startsWith(begun));
};

// The verbs that take an argument, and what may follow them.
const ARGUMENTS: Readonly<Record<string, (state: State) => readonly string[]>> = {
  ns: (state) => ['all', ...namespaceNames(state)],
  namespace: (state) => ['all', ...namespaceNames(state)],
  sort: (state) => columnIds(listingOf(state)),
  theme: () => THEMES,
  export: () => EXPORT_FORMATS,
};

const KEY_WORDS: Readonly<Record<string, Command>> = {
  quit: 'quit',
  q: 'quit',
  help: 'help',
  refresh: 'refresh',
  pause: 'pause',
  problems: 'problems',
  mouse: 'mouse',
  copy: 'copy',
  back: 'back',
  theme: 'themes',
  save: 'save',
  info: 'info',
  chain: 'chain',
  why: 'why',
  owner: 'owner',
  export: 'export',
  mark: 'mark',
  users: 'users',
};

// Offered before anything is typed: the views in their order, then what takes an argument.
const FIRST_WORDS: readonly string[] = [...VIEWS.map((v) => v.name), 'ns ', 'sort ', 'theme ', 'export '];
const WORDS: readonly string[] = [
  ...FIRST_WORDS,
  ...Object.keys(KEY_WORDS).filter((word) => word.length > 1 && !(word in ARGUMENTS)),
];
// Understood, and offered only when nothing else fits.
const ALIASES: readonly string[] = VIEWS.flatMap((v) => v.aliases).filter((word) => word.length > 1);

function namespaceOrder(argument: string, state: State): Order {
  if (argument === '' || argument === 'all' || argument === '-')
    return { kind: 'namespace', namespace: null };
  const names = namespaceNames(state);
  if (names.includes(argument)) return { kind: 'namespace', namespace: argument };
  return { kind: 'wrong', why: `no namespace “${argument}”${suggestion(argument, names)}` };
}

function sortOrder([word = '', direction = '']: readonly string[], state: State): Order {
  const ids = columnIds(listingOf(state));
  const column = word.toLowerCase();
  if (column === 'none') return { kind: 'sort', column: null, reverse: false };
  if (ids.includes(column)) return { kind: 'sort', column, reverse: direction.startsWith('d') };
  const what = word === '' ? 'sort by what?' : `no column “${word}”${suggestion(column, ids)}`;
  return { kind: 'wrong', why: `${what} — there are: ${ids.join(', ')}` };
}

function ownerOrder(word: string, state: State): Order {
  const things = state.shown === null ? [] : thingsCalled(state.shown.host, word);
  return things.length > 0
    ? { kind: 'owner', things }
    : { kind: 'wrong', why: `nothing here is called “${word}”` };
}

// A container, too, may be called so: it holds, and is held by nothing but itself.
function whyOrder(word: string, state: State): Order {
  const order = ownerOrder(word, state);
  if (order.kind !== 'owner') return order;
  const things = order.things.filter(({ kind }) => VIEWS.some((v) => v.kind.name === kind && hasWhy(v)));
  return things.length > 0
    ? { kind: 'why', things }
    : { kind: 'wrong', why: `“${word}” is a container: why is asked of ${whyViews()}` };
}

const hasWhy = ({ tabs }: View): boolean => tabs.includes('Why');

/** Whose objects can be asked why they are here. */
export const whyViews = (): string =>
  VIEWS.filter(hasWhy)
    .map((v) => v.heading.toLowerCase())
    .join(', ')
    .replace(/, (?=[^,]*$)/, ' and ');

function exportOrder(word: string): Order {
  const format = EXPORT_FORMATS.find((name) => name === word.toLowerCase());
  return format === undefined
    ? { kind: 'wrong', why: `no export as “${word}”; there are ${EXPORT_FORMATS.join(', ')}` }
    : { kind: 'export', format };
}

function themeOrder(word: string): Order {
  const theme = themeNamed(word);
  return theme === undefined ? { kind: 'wrong', why: unknownTheme(word) } : { kind: 'theme', theme };
}

function columnIds(listing: Listing): readonly string[] {
  return listing.state === 'listed' ? listing.table.columns.map((c) => c.id) : [];
}

function namespaceNames(state: State): readonly string[] {
  if (state.shown === null) return [];
  const table = viewNamed('namespaces').table(state.shown);
  return Array.from({ length: table.count }, (_, row) => table.id(row));
}

function suggestion(word: string, candidates: readonly string[]): string {
  const meant = nearest(
    word,
    candidates.map((c) => c.trim()),
  );
  return meant === undefined ? '' : `; did you mean “${meant}”?`;
}
