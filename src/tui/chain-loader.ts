/** Reads the chain of the container that the detail pane shows, again whenever its record or its task is another. */
import type { DetailSource } from '../host/feed.ts';
import { unknown } from '../host/observed.ts';
import type { HostSnapshot } from '../host/snapshot.ts';
import { tabOf } from './detail.ts';
import { listingOf, selectedRow } from './listing.ts';
import { createLoader, type Loader } from './loader.ts';
import type { State } from './model.ts';
import { isPast } from './past.ts';
import type { Program } from './program.ts';

export interface ChainWish {
  /** Another one as soon as the object, or what is known of it, is another. */
  readonly key: string;
  readonly object: string;
  readonly container: { readonly namespace: string; readonly id: string };
  readonly lists: HostSnapshot;
}

/** The chain that the detail pane needs. Of a picture of the past none is read: it would be half of now. */
export const wantedChain = (state: State): ChainWish | undefined => {
  const listing = listingOf(state);
  const row = selectedRow(state, listing);
  if (listing.state !== 'listed' || row === undefined || tabOf(state, listing.view) !== 'Chain')
    return undefined;
  if (isPast(state)) return undefined;
  const item = listing.table.item(row);
  const object = listing.table.key(row);
  const facts = JSON.stringify(item, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  const container = { namespace: String(item['namespace']), id: String(item['id']) };
  return { key: `${object} ${facts}`, object, container, lists: listing.host };
};

export const createChainLoader = (program: Program, details: DetailSource): Loader =>
  createLoader(program, wantedChain, async ({ key, object, container, lists }, isWanted) => {
    program.send({ type: 'chainAsked', key, object });
    const startedAt = Date.now();
    const chain = await details.chain(container, lists).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      return unknown('failed', 'container chain', why, new Date().toISOString(), Date.now() - startedAt);
    });
    if (isWanted()) program.send({ type: 'chainCame', key, chain });
  });
