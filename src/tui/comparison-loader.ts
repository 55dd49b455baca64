/** Compares Docker with containerd while somebody looks at the comparison, and not else: it takes Docker's files, too. */
import type { DetailSource } from '../host/feed.ts';
import { unknown } from '../host/observed.ts';
import type { FacetName } from '../host/snapshot.ts';
import { createLoader, type Loader, type Wish } from './loader.ts';
import type { State } from './model.ts';
import { isPast } from './past.ts';
import type { Program } from './program.ts';
import { isRecorded } from './status.ts';
import { viewNamed } from './views.ts';

// What says that something was made, removed, started or ended.
const SIGNS: readonly FacetName[] = [
  'containerd.containers',
  'containerd.tasks',
  'containerd.images',
  'containerd.leases',
  'containerd.snapshots',
  'docker.containers',
  'docker.endpoint',
];
// Who did not answer keeps a reading waiting, and is worth another one as soon as it does.
const ASKED: readonly FacetName[] = ['docker.endpoint', 'docker.containers', 'containerd.containers'];
// Docker's files may change without any of the lists: so often they are looked at anyway.
const FILES_MS = 30_000;

/** Whether a comparison is on the screen. A picture of the past has none: half of it would be of now. */
export const wantedComparison = (state: State): Wish | undefined => {
  if (!viewNamed(state.view).compares || state.shown === null || isPast(state)) return undefined;
  const { facets } = state.shown.host;
  const turn = isRecorded(state) ? 0 : Math.floor(state.now / FILES_MS);
  return {
    key: state.view,
    answering: ASKED.map((name) => facets[name]?.state ?? '').join(),
    ...(state.paused ? {} : { basis: [turn, ...SIGNS.map((name) => facets[name])] }),
  };
};

export const createComparisonLoader = (program: Program, details: DetailSource): Loader =>
  createLoader(program, wantedComparison, async (_, isWanted) => {
    program.send({ type: 'comparisonAsked' });
    const startedAt = Date.now();
    const comparison = await details.comparison().catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      return unknown('failed', 'Docker, containerd', why, new Date().toISOString(), Date.now() - startedAt);
    });
    if (isWanted()) program.send({ type: 'comparisonCame', comparison });
  });
