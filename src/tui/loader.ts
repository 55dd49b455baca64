/** Reads what the detail pane shows and no snapshot holds; the newest wish wins. */
import type { State } from './model.ts';
import type { Program } from './program.ts';

export interface Loader {
  /** Reads the shown one again. */
  readonly reload: () => void;
  readonly stop: () => void;
}

// Holding an arrow key down must not ask for every container on the way.
const SETTLE_MS = 150;

/**
 * @param wanted what is to be read in a state; another key is another wish
 * @param load reads it; what it brings is for nobody when `isWanted` says no
 */
export const createLoader = <Wish extends { readonly key: string }>(
  program: Program,
  wanted: (state: State) => Wish | undefined,
  load: (wish: Wish, isWanted: () => boolean) => Promise<void>,
): Loader => {
  let current: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const wish = wanted(program.state());
    if (wish?.key === current) return;
    current = wish?.key;
    clearTimeout(timer);
    if (wish !== undefined) timer = setTimeout(() => void load(wish, () => current === wish.key), SETTLE_MS);
  };
  const unsubscribe = program.subscribe(look);
  return {
    reload: () => {
      current = undefined;
      look();
    },
    stop: () => {
      clearTimeout(timer);
      unsubscribe();
    },
  };
};
