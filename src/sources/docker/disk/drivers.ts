/**
 * The graphdrivers of a data directory. Each has two places, and neither is there before the driver was used:
 *
 *     image/<driver>/     names, configs and layers of images, as plain files
 *     <driver>/           the layers' files, each driver in its own way
 */
import { join } from 'node:path';
import { GRAPHDRIVERS } from '../../../host/docker-scope.ts';
import { type Disk, FileFault, folderAt, namesIn } from './files.ts';
import type { Draft } from './listing.ts';

/** The names in `image/` that are graphdrivers. @throws FileFault; `missing` where no graphdriver was ever used */
export const imageDrivers = (disk: Disk, root: string): readonly string[] => {
  const image = join(root, 'image');
  // Later 29.x keeps a database of its own in there, whatever the store.
  const found = namesIn(disk, image).filter((name) => GRAPHDRIVERS.has(name) || isFolder(disk, image, name));
  if (found.length === 0) throw new FileFault(image, `${image} holds no graphdriver`, 'failed', true);
  return found;
};

function isFolder(disk: Disk, parent: string, name: string): boolean {
  try {
    return folderAt(disk, join(parent, name)) !== undefined;
  } catch {
    // Neither a graphdriver by its name nor a folder: nobody's.
    return false;
  }
}

/** Reads a folder or file of each graphdriver; what cannot be read of one is a gap, and a missing place nothing. */
export function* eachDriver(
  disk: Disk,
  root: string,
  draft: Pick<Draft<unknown>, 'miss'>,
  read: (driver: string, folder: string) => Generator<void, void>,
): Generator<void, void> {
  for (const driver of imageDrivers(disk, root)) {
    try {
      yield* read(driver, join(root, 'image', driver));
    } catch (error) {
      if (!(error instanceof FileFault)) throw error;
      if (error.missing) continue;
      draft.miss({ kind: 'graphdriver', id: driver }, error.path, error.message, error.state);
    }
  }
}
