/** Every key, as data: the dispatcher, the help and the footer all read this table. */
import { VIEWS } from './views.ts';

export type Command =
  | 'down'
  | 'up'
  | 'pageDown'
  | 'pageUp'
  | 'first'
  | 'last'
  | 'fold'
  | 'open'
  | 'close'
  | 'enter'
  | 'escape'
  | 'nextPane'
  | 'nextTab'
  | 'previousTab'
  | 'summary'
  | 'chain'
  | 'why'
  | 'owner'
  | 'users'
  | 'events'
  | 'raw'
  | 'filter'
  | 'palette'
  | 'views'
  | 'sortMenu'
  | 'reverse'
  | 'sortNext'
  | 'sortPrevious'
  | 'problems'
  | 'lastView'
  | 'back'
  | 'refresh'
  | 'pause'
  | 'stepBack'
  | 'stepForth'
  | 'faster'
  | 'slower'
  | 'copy'
  | 'mark'
  | 'export'
  | 'copyRow'
  | 'mouse'
  | 'help'
  | 'suspend'
  | 'themes'
  | 'save'
  | 'info'
  | 'quit'
  | 'interrupt'
  | 'accept'
  | 'complete'
  | 'older'
  | 'newer'
  | `view:${string}`;

/** Where a key works: on the panes, in an overlay, while typing a line, or everywhere. */
export type Scope = 'panes' | 'overlay' | 'line' | 'all';

export interface Binding {
  readonly keys: readonly string[];
  readonly scope: readonly Scope[];
  readonly command: Command;
  readonly words: string;
  readonly group: 'Move' | 'Find' | 'Look' | 'Screen' | 'While typing';
  /** In the footer, in one word. */
  readonly hint?: string;
}

