/** Where the files of one containerd are: by what its plugins say, or below its root. */
import type { Plugin } from '../host/containerd.ts';
import type { Disk, FileKind } from '../host/disk.ts';
import type { SnapshotterRoot } from '../sources/content/snapshot-directories.ts';
import { filesBelow, type MetadataFiles } from '../sources/metadata/disk.ts';

export interface StorageFiles {
  readonly metadata: MetadataFiles;
  /** The content store's folder. */
  readonly content: string;
  readonly snapshotters: readonly SnapshotterRoot[];
}

/** The folder of meta.db, which is what makes a folder containerd's root. */
export const METADATA_FOLDER = 'io.containerd.metadata.v1.bolt';
const CONTENT_FOLDER = 'io.containerd.content.v1.content';
const SNAPSHOTTER = 'io.containerd.snapshotter.v1';

/**
 * As plugins are set up by default, but for snapshotters that the config has put elsewhere.
 * @param elsewhere folders of snapshotters, by name; one without a database is not believed where the usual place has one
 * @throws DiskError where the root cannot be listed
 */
export const storageBelow = (
  root: string,
  disk: Disk,
  elsewhere: ReadonlyMap<string, string> = new Map(),
): StorageFiles => {
  const metadata = filesBelow(root, disk);
  const usual = metadata.snapshotters.map(({ name }) => ({ name, root: `${root}/${SNAPSHOTTER}.${name}` }));
  const told = [...elsewhere].map(([name, path]) => ({ name, root: path }));
  // What lies on another disk is not missing on this one: then nobody here knows the snapshotter's files.
  const isUsed = (place: SnapshotterRoot): boolean =>
    hasDatabase(place, disk) || is('folder', `${place.root}/snapshots`, disk);
  const kept = usual.filter((place) => !elsewhere.has(place.name) || hasDatabase(place, disk));
  const moved = told.filter(
    (place) => hasDatabase(place, disk) || (isUsed(place) && kept.every(({ name }) => name !== place.name)),
  );
  const snapshotters = [...kept.filter(({ name }) => moved.every((each) => each.name !== name)), ...moved];
  return {
    metadata: { ...metadata, snapshotters: snapshotters.map(withDatabase) },
    content: `${root}/${CONTENT_FOLDER}`,
    snapshotters,
  };
};

/**
 * As the plugins of a running daemon export them; undefined where its metadata plugin says no path.
 * @param disk where the daemon keeps them, for what its plugins do not export
 */
export const storageOfPlugins = (plugins: readonly Plugin[], disk: Disk): StorageFiles | undefined => {
  const metaDb = plugins.find(({ type }) => type === 'io.containerd.metadata.v1')?.exports['path'];
  const content = plugins.find(({ type }) => type === 'io.containerd.content.v1')?.exports['root'];
  if (metaDb === undefined || content === undefined) return undefined;
  const snapshotters = plugins.flatMap(({ type, id, exports: { root = rootUnsaid(id, metaDb, disk) } }) =>
    type === SNAPSHOTTER && root !== undefined ? [{ name: id, root }] : [],
  );
  return {
    metadata: {
      metaDb,
      snapshotters: snapshotters.map(withDatabase),
      ingests: `${content}/ingest`,
    },
    content,
    snapshotters,
  };
};

// Up to 1.6 the native snapshotter exports nothing. Its database at the usual place is its own; without one there, nobody knows.
function rootUnsaid(snapshotter: string, metaDb: string, disk: Disk): string | undefined {
  const end = `/${METADATA_FOLDER}/meta.db`;
  if (snapshotter !== 'native' || !metaDb.endsWith(end)) return undefined;
  const root = `${metaDb.slice(0, -end.length)}/${SNAPSHOTTER}.${snapshotter}`;
  return hasDatabase({ name: snapshotter, root }, disk) ? root : undefined;
}

function withDatabase({ name, root }: SnapshotterRoot): MetadataFiles['snapshotters'][number] {
  return { name, database: `${root}/metadata.db` };
}

function hasDatabase({ root }: SnapshotterRoot, disk: Disk): boolean {
  return is('file', `${root}/metadata.db`, disk);
}

function is(kind: FileKind, path: string, disk: Disk): boolean {
  try {
    return disk.stat(path).kind === kind;
  } catch {
    return false;
  }
}
