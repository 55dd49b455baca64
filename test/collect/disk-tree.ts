/** A folder to be read as a disk: what a containerd and others have left in it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach } from 'vitest';

import { type DiskHost, openDiskHost } from '../../src/collect/disk.ts';
import type { Listing, Observed } from '../../src/host/observed.ts';
import { buildFile } from '../bolt/build-file.ts';
import { layOut, type Tree } from '../bolt/build-tree.ts';
import { scratchFolder } from '../bolt/scratch.ts';
import { varint } from '../sources/metadata/encode.ts';
import { backend, HOST } from '../sources/metadata/host.ts';

/** Stands where nobody may print it. */
export const SECRET = 'hunter2';

export interface DiskTree {
  /** The folder, another one for each test. */
  readonly dir: () => string;
  /** A folder beside it. */
  readonly outside: () => string;
  readonly file: (path: string, text?: string) => void;
  readonly folder: (path: string) => void;
  /** A containerd's root with databases, below the folder. @returns its meta.db */
  readonly containerd: (root: string, tree?: Tree) => string;
  readonly open: (at?: string, options?: Parameters<typeof openDiskHost>[1]) => Promise<DiskHost>;
}

export const diskTree = (): DiskTree => {
  const scratch = scratchFolder();
  let number = 0;
  let dir = '';

  beforeEach(() => {
    number += 1;
    dir = scratch(`disk-${number}`);
    mkdirSync(dir);
  });

  const file: DiskTree['file'] = (path, text = '') => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  const folder: DiskTree['folder'] = (path) => void mkdirSync(join(dir, path), { recursive: true });
  const containerd: DiskTree['containerd'] = (root, tree = HOST) => {
    const metaDb = join(dir, root, 'io.containerd.metadata.v1.bolt/meta.db');
    folder(`${root}/io.containerd.metadata.v1.bolt`);
    folder(`${root}/io.containerd.snapshotter.v1.overlayfs/snapshots/1`);
    folder(`${root}/io.containerd.snapshotter.v1.btrfs`);
    buildFile(metaDb, layOut(tree));
    const snapshots = {
      'default/1/base': backend(1n, 3, {
        size: varint(100n),
        inodes: varint(5n),
        labels: { 'containerd.io/snapshot/password': SECRET },
      }),
      'default/2/top': backend(2n, 2, { parent: 'default/1/base' }),
    };
    buildFile(
      join(dir, root, 'io.containerd.snapshotter.v1.overlayfs/metadata.db'),
      layOut({ v1: { snapshots, parents: {} } }),
    );
    return metaDb;
  };
  const open: DiskTree['open'] = (at = '', options = {}) => openDiskHost(join(dir, at), options);
  return { dir: () => dir, outside: () => scratch(`outside-${number}`), file, folder, containerd, open };
};

export const listing = <T>(fact: Observed<Listing<T>>): Listing<T> => {
  if (fact.state !== 'seen') throw new Error(`not seen: ${JSON.stringify(fact)}`);
  return fact.value;
};
