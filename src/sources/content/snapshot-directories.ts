/** The folders that snapshotters keep snapshots in (snapshots/overlay, native, btrfs), recorded or not. */
import type { Disk } from '../../host/disk.ts';
import {
  absent,
  type Gap,
  isUnknown,
  type Listing,
  type Observed,
  seen,
  unknown,
} from '../../host/observed.ts';
import type { SnapshotDirectory } from '../../host/storage.ts';
import { fileTime } from '../../host/timestamp.ts';
import { type Draft, folderIfAny, isGone, listBelow, wordsOf } from './listing.ts';

/** A snapshotter's own folder. */
export interface SnapshotterRoot {
  readonly name: string;
  readonly root: string;
}

/** In which folders there is one for each snapshot, called by its number. */
const PLACES: ReadonlyMap<string, readonly string[]> = new Map([
  ['overlayfs', ['snapshots']],
  ['native', ['snapshots']],
  ['btrfs', ['active', 'view', 'snapshots']],
]);

/** The folders of every snapshotter whose own folder is there. */
export const listSnapshotDirectories = async (
  disk: Disk,
  snapshotters: readonly SnapshotterRoot[],
  signal?: AbortSignal,
): Promise<Observed<Listing<SnapshotDirectory>>> => {
  const at = new Date().toISOString();
  const items: SnapshotDirectory[] = [];
  const gaps: Gap[] = [];
  for (const snapshotter of snapshotters) {
    const { name, root } = snapshotter;
    const object = { kind: 'snapshotter', id: name };
    const places = PLACES.get(name);
    const listed =
      places === undefined
        ? unsupported(disk, snapshotter)
        : await listBelow<SnapshotDirectory>(
            disk,
            root,
            (draft) => readPlaces(disk, snapshotter, places, draft),
            signal,
          );
    if (isUnknown(listed)) gaps.push({ ...listed, object });
    else if (listed.state === 'seen') {
      for (const item of listed.value.items) items.push(item);
      for (const gap of listed.value.gaps) gaps.push({ object, ...gap });
    }
  }
  const from = snapshotters.map(({ root }) => root).join(', ');
  return snapshotters.length === 0 ? absent('snapshotters', at) : seen({ items, gaps }, from, at);
};

function* readPlaces(
  disk: Disk,
  { name: snapshotter, root }: SnapshotterRoot,
  places: readonly string[],
  draft: Draft<SnapshotDirectory>,
): Generator<void, void> {
  for (const place of places) {
    const path = `${root}/${place}`;
    using folder = folderIfAny(disk, path);
    if (folder === undefined) continue;
    for (const { name, kind } of folder.entries()) {
      if (!draft.take()) return;
      // One entry's own: what is said of it says nothing of the folders beside it.
      const object = { kind: 'snapshot directory', id: `${snapshotter}/${name}` };
      if (kind !== 'folder') draft.note(`${path}/${name} is no folder`, object);
      else {
        try {
          const modifiedAt = fileTime(folder.stat(name).modifiedNs);
          draft.items.push({ snapshotter, name, path: `${path}/${name}`, modifiedAt });
        } catch (error) {
          // Collected while the folder was read.
          if (!isGone(error)) draft.note(wordsOf(error), object);
        }
      }
      yield;
    }
  }
}

// Volumes, image files and devices: of a snapshotter that was never used, there is nothing to be said.
function unsupported(disk: Disk, { name, root }: SnapshotterRoot): Observed<Listing<SnapshotDirectory>> {
  const at = new Date().toISOString();
  try {
    disk.stat(`${root}/metadata.db`);
  } catch (error) {
    if (isGone(error)) return absent(root, at);
  }
  const why = `snapshotter ${name} keeps its snapshots elsewhere than in folders of their own`;
  return unknown('unsupported', root, why, at, 0);
}
