/** Reads the spec of the container that the detail pane shows; the newest wish wins. */
import type { DetailSource } from '../host/feed.ts';
import { unknown } from '../host/observed.ts';
import { wantedBody } from './detail.ts';
import type { Program } from './program.ts';

export interface BodyLoader {
  /** Reads the shown one again. */
  readonly reload: () => void;
  readonly stop: () => void;
}

// Holding an arrow key down must not ask for every container on the way.
const SETTLE_MS = 150;

export const createBodyLoader = (program: Program, details: DetailSource): BodyLoader => {
  let wanted: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const load = async (wish: NonNullable<ReturnType<typeof wantedBody>>): Promise<void> => {
    program.send({ type: 'bodyAsked', key: wish.key });
    const startedAt = Date.now();
    const body = await details.body({ namespace: wish.namespace, id: wish.id }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      return unknown('failed', 'container spec', why, new Date().toISOString(), Date.now() - startedAt);
    });
    if (wanted === wish.key) program.send({ type: 'bodyCame', key: wish.key, body });
  };
  const look = (): void => {
    const wish = wantedBody(program.state());
    if (wish?.key === wanted) return;
    wanted = wish?.key;
    clearTimeout(timer);
    if (wish !== undefined) timer = setTimeout(() => void load(wish), SETTLE_MS);
  };
  const unsubscribe = program.subscribe(look);
  return {
    reload: () => {
      wanted = undefined;
      look();
    },
    stop: () => {
      clearTimeout(timer);
      unsubscribe();
    },
  };
};
