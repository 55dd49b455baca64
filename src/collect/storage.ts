/** The facts of one containerd's files, withheld as those of its API: each database is read once for all that is wanted of it. */
import { arch } from 'node:os';
import type { Image, Labels, Manifest } from '../host/containerd.ts';
import type { Disk } from '../host/disk.ts';
import type { NamespaceName } from '../host/ids.ts';
import {
  type Absent,
  absent,
  type Gap,
  isUnknown,
  type Listing,
  type Observed,
  seen,
  type Unknown,
  unknown,
} from '../host/observed.ts';
import type { FacetName, Facets, Scope } from '../host/snapshot.ts';
import type { Database, SnapshotRecord, SnapshotUsage } from '../host/storage.ts';
import type { FactName, MetadataFacts } from '../sources/metadata/facts.ts';
import type { MetadataAnswer } from '../sources/metadata/read.ts';
import type { StorageFiles } from './storage-files.ts';
import { bodyWithoutSecrets, imageWithoutSecrets, withoutSecretLabels } from './withhold.ts';

/** Manifests are many small files, and the disk may be slow. */
export const DEFAULT_DEADLINE_MS = 30_000;

/** Facets that come from a database as they are. */
type RecordFacet = Exclude<FactName, 'metadata.sandboxBodies'>;

/** All that a containerd's files tell. */
export type StorageFacet =
  | RecordFacet
  | 'containerd.manifests'
  | 'containerd.usage'
  | 'metadata.databases'
  | 'content.blobs'
  | 'content.ingests'
  | 'snapshot.directories';

export interface StorageRequest {
  readonly disk: Disk;
  readonly files: StorageFiles;
  readonly scope: Scope;
  /** What will be asked for: databases are read for all of it at once. */
  readonly wants: readonly FacetName[];
  readonly showSecrets: boolean;
  /** For manifests, which are many small files. */
  readonly deadlineMs: number;
}

export type StorageReaders = { readonly [K in StorageFacet]: () => Promise<Observed<Facets[K]>> };

const RECORDS: readonly RecordFacet[] = [
  'containerd.namespaces',
  'containerd.containers',
  'containerd.bodies',
  'containerd.images',
  'containerd.content',
  'containerd.ingests',
  'containerd.snapshots',
  'containerd.leases',
  'containerd.sandboxes',
  'containerd.leaseResources',
  'metadata.snapshots',
  'metadata.backends',
  'metadata.ingests',
];

export const STORAGE_FACETS: readonly StorageFacet[] = [
  ...RECORDS,
  'containerd.manifests',
  'containerd.usage',
  'metadata.databases',
  'content.blobs',
  'content.ingests',
  'snapshot.directories',
];

// What a facet is made of besides itself. All that is damaged in a database shows only when all of it is read.
const MADE_OF: Readonly<Partial<Record<FacetName, readonly RecordFacet[]>>> = {
  'containerd.manifests': ['containerd.images', 'containerd.content'],
  'containerd.usage': ['metadata.snapshots'],
  'metadata.databases': RECORDS,
};

