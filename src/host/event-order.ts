/** Events of several streams on one clock, and the last of them kept. Time is always an argument. */
import { compareTimes, type HostEvent } from './event.ts';

/** Holds events back for a moment, so that a stream that is a little slower can still get in front. */
export interface Reorder {
  push(event: HostEvent, nowMs: number): void;
  /** Events that have waited long enough, and all that happened before them, earliest first; ties as they came. */
  take(nowMs: number): HostEvent[];
  /** When there will be some to take; undefined while none is held. */
  dueAt(): number | undefined;
  /** All that are held. */
  flush(): HostEvent[];
}

/** @param windowMs how long an event is held */
export const createReorder = (windowMs: number): Reorder => {
  // By time; those of one time in the order in which they came.
  let held: { readonly event: HostEvent; readonly due: number }[] = [];
  return {
    push: (event, nowMs) => {
      let place = held.length;
      while (place > 0 && isAfter(held[place - 1]?.event, event)) place -= 1;
      held.splice(place, 0, { event, due: nowMs + windowMs });
    },
    take: (nowMs) => {
      const last = held.findLastIndex(({ due }) => due <= nowMs);
      const taken = held.slice(0, last + 1);
      if (last >= 0) held = held.slice(last + 1);
      return taken.map(({ event }) => event);
    },
    dueAt: () => held.reduce<number | undefined>((least, { due }) => Math.min(least ?? due, due), undefined),
    flush: () => {
      const all = held.map(({ event }) => event);
      held = [];
      return all;
    },
  };
};

/** The newest events up to a number of them. */
export interface EventRing {
  add(event: HostEvent): void;
  /** Oldest first; the same array until another is added. */
  list(): readonly HostEvent[];
}

// An event that is later than this many others stays where it came: its clock is not ours.
const MOST_STEPS = 64;

export const createEventRing = (limit: number): EventRing => {
  let events: HostEvent[] = [];
  let listed: readonly HostEvent[] | undefined;
  return {
    add: (event) => {
      const least = Math.max(0, events.length - MOST_STEPS);
      let place = events.length;
      while (place > least && isAfter(events[place - 1], event)) place -= 1;
      if (least > 0 && place === least && isAfter(events[least - 1], event)) place = events.length;
      events.splice(place, 0, event);
      // Cut now and then and not each time, which would move all of them for every one.
      if (events.length >= 2 * limit) events = events.slice(-limit);
      listed = undefined;
    },
    list: () => {
      listed ??= events.slice(-limit);
      return listed;
    },
  };
};

function isAfter(one: HostEvent | undefined, other: HostEvent): boolean {
  return one !== undefined && compareTimes(one.at, other.at) > 0;
}
