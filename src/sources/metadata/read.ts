/**
 * containerd's facts from its files, as the API would give them: with the daemon running, stopped, or on a disk that is only
 * looked at. Nothing is locked and nothing is written.
 */
import { inSlices } from '../../bolt/consistent.ts';
import type { BoltError } from '../../bolt/damage.ts';
import type { Database } from '../../bolt/database.ts';
import type { Ingest } from '../../host/containerd.ts';
import type { Disk } from '../../host/disk.ts';
import { type Gap, type Observed, seen, type Unknown, unknown } from '../../host/observed.ts';
import type { Scope } from '../../host/snapshot.ts';
import type { DatabaseFile, IngestRecord } from '../../host/storage.ts';
import { type Backends, readBackends } from './backends.ts';
import { bodyOf, type Decode, sandboxBodyOf } from './bodies.ts';
import type { MetadataFiles } from './disk.ts';
import type { FactName, MetadataFacts } from './facts.ts';
import { readIngest } from './ingests.ts';
import { type BackendIndex, type Joined, joinSnapshots } from './join.ts';
import { type MetaRead, readMeta } from './meta-db.ts';
import { ALL_FACTS, type Note, newNotes, noteDamage } from './notes.ts';
import { type FileRead, readDatabase } from './open-database.ts';
import { KEY } from './schema.ts';
import type { SnapshotEntry } from './snapshots.ts';

export interface MetadataRequest {
  readonly files: MetadataFiles;
  readonly wants: readonly FactName[];
  /** @default all namespaces, no container's body */
  readonly scope?: Scope;
  /** Decodes what is packed by its type; the same function as for the API's answers. */
  readonly decode: Decode;
  readonly disk: Disk;
  readonly signal?: AbortSignal;
}

export type ObservedFacts = { readonly [K in FactName]?: Observed<MetadataFacts[K]> };

/** What was wanted and, of each file that it took, how it was read. */
export interface MetadataAnswer {
  readonly facts: ObservedFacts;
  readonly metaDb: Observed<DatabaseFile>;
  /** Read only where snapshots are wanted. */
  readonly snapshotters: readonly { readonly name: string; readonly database: Observed<DatabaseFile> }[];
}

interface MetaResult {
  readonly read: MetaRead;
  readonly notes: readonly Note[];
  readonly ofDamage: (damage: BoltError) => readonly Note[];
}

const SALVAGED =
  'both meta pages are broken, or the root bucket is lost, and no daemon could read the file; this is what one of the last transactions has left';
const OF_SNAPSHOTS: readonly FactName[] = ['containerd.snapshots', 'metadata.snapshots'];

/** Reads what is wanted, each file once. @throws only the signal's reason */
export const readMetadata = async (request: MetadataRequest): Promise<MetadataAnswer> => {
  const { files, scope = {}, disk, signal } = request;
  const wants = new Set(request.wants);
  const meta = await readDatabase(
    disk,
    files.metaDb,
    function* (database): Generator<void, MetaResult> {
      const notes = newNotes();
      const read = yield* readMeta(database, { facts: wants, scope }, notes);
      return { read, notes: notes.notes, ofDamage: (damage) => noteDamage(damage, notes) };
    },
    ({ read }) => read.version,
    signal,
  );
  // After meta.db: a snapshot is in its snapshotter's database before it is in meta.db.
  const backends = await readAllBackends(request, wants, disk);
  const backendFacts = wants.has('metadata.backends') ? { 'metadata.backends': backends.listing } : {};
  if (!('value' in meta)) {
    const { file } = meta;
    const rest = request.wants.filter((name) => name !== 'metadata.backends');
    const facts = Object.fromEntries(rest.map((name) => [name, file]));
    return { facts: { ...facts, ...backendFacts }, metaDb: file, snapshotters: backends.files };
  }
  const joined = await joinAll(request, meta.value.read.snapshots, backends, disk);
  const facts = await factsOf(request, meta, joined);
  return { facts: { ...facts, ...backendFacts }, metaDb: meta.file, snapshotters: backends.files };
};

type Read = Extract<FileRead<MetaResult>, { readonly value: MetaResult }>;

async function factsOf(request: MetadataRequest, meta: Read, joined: Joined): Promise<ObservedFacts> {
  const { files, decode, disk } = request;
  const { read } = meta.value;
  const notes: Note[] = [
    ...meta.value.notes,
    ...meta.damage.flatMap(meta.value.ofDamage),
    ...joined.notes,
    ...fileNotes(meta),
  ];
  const { at, from } = meta.file;
  const wants = new Set(request.wants);
  const ingests = wants.has('containerd.ingests')
    ? await inSlices(readIngests(disk, files.ingests, read.ingests, notes), request.signal)
    : [];
  const all: { readonly [K in FactName]: MetadataFacts[K]['items'] } = {
    'containerd.namespaces': read.namespaces,
    'containerd.containers': read.containers,
    'containerd.bodies': await Promise.all(read.bodies.map((body) => bodyOf(body, files.metaDb, decode))),
    'containerd.images': read.images,
    'containerd.content': read.content,
    'containerd.ingests': ingests,
    'containerd.snapshots': joined.snapshots,
    'containerd.leases': read.leases.map(({ lease }) => lease),
    'containerd.sandboxes': read.sandboxes.map(({ place: _, ...sandbox }) => sandbox),
    'containerd.leaseResources': read.leases.map(({ resources }) => resources),
    'metadata.snapshots': joined.records,
    'metadata.backends': [],
    'metadata.ingests': read.ingests,
    'metadata.sandboxBodies': await Promise.all(
      read.sandboxBodies.map((body) => sandboxBodyOf(body, files.metaDb, decode)),
    ),
  };
  return Object.fromEntries(
    request.wants.map((name) => {
      const gaps = notes.filter((note) => note.facts.includes(name)).map((note) => gapOf(note, from, at));
      return [name, seen({ items: all[name], gaps }, from, at)];
    }),
  );
}