/** How each facet is read of these files. */
export const storageReadersOf = (request: StorageRequest): StorageReaders => {
  const { disk, files, wants, showSecrets } = request;
  const shown = <T>(item: T, withhold: (item: T) => T): T => (showSecrets ? item : withhold(item));
  const labelled = <T extends { readonly labels: Labels }>(item: T): T => shown(item, withoutSecretLabels);
  const records = recordsOf(request, new Set(wants.flatMap((name) => [name, ...(MADE_OF[name] ?? [])])));
  const of =
    <K extends RecordFacet>(name: K, show: (item: ItemOf<K>) => ItemOf<K>) =>
    async (): Promise<Observed<Facets[K]>> =>
      mapped(await records(name), show) as Observed<Facets[K]>;
  const same = <T>(item: T): T => item;

  return {
    'containerd.namespaces': of('containerd.namespaces', labelled),
    'containerd.containers': of('containerd.containers', labelled),
    'containerd.bodies': of('containerd.bodies', (body) => shown(body, bodyWithoutSecrets)),
    'containerd.images': of('containerd.images', (image) => shown(image, imageWithoutSecrets)),
    'containerd.content': of('containerd.content', labelled),
    'containerd.ingests': of('containerd.ingests', same),
    'containerd.snapshots': of('containerd.snapshots', labelled),
    'containerd.leases': of('containerd.leases', labelled),
    'containerd.sandboxes': of('containerd.sandboxes', labelled),
    'containerd.leaseResources': of('containerd.leaseResources', same),
    'containerd.manifests': () => manifests(request, records),
    'containerd.usage': async () => usage(await records('metadata.snapshots')),
    'metadata.databases': async () => databases(await records.answer('metadata.snapshots')),
    'metadata.snapshots': of('metadata.snapshots', (record) => ({
      ...record,
      backend:
        record.backend.state === 'seen'
          ? { ...record.backend, value: labelled(record.backend.value) }
          : record.backend,
    })),
    'metadata.backends': of('metadata.backends', labelled),
    'metadata.ingests': of('metadata.ingests', same),
    'content.blobs': async () => {
      const { listBlobs } = await import('../sources/content/blobs.ts');
      return listBlobs(disk, files.content);
    },
    'content.ingests': async () => {
      const { listIngestFolders } = await import('../sources/content/ingests.ts');
      return listIngestFolders(disk, files.content);
    },
    'snapshot.directories': async () => {
      const { listSnapshotDirectories } = await import('../sources/content/snapshot-directories.ts');
      return listSnapshotDirectories(disk, files.snapshotters);
    },
  };
};

type ItemOf<K extends RecordFacet> = MetadataFacts[K]['items'][number];

interface Records {
  <K extends RecordFacet>(name: K): Promise<Observed<MetadataFacts[K]>>;
  /** The reading that a fact is part of. */
  answer(name: RecordFacet): Promise<MetadataAnswer>;
}

// The first question answers all that were announced; what was not is read by itself.
function recordsOf({ disk, files, scope }: StorageRequest, announced: ReadonlySet<FacetName>): Records {
  const together = RECORDS.filter((name) => announced.has(name));
  const readings = new Map<RecordFacet, Promise<MetadataAnswer>>();
  const read = async (wants: readonly RecordFacet[]): Promise<MetadataAnswer> => {
    const { readMetadata } = await import('../sources/metadata/read.ts');
    const { decodeAny } = await import('../sources/containerd/any.ts');
    return readMetadata({ files: files.metadata, disk, wants, scope, decode: decodeAny });
  };
  const answer = (name: RecordFacet): Promise<MetadataAnswer> => {
    const known = readings.get(name);
    if (known !== undefined) return known;
    const wants = together.includes(name) ? together : [name];
    const reading = read(wants);
    for (const want of wants) readings.set(want, reading);
    return reading;
  };
  const fact = async <K extends RecordFacet>(name: K): Promise<Observed<MetadataFacts[K]>> => {
    const found = (await answer(name)).facts[name] as Observed<MetadataFacts[K]>;
    return found.state === 'absent' ? noDatabase(found) : found;
  };
  return Object.assign(fact, { answer });
}

function noDatabase({ from, at }: Absent): Absent {
  return absent(
    from,
    at,
    `there is no ${from}: this containerd has kept nothing yet, or the file was removed`,
  );
}

function mapped<T>(fact: Observed<Listing<T>>, show: (item: T) => T): Observed<Listing<T>> {
  return fact.state === 'seen'
    ? { ...fact, value: { items: fact.value.items.map(show), gaps: fact.value.gaps } }
    : fact;
}

function databases({ metaDb, snapshotters, facts }: MetadataAnswer): Observed<Listing<Database>> {
  const recorded = facts['metadata.snapshots'];
  const used =
    recorded?.state === 'seen'
      ? new Set(recorded.value.items.map(({ snapshotter }) => snapshotter))
      : undefined;
  // A snapshotter that was never used has a folder and no database: nothing is missing there.
  const theirs = snapshotters.filter(
    ({ name, database }) => database.state !== 'absent' || (used?.has(name) ?? true),
  );
  const all = [{ name: 'metadata', database: metaDb }, ...theirs];
  const items = all.map(({ name, database }) => ({ owner: name, path: database.from, file: database }));
  const from = all.map(({ database }) => database.from).join(', ');
  return seen({ items, gaps: [] }, from, metaDb.at);
}

