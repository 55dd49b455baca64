/** Where the files of one containerd are: by what its plugins say, or below its root. */
import type { Plugin } from '../host/containerd.ts';
import type { Disk } from '../host/disk.ts';
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

/** As plugins are set up by default. @throws DiskError where the root cannot be listed */
export const storageBelow = (root: string, disk: Disk): StorageFiles => {
  const metadata = filesBelow(root, disk);
  return {
    metadata,
    content: `${root}/${CONTENT_FOLDER}`,
    snapshotters: metadata.snapshotters.map(({ name }) => ({ name, root: `${root}/${SNAPSHOTTER}.${name}` })),
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
      snapshotters: snapshotters.map(({ name, root }) => ({ name, database: `${root}/metadata.db` })),
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
  try {
    return disk.stat(`${root}/metadata.db`).kind === 'file' ? root : undefined;
  } catch {
    return undefined;
  }
}
