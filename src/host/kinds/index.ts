/** All kinds, by name. */
import { containers } from './containers.ts';
import { content } from './content.ts';
import { images } from './images.ts';
import { ingests } from './ingests.ts';
import type { Kind } from './kind.ts';
import { leases } from './leases.ts';
import { namespaces } from './namespaces.ts';
import { plugins } from './plugins.ts';
import { sandboxes } from './sandboxes.ts';
import { snapshots } from './snapshots.ts';
import { tasks } from './tasks.ts';

/** A kind whose row type is closed over: what can be done with any kind. */
export type AnyKind = { use<Result>(visitor: <Row>(kind: Kind<Row>) => Result): Result } & Pick<
  Kind<unknown>,
  'name' | 'singular' | 'facet' | 'wants' | 'reportedByRows' | 'whenEmpty'
>;

const close = <Row>(kind: Kind<Row>): AnyKind => ({
  name: kind.name,
  singular: kind.singular,
  facet: kind.facet,
  wants: kind.wants,
  ...(kind.reportedByRows === undefined ? {} : { reportedByRows: kind.reportedByRows }),
  whenEmpty: kind.whenEmpty,
  use: (visitor) => visitor(kind),
});

export const KINDS: readonly AnyKind[] = [
  close(namespaces),
  close(containers),
  close(tasks),
  close(images),
  close(content),
  close(ingests),
  close(snapshots),
  close(leases),
  close(plugins),
  close(sandboxes),
];

/** The kind by its plural or singular name, in any case. */
export const kindNamed = (word: string): AnyKind | undefined => {
  const name = word.toLowerCase();
  return KINDS.find((kind) => kind.name === name || kind.singular === name || `${kind.singular}s` === name);
};