function* readIngests(
  disk: Disk,
  folder: string,
  records: readonly IngestRecord[],
  notes: Note[],
): Generator<void, Ingest[]> {
  const ingests: Ingest[] = [];
  for (const record of records) {
    const found = readIngest(disk, folder, record);
    if ('why' in found) {
      const object = { kind: 'ingest', namespace: record.namespace, id: record.ref };
      notes.push({ facts: ['containerd.ingests'], object, fields: undefined, why: found.why });
    } else if (found.ingest !== null) ingests.push(found.ingest);
    yield;
  }
  return ingests;
}

interface AllBackends {
  readonly index: ReadonlyMap<string, BackendIndex>;
  readonly files: MetadataAnswer['snapshotters'];
  readonly listing: Observed<MetadataFacts['metadata.backends']>;
}

async function readAllBackends(
  { files, signal }: MetadataRequest,
  wants: ReadonlySet<FactName>,
  disk: Disk,
): Promise<AllBackends> {
  const index = new Map<string, BackendIndex>();
  const databases: { name: string; database: Observed<DatabaseFile> }[] = [];
  const items: MetadataFacts['metadata.backends']['items'][number][] = [];
  const gaps: Gap[] = [];
  const wanted = wants.has('metadata.backends') || OF_SNAPSHOTS.some((name) => wants.has(name));
  for (const { name, database: path } of wanted ? files.snapshotters : []) {
    const read = (database: Database): Generator<void, Backends> => readBackends(database, name);
    const found = await readDatabase(disk, path, read, () => null, signal);
    databases.push({ name, database: found.file });
    const object = { kind: 'snapshotter', id: name };
    if ('value' in found) {
      const { at } = found.file;
      if (found.file.value.salvaged) gaps.push({ ...unknown('failed', path, SALVAGED, at, 0), object });
      for (const item of found.value.items) items.push(item);
      for (const { name: id, why } of found.value.faults) {
        gaps.push({ ...unknown('failed', path, why, at, 0), object: { kind: 'snapshot', id } });
      }
      for (const { message } of found.damage)
        gaps.push({ ...unknown('failed', path, message, at, 0), object });
      index.set(name, { path, at, byName: new Map(found.value.items.map((item) => [item.name, item])) });
    } else if (found.file.state === 'absent') {
      index.set(name, { path, at: found.file.at, byName: new Map() });
    } else {
      index.set(name, found.file);
      gaps.push({ ...found.file, object });
    }
  }
  const from = files.snapshotters.map(({ database }) => database).join(', ');
  return { index, files: databases, listing: seen({ items, gaps }, from, new Date().toISOString()) };
}

async function joinAll(
  { files, signal }: MetadataRequest,
  entries: readonly SnapshotEntry[],
  { index }: AllBackends,
  disk: Disk,
): Promise<Joined> {
  const missing = (entry: SnapshotEntry): boolean => {
    const backend = index.get(entry.snapshotter);
    return backend !== undefined && 'byName' in backend && !backend.byName.has(entry.name);
  };
  const gone = new Set<SnapshotEntry>();
  const suspects = entries.filter(missing);
  if (suspects.length > 0) {
    // The two files are not of one moment: what containerd has removed or renamed meanwhile is no fault of either.
    const read = (database: Database): Generator<void, SnapshotEntry[]> => goneSince(database, suspects);
    const again = await readDatabase(disk, files.metaDb, read, () => null, signal);
    if ('value' in again) for (const entry of again.value) gone.add(entry);
  }
  return joinSnapshots(
    entries.filter((entry) => !gone.has(entry)),
    index,
    noDatabase,
  );
}

function* goneSince(
  database: Database,
  suspects: readonly SnapshotEntry[],
): Generator<void, SnapshotEntry[]> {
  const gone: SnapshotEntry[] = [];
  for (const entry of suspects) {
    const { namespace, snapshotter, key, name } = entry;
    const record = database.bucket(KEY.v1, namespace, KEY.snapshots, snapshotter, key);
    if (record?.find(KEY.name) !== true || record.valueText() !== name) gone.push(entry);
    yield;
  }
  return gone;
}

function noDatabase(snapshotter: string): Unknown {
  const why = `snapshotter ${snapshotter} keeps no database below containerd's root: it is a process of its own, or set up elsewhere`;
  return unknown('unsupported', snapshotter, why, new Date().toISOString(), 0);
}

/** What holds for a file as a whole. */
function fileNotes({ file, unlisted }: Read): Note[] {
  const whole = { facts: ALL_FACTS, object: undefined, fields: undefined };
  const torn = 'containerd finished other transactions during each reading: objects may be missing or twice';
  return [
    ...(file.value.salvaged ? [{ ...whole, why: SALVAGED }] : []),
    ...(file.value.torn ? [{ ...whole, why: torn }] : []),
    ...(unlisted > 0 ? [{ ...whole, why: `${unlisted} more places are damaged` }] : []),
  ];
}

function gapOf({ object, fields, why }: Note, from: string, at: string): Gap {
  return {
    ...unknown('failed', from, why, at, 0),
    ...(object === undefined ? {} : { object }),
    ...(fields === undefined ? {} : { fields }),
  };
}
