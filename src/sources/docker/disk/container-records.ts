/**
 * Docker's containers as it will load them at its next start (container/container.go): `containers/<id>/config.v2.json` with
 * `hostconfig.json` beside it. The same record as the API gives, but for a word that sums up the state.
 */
import { join } from 'node:path';
import type { DockerContainerRecord } from '../../../host/docker-disk.ts';
import { containerId, digest } from '../../../host/ids.ts';
import { type Listing, type Observed, seen, unknown } from '../../../host/observed.ts';
import { limitsOf, stateOf, withoutSlash } from '../container-record.ts';
import { descriptorOf } from '../descriptor.ts';
import { type Fields, flag, labels, Malformed, nested, text, textOrEmpty, time } from '../json.ts';
import { type Disk, FileFault, folderAt, namesIn, readWhole } from './files.ts';
import { documentIn } from './image-configs.ts';
import { Draft } from './listing.ts';

// With the log of a health check and every label and variable; real ones have some kilobytes.
const MAX_RECORD = 4 << 20;

/** @throws FileFault; `missing` where there is no folder of containers */
export function* readContainerRecords(
  disk: Disk,
  root: string,
): Generator<void, Listing<DockerContainerRecord>> {
  const draft = new Draft<DockerContainerRecord>();
  const all = join(root, 'containers');
  for (const id of namesIn(disk, all)) {
    const record = readRecord(disk, join(all, id), id, draft);
    if (record !== undefined) draft.items.push(record);
    yield;
  }
  return draft.done();
}

function readRecord(
  disk: Disk,
  path: string,
  id: string,
  draft: Draft<DockerContainerRecord>,
): DockerContainerRecord | undefined {
  const file = join(path, 'config.v2.json');
  const object = { kind: 'container', id };
  return draft.attempt(object, file, () => {
    const bytes = recordIn(disk, path, file);
    if (bytes === undefined) return undefined;
    const config = documentIn(bytes);
    const part = <R>(field: string, read: () => R): R | undefined =>
      draft.attempt(object, file, read, [field]);
    const told = nested(config, 'Config');
    const name = part('name', () => textOrEmpty(config, 'Name')) ?? '';
    const own = text(config, 'ID');
    if (own !== id) {
      const why = `${file} calls the container "${own.slice(0, 100)}", and dockerd does not load it`;
      draft.miss(object, file, why, 'failed', ['id']);
    }
    return {
      id: containerId(id),
      name: name === '' ? null : withoutSlash(name),
      path,
      image: part('image', () => textOrEmpty(told, 'Image')) ?? '',
      imageId: digest(part('imageId', () => textOrEmpty(config, 'Image')) ?? ''),
      manifest: part('manifest', () => descriptorOf(nested(config, 'ImageManifest'))) ?? null,
      driver: part('driver', () => textOrEmpty(config, 'Driver')) ?? '',
      state: stateOf(nested(config, 'State'), statusOf(nested(config, 'State'))),
      labels: part('labels', () => labels(told, 'Labels')) ?? {},
      createdAt: part('createdAt', () => time(config, 'Created')) ?? null,
      limits: readLimits(disk, join(path, 'hostconfig.json')),
    };
  });
}

// Undefined where the container was removed meanwhile.
function recordIn(disk: Disk, path: string, file: string): Buffer | undefined {
  try {
    return readWhole(disk, file, MAX_RECORD);
  } catch (error) {
    if (!(error instanceof FileFault) || !error.missing) throw error;
    if (folderAt(disk, path) === undefined) return undefined;
    throw new FileFault(file, `${file} is not there, so dockerd does not load the container`, 'failed');
  }
}

// State.StateString in container/state.go.
function statusOf(state: Fields): string {
  if (flag(state, 'Running')) {
    if (flag(state, 'Paused')) return 'paused';
    return flag(state, 'Restarting') ? 'restarting' : 'running';
  }
  if (flag(state, 'RemovalInProgress')) return 'removing';
  if (flag(state, 'Dead')) return 'dead';
  return time(state, 'StartedAt') === null ? 'created' : 'exited';
}

function readLimits(disk: Disk, path: string): DockerContainerRecord['limits'] {
  const at = new Date().toISOString();
  const unread = (state: 'failed' | FileFault['state'], why: string): Observed<never> =>
    unknown(state, path, why, at, 0);
  try {
    return seen(limitsOf(documentIn(readWhole(disk, path, MAX_RECORD))), path, at);
  } catch (error) {
    // dockerd takes none for an empty one; but it always writes both, so a file that is not there was lost.
    if (error instanceof FileFault) return unread(error.state, error.message);
    if (error instanceof Malformed) return unread('failed', `${path}: ${error.message}`);
    throw error;
  }
}
