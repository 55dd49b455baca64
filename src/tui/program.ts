/** The running state: happenings go in, listeners hear of changes, effects and timers are seen to. */
import { type Effect, type Happening, initialState, type Start, type State } from './model.ts';
import { reduce } from './state.ts';
import { nextTick } from './status.ts';

export interface Program {
  readonly state: () => State;
  readonly subscribe: (listener: () => void) => () => void;
  readonly send: (happening: Happening) => void;
  /** Ends its timer; nothing is heard of it any more. */
  readonly stop: () => void;
}

export const createProgram = (
  first: Start,
  run: (effect: Effect) => void,
  clock: () => number = Date.now,
): Program => {
  let state = initialState(first, clock());
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const listeners = new Set<() => void>();
  const schedule = (): void => {
    clearTimeout(timer);
    const ms = nextTick(state);
    if (ms !== undefined) timer = setTimeout(() => send({ type: 'tick' }), ms);
  };
  const send = (happening: Happening): void => {
    if (stopped) return;
    const step = reduce(state, happening, clock());
    state = step.state;
    schedule();
    for (const listener of [...listeners]) listener();
    for (const effect of step.effects) run(effect);
  };
  schedule();
  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      listeners.clear();
    },
  };
};
