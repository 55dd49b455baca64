/** One picture of the host as the feed gave it, with what can only be told from more than one of them. */
import type { Ingest } from '../host/containerd.ts';
import type { HostEvent } from '../host/event.ts';
import type { Comparison } from '../host/feed.ts';
import type { Listing, Observed } from '../host/observed.ts';
import { facet, type HostSnapshot } from '../host/snapshot.ts';

export interface Captured {
  readonly host: HostSnapshot;
  /** When it came, by our own clock: the host's may be wrong. */
  readonly receivedAt: number;
  /** The newest events, oldest first; undefined where the feed has none to give, as that of a recording. */
  readonly events?: readonly HostEvent[];
  /** The reading of the ingests before this picture's: two of them make a rate. */
  readonly earlier?: Observed<Listing<Ingest>>;
  /** Of the picture that a comparison was made from: what it says. */
  readonly comparison?: Comparison;
}

// Between readings closer than this, the kernel's writes come and go by chance.
const LEAST_BETWEEN_MS = 500;

/** The picture that follows another; pictures share what was not read anew, and that is no second reading. */
export const capturedAfter = (
  before: Captured | null,
  host: HostSnapshot,
  events: readonly HostEvent[] | undefined,
  receivedAt: number,
): Captured => {
  const earlier = before === null ? undefined : earlierReading(before, host);
  return {
    host,
    receivedAt,
    ...(events === undefined ? {} : { events }),
    ...(earlier === undefined ? {} : { earlier }),
  };
};

function earlierReading(before: Captured, host: HostSnapshot): Captured['earlier'] {
  const last = facet(before.host, 'containerd.ingests');
  const ms = Date.parse(facet(host, 'containerd.ingests').at) - Date.parse(last.at);
  return ms >= LEAST_BETWEEN_MS ? last : before.earlier;
}
