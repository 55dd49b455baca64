/** What the probes of content, snapshots and databases say alike. */
import type { Claim } from '../src/host/finding.ts';
import { items } from '../src/host/kinds/listing.ts';
import { openQuestion } from '../src/host/listing-gaps.ts';
import { seenValue } from '../src/host/observed.ts';
import { facet, type HostSnapshot, type ListingFacet } from '../src/host/snapshot.ts';
import { shellWord } from '../src/text/shell.ts';

/** Objects that have a finding each; of more, one finding tells. */
const EACH = 20;
const NAMED = 3;
const WELL_KNOWN = '/run/containerd/containerd.sock';
/** Lists of one host are read one after the other: what is younger than this may be in only one of them. */
const SETTLED_MS = 60_000;

/** A claim for each object, or one for all where they are many: their cause is one, and nobody reads a thousand. */
export const oneOrEach = <T>(
  found: readonly T[],
  each: (object: T) => Claim,
  all: (objects: readonly T[]) => Claim,
): Claim[] => (found.length <= EACH ? found.map(each) : [all(found)]);

/** `a, b, c and 4 more`. */
export const named = (names: readonly string[]): string => {
  const more = names.length - NAMED;
  return `${names.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

/** A command of ctr for the containerd of this host. */
export const ctr = (host: HostSnapshot, namespace: string, ...words: readonly string[]): string => {
  const address = seenValue(facet(host, 'containerd.endpoint'))?.address ?? WELL_KNOWN;
  const where = address === WELL_KNOWN ? [] : ['-a', address];
  return ['ctr', ...where, '-n', namespace, ...words].map(shellWord).join(' ');
};

/** The first of several questions that is open: then what is not in these lists may still be there. */
export const firstOpen = (
  host: HostSnapshot,
  names: readonly ListingFacet[],
  where?: Parameters<typeof openQuestion>[2],
): string | undefined =>
  names.map((name) => openQuestion(host, name, where)).find((why) => why !== undefined);

/**
 * Whether something was made so shortly before a list was read that the list may be without it. Only a recording keeps such
 * a moment: a live host is looked at again, and on a dead disk nothing moves.
 */
export const isFresh = (host: HostSnapshot, madeAt: string | null, readAt: string): boolean =>
  host.from === 'bundle' && madeAt !== null && Date.parse(readAt) - Date.parse(madeAt) < SETTLED_MS;

/** How sure a disagreement of two lists is: live it was looked at twice, on a dead disk nothing moves. */
export const sureness = (host: HostSnapshot): Claim['confidence'] =>
  host.from === 'bundle' ? 'likely' : 'certain';

/**
 * Why what databases record may be of another time than the files: their newest transaction is lost.
 * @param owner of the database: `metadata`, or a snapshotter; without it, any
 */
export const outdated = (host: HostSnapshot, owner?: string): string | undefined => {
  const found = items(host, 'metadata.databases').find(
    (database) =>
      (owner === undefined || database.owner === owner) && seenValue(database.file)?.salvaged === true,
  );
  return found && `${found.path} has lost its newest transaction: what it records may be gone since`;
};

/** Why something may be recorded though no record of it was found: what would have it is damaged. */
export const damagedRecords = (host: HostSnapshot): string | undefined => {
  const found = items(host, 'metadata.databases').find(({ owner }) => owner === 'metadata')?.file;
  const file = found && seenValue(found);
  return file === undefined || file.damage.length === 0
    ? outdated(host, 'metadata')
    : 'meta.db is damaged: it may have records that cannot be read';
};

/** Why nothing can be said to have no record: meta.db is not there, not read, new or damaged. */
export const noTestimony = (host: HostSnapshot): string | undefined => {
  const metadata = items(host, 'metadata.databases').find(({ owner }) => owner === 'metadata')?.file;
  if (metadata === undefined) return undefined;
  if (metadata.state === 'absent') return 'there is no meta.db that could have recorded the files';
  if (metadata.state === 'failed') return `meta.db may have recorded the files: ${metadata.why}`;
  const file = seenValue(metadata);
  if (file === undefined) return undefined;
  const doubt = damagedRecords(host);
  if (doubt !== undefined) return doubt;
  return file.version === null ? 'meta.db has no records at all; see meta-db-empty' : undefined;
};