export const BINDINGS: readonly Binding[] = [
  bind('down', ['j', 'down'], 'Move', 'down', ['panes', 'overlay']),
  bind('up', ['k', 'up'], 'Move', 'up', ['panes', 'overlay']),
  bind('pageDown', ['pagedown', 'ctrl-f'], 'Move', 'a page down', ['panes', 'overlay']),
  bind('pageUp', ['pageup', 'ctrl-b'], 'Move', 'a page up', ['panes', 'overlay']),
  bind('first', ['g', 'home'], 'Move', 'to the first', ['panes', 'overlay']),
  bind('last', ['G', 'end'], 'Move', 'to the last', ['panes', 'overlay']),
  bind(
    'fold',
    ['space'],
    'Move',
    'in a tree open or close the branch; else mark the row, or take the mark away',
    ['panes'],
    'open',
  ),
  bind('open', ['right'], 'Move', 'open the branch; into it', ['panes']),
  bind('close', ['left'], 'Move', 'close the branch; out of it', ['panes']),
  bind('nextPane', ['tab', 'shift-tab'], 'Move', 'to the other pane', ['panes'], 'pane'),
  bind('enter', ['enter'], 'Move', 'drill in', ['panes', 'overlay']),
  bind('escape', ['esc', 'backspace'], 'Move', 'close, clear the filter or the marks, or go back', [
    'panes',
    'overlay',
  ]),
  ...VIEWS.flatMap((v) =>
    v.digit === null
      ? []
      : [bind(`view:${v.name}`, [v.digit], 'Move', `${v.heading.toLowerCase()} view`, ['panes'])],
  ),
  bind('views', ['f2'], 'Move', 'all views', ['panes', 'overlay']),
  bind('lastView', ['-'], 'Move', 'the view before this one', ['panes']),
  bind('back', ['ctrl-o'], 'Move', 'back to where you drilled in', ['panes']),

  bind(
    'filter',
    ['/'],
    'Find',
    'filter: text, re:EXPR, !text, -f fuzzy, ns=… image~…, -l k=v',
    ['panes'],
    'filter',
  ),
  bind(
    'palette',
    [':', 'ctrl-p'],
    'Find',
    'command: a view, ns NAME, sort KEY, …',
    ['panes', 'overlay'],
    'command',
  ),
  bind('problems', ['z'], 'Find', 'problems only', ['panes'], 'problems'),
  bind('sortMenu', ['s'], 'Find', 'sort by …', ['panes'], 'sort'),
  bind('reverse', ['R'], 'Find', 'reverse the order', ['panes']),
  bind('sortPrevious', ['shift-left'], 'Find', 'sort by the column to the left', ['panes']),
  bind('sortNext', ['shift-right'], 'Find', 'sort by the column to the right', ['panes']),

  bind('previousTab', ['['], 'Look', 'previous tab of the details', ['panes']),
  bind('nextTab', [']'], 'Look', 'next tab of the details', ['panes'], 'tab'),
  bind('summary', ['d'], 'Look', 'describe the row', ['panes']),
  bind('raw', ['y', 'i'], 'Look', 'the row as YAML', ['panes']),
  bind('chain', ['x'], 'Look', 'the chain of the container through the layers', ['panes'], 'chain'),
  bind('events', ['l'], 'Look', 'what was heard of it: its events', ['panes'], 'events'),
  bind('owner', ['o'], 'Look', 'go to what it comes from or belongs to', ['panes'], 'owner'),
  bind('users', ['u'], 'Look', 'go to what uses it', ['panes'], 'used by'),
  bind('copy', ['c'], 'Look', 'copy its id or name', ['panes'], 'copy'),
  bind('copyRow', ['C'], 'Look', 'copy the whole row, or the marked rows', ['panes']),
  bind('export', ['ctrl-s'], 'Look', 'write the view, or the marked rows, to a file', ['panes']),

  bind('refresh', ['r', 'ctrl-r'], 'Screen', 'read again now', ['panes']),
  bind('pause', ['p'], 'Screen', 'pause the screen', ['panes']),
  bind('stepBack', ['<'], 'Screen', 'pause, and one picture back', ['panes']),
  bind('stepForth', ['>'], 'Screen', 'while paused, one picture forth', ['panes']),
  bind('faster', ['+'], 'Screen', 'draw new data more often', ['panes']),
  bind('slower', ['_'], 'Screen', 'draw new data less often', ['panes']),
  bind('mouse', ['m'], 'Screen', 'mouse on or off; off lets the terminal select, as does Shift-drag', [
    'panes',
  ]),
  bind('help', ['?', 'f1'], 'Screen', 'this help', ['panes', 'overlay'], 'help'),
  bind('suspend', ['ctrl-z'], 'Screen', 'suspend', ['all']),
  bind('quit', ['q'], 'Screen', 'quit', ['panes', 'overlay'], 'quit'),
  bind('quit', ['f10'], 'Screen', 'quit', ['all']),
  bind('interrupt', ['ctrl-c'], 'Screen', 'quit at once', ['all']),

  bind('accept', ['enter'], 'While typing', 'keep the filter; run the command', ['line']),
  bind('escape', ['esc'], 'While typing', 'clear and close', ['line']),
  bind('complete', ['tab'], 'While typing', 'complete the command', ['line']),
  bind('older', ['up'], 'While typing', 'the command before; the row above', ['line']),
  bind('newer', ['down'], 'While typing', 'the command after; the row below', ['line']),
];

/** What a key does in a scope. */
export const commandFor = (key: string, scope: Exclude<Scope, 'all'>): Command | undefined =>
  BY_KEY.get(`${scope} ${key}`);

const BY_KEY: ReadonlyMap<string, Command> = new Map(
  BINDINGS.flatMap((b) =>
    b.keys.flatMap((key) =>
      (b.scope.includes('all') ? (['panes', 'overlay', 'line'] as const) : b.scope).map(
        (scope) => [`${scope} ${key}`, b.command] as const,
      ),
    ),
  ),
);

/** A key as people write it: `Ctrl-P`, `Shift-←`, `PgDn`. */
export const keyLabel = (key: string): string => {
  const [, modifiers = '', name = key] = /^((?:ctrl-|alt-|shift-)*)(.+)$/.exec(key) ?? [];
  const label = LABELS[name] ?? (/^f\d+$/.test(name) || modifiers !== '' ? name.toUpperCase() : name);
  return modifiers.replace(/(\w+)-/g, (_, m: string) => `${m.charAt(0).toUpperCase()}${m.slice(1)}-`) + label;
};

const LABELS: Readonly<Record<string, string>> = {
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  pageup: 'PgUp',
  pagedown: 'PgDn',
  home: 'Home',
  end: 'End',
  enter: 'Enter',
  esc: 'Esc',
  space: 'Space',
  tab: 'Tab',
  backspace: 'Backspace',
};

function bind(
  command: Command,
  keys: readonly string[],
  group: Binding['group'],
  words: string,
  scope: readonly Scope[],
  hint?: string,
): Binding {
  return { keys, scope, command, words, group, ...(hint === undefined ? {} : { hint }) };
}