/** A containerd's databases with those of others, of Docker's: where the first are not known, these still are. */
export const withDatabases = (
  fact: Observed<Listing<Database>>,
  more: Listing<Database>,
): Observed<Listing<Database>> => {
  if (more.items.length + more.gaps.length === 0) return fact;
  if (isUnknown(fact)) {
    const gap = { ...fact, object: { kind: 'database', id: 'metadata' } };
    const from = more.items.map(({ path }) => path).join(', ') || fact.from;
    return seen({ items: more.items, gaps: [gap, ...more.gaps] }, from, fact.at);
  }
  if (fact.state === 'absent') {
    return seen(more, more.items.map(({ path }) => path).join(', ') || fact.from, fact.at);
  }
  const { items, gaps } = fact.value;
  return { ...fact, value: { items: [...items, ...more.items], gaps: [...gaps, ...more.gaps] } };
};

function usage(records: Observed<Listing<SnapshotRecord>>): Observed<Listing<SnapshotUsage>> {
  if (records.state !== 'seen') return records;
  const { items: all, gaps: lost } = records.value;
  const items: SnapshotUsage[] = [];
  const gaps: Gap[] = [...lost];
  for (const { namespace, snapshotter, key, backend } of all) {
    const { size, inodes } = backend.state === 'seen' ? backend.value : { size: null, inodes: null };
    if (size !== null && inodes !== null) {
      items.push({ namespace, snapshotter, key, size, inodes, how: 'recorded' });
    } else if (backend.state === 'seen') {
      gaps.push({
        ...unknown('offline', backend.from, NOT_COUNTED, backend.at, 0),
        object: { kind: 'snapshot', namespace, id: `${snapshotter}/${key}` },
      });
    }
  }
  return { ...records, value: { items, gaps } };
}

const NOT_COUNTED =
  'what a snapshot takes is written down when it is committed; of one that is not, only its snapshotter can say';

async function manifests(
  { disk, files, deadlineMs }: StorageRequest,
  records: Records,
): Promise<Observed<Listing<Manifest>>> {
  const [images, content] = await Promise.all([records('containerd.images'), records('containerd.content')]);
  if (images.state !== 'seen') return images;
  if (content.state !== 'seen') return content;
  const { manifestsOnDisk } = await import('../sources/content/manifests.ts');
  const of = new Map<NamespaceName, Set<string>>();
  for (const { namespace, digest } of content.value.items) {
    const known = of.get(namespace);
    if (known === undefined) of.set(namespace, new Set([digest]));
    else known.add(digest);
  }
  const items: Manifest[] = [];
  const gaps: Gap[] = content.value.gaps.map(({ object: _, ...gap }) => gap);
  const imagesOf = new Map<NamespaceName, Image[]>();
  for (const image of images.value.items) {
    const known = imagesOf.get(image.namespace);
    if (known === undefined) imagesOf.set(image.namespace, [image]);
    else known.push(image);
  }
  for (const [namespace, own] of imagesOf) {
    const has = (blob: string): boolean => of.get(namespace)?.has(blob) ?? false;
    const request = { disk, root: files.content, namespace, images: own, has, arch: arch(), deadlineMs };
    const listed = await manifestsOnDisk(request);
    for (const item of listed.items) items.push(item);
    for (const gap of listed.gaps) gaps.push(gap);
  }
  return seen({ items, gaps }, files.content, images.at);
}

/**
 * What of a fact is known when the live one is not: with the reason why it comes from the disk.
 * @param by what led to the files, where the daemon itself did not
 */
export const insteadOf = <T>(
  live: Unknown,
  disk: Observed<Listing<T>>,
  by: string | null,
): Observed<Listing<T>> => {
  if (disk.state !== 'seen') return live;
  const why = `${live.why}; this is what ${disk.from} says${by === null ? '' : `, ${by}`}`;
  return { ...disk, value: { items: disk.value.items, gaps: [{ ...live, why }, ...disk.value.gaps] } };
};
