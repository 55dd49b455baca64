/** Reads why the object that the detail pane shows is still here, again when anything is made or removed. */
import type { DetailSource } from '../host/feed.ts';
import { unknown } from '../host/observed.ts';
import type { Thing } from '../host/relations.ts';
import type { FacetName } from '../host/snapshot.ts';
import { tabOf } from './detail.ts';
import { thingOf } from './jump.ts';
import { listingOf, selectedRow } from './listing.ts';
import { createLoader, type Loader, type Wish } from './loader.ts';
import type { State } from './model.ts';
import { isPast } from './past.ts';
import type { Program } from './program.ts';

// Who holds anything, and what there is to be held.
const HOLDERS: readonly FacetName[] = [
  'containerd.images',
  'containerd.containers',
  'containerd.leases',
  'containerd.snapshots',
  'containerd.content',
  'docker.containers',
];

export interface WhyWish extends Wish {
  readonly thing: Thing;
}

/** The object that the detail pane is asked about. Of a picture of the past nothing is read: holders are those of now. */
export const wantedWhy = (state: State): WhyWish | undefined => {
  const listing = listingOf(state);
  const row = selectedRow(state, listing);
  if (listing.state !== 'listed' || row === undefined || tabOf(state, listing.view) !== 'Why')
    return undefined;
  const thing = thingOf(listing.view.kind.name, listing.table.item(row));
  if (thing === undefined || isPast(state)) return undefined;
  const { facets } = listing.host;
  return {
    key: listing.table.key(row),
    thing,
    ...(state.paused ? {} : { basis: HOLDERS.map((name) => facets[name]) }),
  };
};

export const createWhyLoader = (program: Program, details: DetailSource): Loader =>
  createLoader(program, wantedWhy, async ({ key, thing }, isWanted) => {
    program.send({ type: 'whyAsked', key });
    const startedAt = Date.now();
    const why = await details.why(thing).catch((error: unknown) => {
      const words = error instanceof Error ? error.message : String(error);
      return unknown(
        'failed',
        "containerd's records",
        words,
        new Date().toISOString(),
        Date.now() - startedAt,
      );
    });
    if (isWanted()) program.send({ type: 'whyCame', key, why });
  });
