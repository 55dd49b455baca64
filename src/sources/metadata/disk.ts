/** The files of one containerd. */
import { join } from 'node:path';
import type { BoltSource } from '../../bolt/io.ts';
import type { Disk } from '../../host/disk.ts';

/** Where the files of one containerd are. */
export interface MetadataFiles {
  readonly metaDb: string;
  readonly snapshotters: readonly { readonly name: string; readonly database: string }[];
  /** The content store's folder of uploads. */
  readonly ingests: string;
}

const SNAPSHOTTER = 'io.containerd.snapshotter.v1.';

/**
 * Their places below containerd's root, as plugins are set up by default: one with a `root_path` of its own has to be added.
 * @throws as `list` does, where the root cannot be listed
 */
export const filesBelow = (root: string, disk: Disk): MetadataFiles => ({
  metaDb: join(root, 'io.containerd.metadata.v1.bolt/meta.db'),
  snapshotters: disk
    .list(root)
    .filter((name) => name.startsWith(SNAPSHOTTER))
    .map((name) => ({
      name: name.slice(SNAPSHOTTER.length),
      database: join(root, name, 'metadata.db'),
    })),
  ingests: join(root, 'io.containerd.content.v1.content/ingest'),
});

/** A file as a source for the bbolt reader. */
export const boltSource = (disk: Disk, path: string): BoltSource => ({ path, open: () => disk.open(path) });
