/**
 * Docker's volumes: the database of all, whoever their driver is, and the folders of local ones. The local driver takes each
 * folder for a volume, recorded or not (volume/local/local.go).
 *
 *     volumes/metadata.db      bucket `volumes`: name → {"Name", "Driver", "Labels", "Options"}
 *     volumes/<name>/_data     what containers see
 */
import { join } from 'node:path';
import type { Database } from '../../../bolt/database.ts';
import type { DockerVolume } from '../../../host/docker-disk.ts';
import { isUnknown, type Listing } from '../../../host/observed.ts';
import { labels, Malformed, textOrEmpty } from '../json.ts';
import { type DatabaseRead, textOfValue } from './database.ts';
import { type Disk, folderAt, namesIn } from './files.ts';
import { documentIn } from './image-configs.ts';
import { Draft } from './listing.ts';

export const VOLUMES_DB = 'volumes/metadata.db';

/** A record, or why it is none. */
export interface VolumeRecord {
  readonly name: string;
  /** JSON; undefined for a value that is far too large. */
  readonly record: string | undefined;
}

export function* readVolumeRecords(database: Database): Generator<void, readonly VolumeRecord[]> {
  const found: VolumeRecord[] = [];
  const volumes = database.bucket('volumes');
  for (; volumes?.next() === true; yield) {
    if (!volumes.isBucket) found.push({ name: volumes.keyText(), record: textOfValue(volumes) });
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
  const recorded = new Map(records.map((entry) => [entry.name, entry.record]));
  for (const name of [...new Set([...recorded.keys(), ...names])].toSorted()) {
    yield;
    const ref = { kind: 'volume', id: name };
    const path = join(home, name);
    const told = recorded.has(name)
      ? draft.attempt(ref, file.from, () => recordOf(recorded.get(name)), ['driver', 'labels'])
      : undefined;
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

function recordOf(json: string | undefined): Pick<DockerVolume, 'driver' | 'labels'> {
  if (json === undefined) throw new Malformed('the record is far too large');
  const record = documentIn(Buffer.from(json));
  return { driver: textOrEmpty(record, 'Driver') || null, labels: labels(record, 'Labels') };
}
