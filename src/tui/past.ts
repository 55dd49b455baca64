/** The last snapshots, to step back through while the screen is paused. */
import type { Observed } from '../host/observed.ts';
import type { HostSnapshot } from '../host/snapshot.ts';
import type { Captured } from './captured.ts';
import { flashed, type State } from './model.ts';

const MOST = 60;
// Neighbours share what did not change. What a snapshot has of its own is counted in objects, of some five hundred bytes each.
const MOST_OBJECTS = 20_000;
// A list that has changed in one place is another list, of as many references: so many of them cost what an object does.
const REFERENCES = 64;

/** The kept snapshots with one more, the oldest first; one in which nothing is new is not another. */
export const remembered = (past: readonly Captured[], captured: Captured): readonly Captured[] => {
  const newest = past.at(-1);
  if (newest !== undefined && isSame(newest.host, captured.host)) return past;
  const kept = [...past, captured].slice(-MOST);
  let objects = 0;
  let from = kept.length - 1;
  // The newest is there whatever it costs: it is on the screen.
  while (from > 0) {
    objects += ownObjects(kept[from - 1], kept[from]);
    if (objects > MOST_OBJECTS) break;
    from -= 1;
  }
  return kept.slice(from);
};

/** Where the shown snapshot stands: how many newer ones there are, how many older, and how far back that is. */
export const placeInPast = ({
  past,
  shown,
}: Pick<State, 'past' | 'shown'>): {
  readonly newer: number;
  readonly older: number;
  readonly seconds: number;
} => {
  const newest = past.at(-1);
  if (shown === null || newest === undefined) return { newer: 0, older: 0, seconds: 0 };
  const found = past.findLastIndex(({ host }) => isSame(host, shown.host));
  // It may have been pushed out by what came since.
  const index = Math.max(0, found);
  const ms = newest.receivedAt - (past[index] ?? newest).receivedAt;
  return { newer: past.length - 1 - index, older: index, seconds: Math.max(0, Math.round(ms / 1000)) };
};

/** Whether the paused screen shows what is no longer the newest. */
export const isPast = (state: State): boolean => state.paused && placeInPast(state).newer > 0;

/** One snapshot back or forth; to step back pauses the screen. */
export const stepped = (state: State, by: -1 | 1): State => {
  if (by > 0 && !state.paused) return flashed(state, 'this is the newest; < steps back');
  const { older, newer } = placeInPast(state);
  if (by < 0 && older === 0) return flashed(state, 'there is no older picture', 'warn');
  if (by > 0 && newer === 0) return flashed(state, 'this is the newest; p goes on');
  const shown = state.past[older + by];
  if (shown === undefined) return state;
  // What was newest when the screen was paused is found again at the end.
  return { ...state, paused: true, shown, behind: state.behind ?? (newer === 0 ? state.shown : null) };
};

/** The screen goes on, with the newest there is. */
export const resumed = (state: State): State => ({
  ...state,
  paused: false,
  shown: state.behind ?? (isPast(state) ? (state.past.at(-1) ?? state.shown) : state.shown),
  behind: null,
});

function isSame(a: HostSnapshot, b: HostSnapshot): boolean {
  if (a === b) return true;
  const names = Object.keys({ ...a.facets, ...b.facets }) as (keyof HostSnapshot['facets'])[];
  return names.every((name) => a.facets[name] === b.facets[name]);
}

// The one before is always the same one: snapshots are only taken away from the old end.
const counted = new WeakMap<Captured, number>();

function ownObjects(before: Captured | undefined, captured: Captured | undefined): number {
  if (captured === undefined) return 0;
  const known = counted.get(captured);
  if (known !== undefined) return known;
  let objects = 0;
  for (const [name, fact] of Object.entries(captured.host.facets)) {
    const old = before?.host.facets[name as keyof HostSnapshot['facets']];
    if (old === fact) continue;
    const shared = new Set(itemsOf(old));
    const items = itemsOf(fact);
    objects += 1 + items.length / REFERENCES + items.filter((item) => !shared.has(item)).length;
  }
  counted.set(captured, objects);
  return objects;
}

function itemsOf(fact: Observed<unknown> | undefined): readonly unknown[] {
  const value = fact?.state === 'seen' ? fact.value : undefined;
  const hasItems = typeof value === 'object' && value !== null && 'items' in value;
  return hasItems && Array.isArray(value.items) ? value.items : [];
}
