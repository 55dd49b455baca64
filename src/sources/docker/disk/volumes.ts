/**
 * Docker's volumes: the database of all, whoever their driver is, and the folders of local ones. The local driver takes each
 * folder for a volume, recorded or not (volume/local/local.go).
 *
 *     volumes/metadata.db      bucket `volumes`: name → {"Name", "Driver", "Labels", "Options"}
 *     volumes/<name>/_data     what containers see
 */
import { join } from 'node:path';
import type { Cursor } from '../../../bolt/cursor.ts';
import type { Database } from '../../../bolt/database.ts';
import type { DockerVolume } from '../../../host/docker-disk.ts';
import { isUnknown, type Listing } from '../../../host/observed.ts';
import { labels, Malformed, textOrEmpty } from '../json.ts';
import { bytesOfValue, type DatabaseRead } from './database.ts';
import { type Disk, folderAt, namesIn } from './files.ts';
import { documentIn } from './image-configs.ts';
import { Draft } from './listing.ts';

export const VOLUMES_DB = 'volumes/metadata.db';

/** What is recorded of a volume, or why that cannot be read: never the record itself, for a database may have any size. */
export interface VolumeRecord {
  readonly name: string;
  readonly told: Told | { readonly fault: string };
}

type Told = Pick<DockerVolume, 'driver' | 'labels'>;

export function* readVolumeRecords(database: Database): Generator<void, readonly VolumeRecord[]> {
  const found: VolumeRecord[] = [];
  const volumes = database.bucket('volumes');
  for (; volumes?.next() === true; yield) {
    if (!volumes.isBucket) found.push({ name: volumes.keyText(), told: toldIn(volumes) });
  }
  return found;
}

/** @throws FileFault; `missing` where there is no folder of volumes */
export function* readVolumes(
  disk: Disk,
  root: string,
  database: DatabaseRead<readonly VolumeRecord[]>,
): Generator<void, Listing<DockerVolume>> {
  const draft = new Draft<DockerVolume>();
  const home = join(root, 'volumes');
  const names = new Set(namesIn(disk, home).filter((name) => !OTHERS.has(name)));
  const { file } = database;
  const object = { kind: 'volume' };
  if (isUnknown(file)) {
    draft.miss(object, file.from, `${file.why}; only folders are seen`, file.state, [
      'driver',
      'labels',
      'recorded',
    ]);
  }
  for (const why of 'faults' in database ? database.faults : []) draft.miss(object, file.from, why);
  const records = 'value' in database ? database.value : [];
  const recorded = new Map(records.map((entry) => [entry.name, entry.told]));
  for (const name of [...new Set([...recorded.keys(), ...names])].toSorted()) {
    yield;
    const ref = { kind: 'volume', id: name };
    const path = join(home, name);
    const entry = recorded.get(name);
    const told = draft.attempt(ref, file.from, () => soundOf(entry), ['driver', 'labels']);
    // A name that is not in the folder is not looked up there: it comes from a file.
    const folder = names.has(name) ? draft.attempt(ref, path, () => folderAt(disk, path)) : undefined;
    if (folder === undefined && !recorded.has(name)) continue;
    const driver = told?.driver ?? null;
    draft.items.push({
      name,
      driver,
      path: folder !== undefined || driver === 'local' ? join(path, '_data') : null,
      labels: told?.labels ?? {},
      // Docker keeps no time either: it tells when this folder changed, in which it makes `_data` and nothing later.
      createdAt: folder?.modifiedAt ?? null,
      recorded: recorded.has(name),
      present: folder !== undefined,
    });
  }
  return draft.done();
}

// The database, and the device that quotas are set on.
const OTHERS = new Set(['metadata.db', 'backingFsBlockDev']);

function toldIn(entry: Cursor): VolumeRecord['told'] {
  try {
    const value = bytesOfValue(entry);
    if (value === undefined) throw new Malformed('the record is far too large');
    const record = documentIn(value);
    return { driver: textOrEmpty(record, 'Driver') || null, labels: labels(record, 'Labels') };
  } catch (error) {
    if (error instanceof Malformed) return { fault: error.message };
    throw error;
  }
}

function soundOf(told: VolumeRecord['told'] | undefined): Told | undefined {
  if (told !== undefined && 'fault' in told) throw new Malformed(told.fault);
  return told;
}
