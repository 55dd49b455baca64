/** The menus that the keys open: which views, orders and themes there are, and which is the present one. */
import { listingOf } from './listing.ts';
import { listState, type MenuEntry, type State } from './model.ts';
import { THEMES } from './theme.ts';
import { VIEWS } from './views.ts';

/** All views, with their digits. */
export const viewMenu = (state: State): State['overlay'] => {
  const entries: readonly MenuEntry[] = VIEWS.map((v) => ({
    label: v.tab,
    words: [v.digit ?? '', v.heading === v.tab ? '' : v.heading.toLowerCase()]
      .filter((w) => w !== '')
      .join(' · '),
    command: v.name,
  }));
  return { kind: 'menu', title: 'Views', entries, index: VIEWS.findIndex((v) => v.name === state.view) };
};

/** The columns of the list that is shown; null where there is no list. */
export const sortMenu = (state: State): State['overlay'] => {
  const listing = listingOf(state);
  if (listing.state !== 'listed') return null;
  const { sort } = listState(state);
  const entries: readonly MenuEntry[] = [
    { label: 'as listed', words: 'namespace, then name', command: 'sort none' },
    ...listing.table.columns.map((c) => ({
      label: c.title.toLowerCase(),
      words: c.id === sort?.column ? (sort.reverse ? '▼' : '▲') : '',
      command: `sort ${c.id}`,
    })),
  ];
  const index = 1 + listing.table.columns.findIndex((c) => c.id === sort?.column);
  return { kind: 'menu', title: 'Sort by', entries, index };
};

/** All themes. */
export const themeMenu = (state: State): State['overlay'] => {
  const entries: readonly MenuEntry[] = THEMES.map((name) => ({
    label: name,
    words: name === state.theme ? 'now' : '',
    command: `theme ${name}`,
  }));
  return { kind: 'menu', title: 'Themes', entries, index: THEMES.indexOf(state.theme) };
};
