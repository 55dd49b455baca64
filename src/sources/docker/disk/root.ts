/** A data directory as a whole: which image stores have left something in it, and which one dockerd uses. */
import { join } from 'node:path';
import type { DockerMode } from '../../../host/docker.ts';
import type { DockerContainerRecord, DockerRoot } from '../../../host/docker-disk.ts';
import { GRAPHDRIVERS, storeOfRecord } from '../../../host/docker-scope.ts';
import { type Observed, seen, unknown } from '../../../host/observed.ts';
import type { DaemonConfig } from '../daemon-config.ts';
import { imageDrivers } from './drivers.ts';
import { type Disk, FileFault, folderAt, namesIfAny, namesIn, readText } from './files.ts';

/** What a data directory shows of an image store, each with where it is seen. */
interface Traces {
  readonly graphdriver: readonly string[];
  readonly containerd: readonly string[];
}

/**
 * @param config daemon.json, where it is known which one belongs
 * @throws FileFault; `missing` where there is no such directory
 */
export const readRoot = (
  disk: Disk,
  path: string,
  config: Observed<DaemonConfig> | undefined,
  records: readonly DockerContainerRecord[],
): DockerRoot => {
  const names = namesIn(disk, path);
  const graphDrivers = driversWithData(disk, path, names);
  const snapshotters = namesIfAny(disk, join(path, 'rootfs'));
  const own = join(path, 'containerd/daemon');
  return {
    path,
    ...engineOf(disk, path),
    graphDrivers,
    snapshotters,
    mode: modeOf(tracesOf(disk, path, snapshotters, records), config, records, path),
    containerdRoot: folderAt(disk, own) === undefined ? null : own,
  };
};

// Whose it is decides nothing of what is in it.
function engineOf(disk: Disk, path: string): Pick<DockerRoot, 'id' | 'gaps'> {
  const file = join(path, 'engine-id');
  try {
    return { id: readText(disk, file) || null };
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    const fact = unknown(error.state, error.path, error.message, new Date().toISOString(), 0);
    return { gaps: [{ ...fact, object: { kind: 'docker data directory', id: path }, fields: ['id'] }] };
  }
}

// A dockerd that has started with a driver has made its folders; only what is in them is data.
function driversWithData(disk: Disk, root: string, names: readonly string[]): readonly string[] {
  const known = new Set([...names.filter((name) => GRAPHDRIVERS.has(name)), ...driversOf(disk, root)]);
  return [...known].toSorted().filter((driver) => {
    const image = join(root, 'image', driver);
    const folders = [
      join(image, 'imagedb/content/sha256'),
      join(image, 'layerdb/sha256'),
      join(image, 'layerdb/mounts'),
    ];
    if (folders.some((folder) => namesIfAny(disk, folder).length > 0)) return true;
    const home = join(root, driver);
    return namesIfAny(disk, home).some((name) =>
      // The folder that these drivers keep layers in is there from the start.
      ['dir', 'subvolumes', 'diff'].includes(name)
        ? namesIfAny(disk, join(home, name)).length > 0
        : /^[0-9a-z]{25,64}(-init)?$/.test(name),
    );
  });
}

function driversOf(disk: Disk, root: string): readonly string[] {
  try {
    return imageDrivers(disk, root);
  } catch (error) {
    if (error instanceof FileFault && error.missing) return [];
    throw error;
  }
}

