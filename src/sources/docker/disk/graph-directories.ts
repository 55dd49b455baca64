/** The folders that a graphdriver keeps layers in, recorded or not. Each driver has its own place for them. */
import { join } from 'node:path';
import type { GraphDirectory } from '../../../host/docker-disk.ts';
import { GRAPHDRIVERS } from '../../../host/docker-scope.ts';
import type { Listing } from '../../../host/observed.ts';
import { type Disk, FileFault, folderAt, namesIfAny, namesIn } from './files.ts';
import { Draft } from './listing.ts';

interface Place {
  /** Below the driver's folder. */
  readonly folder: string;
  /** What is in each layer's folder when it is whole. */
  readonly whole?: string;
}

// daemon/graphdriver/*: where `Create` makes a folder for an id. devicemapper and zfs keep layers outside of the file system.
const PLACES: Readonly<Record<string, Place>> = {
  overlay2: { folder: '', whole: 'diff' },
  'fuse-overlayfs': { folder: '', whole: 'diff' },
  overlay: { folder: '' },
  vfs: { folder: 'dir' },
  btrfs: { folder: 'subvolumes' },
  aufs: { folder: 'diff' },
};

// Not layers: short links, the device of quotas, and what a driver tries the file system with at its start.
const OTHERS = /^(?:l|backingFsBlockDev|\.has-mount-program|metacopy-check.*|check-.*|opaque-bug-check.*)$/;

/** The graphdrivers that have a place of their own. @throws FileFault */
export const graphDrivers = (disk: Disk, root: string): readonly string[] =>
  namesIn(disk, root).filter((name) => GRAPHDRIVERS.has(name));

/** @throws FileFault; `missing` where no graphdriver was ever used */
export function* readGraphDirectories(disk: Disk, root: string): Generator<void, Listing<GraphDirectory>> {
  const draft = new Draft<GraphDirectory>();
  const drivers = graphDrivers(disk, root);
  if (drivers.length === 0) throw new FileFault(root, `${root} holds no graphdriver`, 'failed', true);
  for (const driver of drivers) {
    const object = { kind: 'graphdriver', id: driver };
    const place = PLACES[driver];
    const home = join(root, driver, place?.folder ?? '');
    if (place === undefined) {
      if (draft.attempt(object, home, () => namesIn(disk, home).length > 0) === true) {
        draft.miss(object, home, `${driver} keeps its layers in no folders`, 'unsupported');
      }
      continue;
    }
    for (const id of draft.attempt(object, home, () => namesIfAny(disk, home)) ?? []) {
      yield;
      if (OTHERS.test(id)) continue;
      const path = join(home, id);
      const ref = { kind: 'graph directory', id };
      const found = draft.attempt(ref, path, () => folderAt(disk, path));
      // Removed meanwhile, or no folder and noted as that.
      if (found === undefined) continue;
      const { whole } = place;
      const part = whole === undefined ? undefined : join(path, whole);
      const complete =
        part === undefined ||
        draft.attempt(ref, part, () => folderAt(disk, part) !== undefined, ['complete']) === true;
      draft.items.push({ driver, id, path, complete, modifiedAt: found.modifiedAt });
    }
  }
  return draft.done();
}
