import type { Feed, FeedItem } from '../../src/host/feed.ts';
import { KINDS } from '../../src/host/kinds/index.ts';
import { items as listed } from '../../src/host/kinds/listing.ts';
import type { FacetName, HostSnapshot } from '../../src/host/snapshot.ts';
import { unknownOfKind } from '../../src/host/unknown-entries.ts';
import { until } from '../lab/until.ts';

/** Somebody who listens to a feed and keeps what it says. */
export type Follower = AsyncDisposable & {
  /** All items, with the moment at which each came, by performance.now(). */
  readonly items: readonly { readonly item: FeedItem; readonly at: number }[];
  /** The newest picture. */
  readonly host: () => HostSnapshot | undefined;
  /** The newest item, once it is a picture for which the condition holds. */
  readonly picture: (what: string, holds: (host: HostSnapshot) => boolean) => Promise<HostSnapshot>;
  /** The first item since a moment that is of a kind. */
  readonly next: (
    kind: FeedItem['kind'],
    since: number,
  ) => Promise<{ readonly item: FeedItem; readonly at: number }>;
};

export const follow = (feed: Feed): Follower => {
  const items: { readonly item: FeedItem; readonly at: number }[] = [];
  let failure: unknown;
  let host: HostSnapshot | undefined;
  const ended = (async () => {
    for await (const item of feed) {
      items.push({ item, at: performance.now() });
      if (item.kind === 'snapshot') ({ host } = item);
    }
  })().catch((error: unknown) => {
    failure = error;
  });
  const check = (): void => {
    if (failure !== undefined) throw failure;
  };
  return {
    items,
    host: () => host,
    picture: async (what, holds) => {
      try {
        return await until(what, () => {
          check();
          const last = items.at(-1)?.item;
          return last?.kind === 'snapshot' && holds(last.host) ? last.host : undefined;
        });
      } catch (error) {
        throw new Error(
          `${String(error)}\n${items
            .slice(-5)
            .map(({ item, at }) => saying(item, at))
            .join('\n')}`,
        );
      }
    },
    next: (kind, since) =>
      until(`the feed says ${kind}`, () => {
        check();
        return items.find(({ item, at }) => at >= since && item.kind === kind);
      }),
    [Symbol.asyncDispose]: async () => {
      await feed.close();
      await ended;
    },
  };
};

const saying = (item: FeedItem, at: number): string => {
  if (item.kind === 'lost') return `${at.toFixed(0)} lost: ${item.why}`;
  const events = (item.recentEvents ?? []).slice(-5).map(({ at: when, type }) => `${type} ${when}`);
  const tasks = listed(item.host, 'containerd.tasks').map(({ id, status }) => `${id} ${status.state}`);
  return `${at.toFixed(0)} picture of ${item.host.at}: tasks ${tasks}; ${events.join(', ')}`;
};

/** Everything that the kinds show, as facets. */
export const wantsOf = (prefix: string): readonly FacetName[] => [
  ...new Set(KINDS.flatMap(({ wants }) => wants).filter((name) => name.startsWith(prefix))),
];

/** The JSON items of every kind, or of some, and what is unknown of them. */
export const itemsOf = (
  host: HostSnapshot,
  names: readonly string[] = KINDS.map(({ name }) => name),
): Record<string, unknown> =>
  Object.fromEntries(
    KINDS.filter(({ name }) => names.includes(name)).map((kind) => [
      kind.name,
      {
        items: kind.use((k) => k.rows(host).map((row) => k.item(row))),
        unknown: unknownOfKind(host, kind).map(({ source, state }) => `${source} ${state}`),
      },
    ]),
  );