function tracesOf(
  disk: Disk,
  root: string,
  snapshotters: readonly string[],
  records: readonly DockerContainerRecord[],
): Traces {
  const stores = records.map((record) => ({ record, store: storeOfRecord(record) }));
  const containers = (store: DockerMode): readonly string[] =>
    stores
      .filter((each) => each.store === store)
      .slice(0, 1)
      .map(({ record }) => `${join(record.path, 'config.v2.json')}: Driver ${record.driver}`);
  // Made by BuildKit's worker whenever dockerd starts with containerd as its store.
  const worker = namesIfAny(disk, join(root, 'buildkit')).filter((name) => name.startsWith('containerd-'));
  return {
    graphdriver: [
      ...driversOf(disk, root).map((driver) => join(root, 'image', driver)),
      ...containers('graphdriver'),
    ],
    containerd: [
      ...worker.map((name) => join(root, 'buildkit', name)),
      ...snapshotters.map((name) => join(root, 'rootfs', name)),
      ...containers('containerd'),
    ],
  };
}

/**
 * Of one store alone: that one. Of both: what daemon.json says, else the store of the container that changed last, for dockerd
 * loads and changes only those of the store in use.
 */
function modeOf(
  { graphdriver, containerd }: Traces,
  config: Observed<DaemonConfig> | undefined,
  records: readonly DockerContainerRecord[],
  path: string,
): Observed<DockerMode> {
  const at = new Date().toISOString();
  const told = config?.state === 'seen' ? toldBy(config.value) : undefined;
  const from = config?.from ?? path;
  const [oldTrace, newTrace] = [graphdriver[0], containerd[0]];
  if (oldTrace !== undefined && newTrace === undefined) {
    // Switched on and not started since, or a Docker that does not know the word.
    if (told?.mode === 'containerd') return contradicted(`${from}: ${told.words}`, graphdriver, path, at);
    return seen('graphdriver', graphdriver.slice(0, MAX_TRACES).join(', '), at);
  }
  if (oldTrace === undefined && newTrace !== undefined) {
    if (told?.mode === 'graphdriver') return contradicted(`${from}: ${told.words}`, containerd, path, at);
    return seen('containerd', containerd.slice(0, MAX_TRACES).join(', '), at);
  }
  if (told !== undefined) return seen(told.mode, `${from}: ${told.words}`, at);
  if (oldTrace === undefined || newTrace === undefined) {
    return unknown('failed', path, 'no image store has left anything here', at, 0);
  }
  const last = lastChanged(records);
  if (last !== undefined) {
    const file = join(last.record.path, 'config.v2.json');
    return seen(last.store, `${file}: of both stores' containers the last that changed, ${last.moment}`, at);
  }
  const why = `both image stores have left data (${oldTrace}, ${newTrace}), and nothing tells which one is in use`;
  return unknown('failed', path, why, at, 0);
}

const MAX_TRACES = 3;

function contradicted(
  told: string,
  traces: readonly string[],
  path: string,
  at: string,
): Observed<DockerMode> {
  const why = `${told}, but all that is here is of the other store (${traces.slice(0, MAX_TRACES).join(', ')}): switched and not started since, or set up elsewhere`;
  return unknown('failed', path, why, at, 0);
}

function toldBy(config: DaemonConfig): { readonly mode: DockerMode; readonly words: string } | undefined {
  const { containerdSnapshotter: feature, storageDriver } = config;
  if (feature !== null) {
    return {
      mode: feature ? 'containerd' : 'graphdriver',
      words: `features.containerd-snapshotter ${feature}`,
    };
  }
  return storageDriver !== null && GRAPHDRIVERS.has(storageDriver)
    ? { mode: 'graphdriver', words: `storage-driver ${storageDriver}` }
    : undefined;
}

function lastChanged(records: readonly DockerContainerRecord[]):
  | {
      readonly record: DockerContainerRecord;
      readonly store: DockerMode;
      readonly moment: string;
    }
  | undefined {
  let last: ReturnType<typeof lastChanged>;
  for (const record of records) {
    const store = storeOfRecord(record);
    if (store === undefined) continue;
    const { createdAt, state } = record;
    for (const moment of [createdAt, state.startedAt, state.finishedAt]) {
      if (moment !== null && (last === undefined || Date.parse(moment) > Date.parse(last.moment))) {
        last = { record, store, moment };
      }
    }
  }
  return last;
}
