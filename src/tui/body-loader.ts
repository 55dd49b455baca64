/** Reads the spec of the container that the detail pane shows. */
import type { DetailSource } from '../host/feed.ts';
import { unknown } from '../host/observed.ts';
import { wantedBody } from './detail.ts';
import { createLoader, type Loader } from './loader.ts';
import type { Program } from './program.ts';

export const createBodyLoader = (program: Program, details: DetailSource): Loader =>
  createLoader(program, wantedBody, async (wish, isWanted) => {
    program.send({ type: 'bodyAsked', key: wish.key });
    const startedAt = Date.now();
    const body = await details.body({ namespace: wish.namespace, id: wish.id }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      return unknown('failed', 'container spec', why, new Date().toISOString(), Date.now() - startedAt);
    });
    if (isWanted()) program.send({ type: 'bodyCame', key: wish.key, body });
  });
