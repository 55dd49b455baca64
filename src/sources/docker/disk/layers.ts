/**
 * A graphdriver's layerdb (layer/filestore.go): which of its folders is which layer, and which is whose container's.
 *
 *     layerdb/sha256/<chain id>/                          a layer of images
 *     │   ├── diff        its diff ID
 *     │   ├── cache-id    its folder in the graphdriver
 *     │   ├── parent      chain ID of the layer below; not there for the lowest
 *     │   └── size        decimal
 *     ├── sha256/<chain id>-<random>-removing/            one whose removal was not finished
 *     └── mounts/<container id>/                          a writable layer
 *         ├── mount-id    its folder in the graphdriver
 *         ├── init-id     the folder below it, `<mount id>-init`
 *         └── parent      chain ID of the image's top layer
 */
import { join } from 'node:path';
import type { DockerLayer, DockerLayerMount } from '../../../host/docker-disk.ts';
import { containerId, digest } from '../../../host/ids.ts';
import type { Listing, ObjectRef } from '../../../host/observed.ts';
import { Malformed } from '../json.ts';
import { eachDriver } from './drivers.ts';
import { type Disk, folderAt, namesIfAny, readText } from './files.ts';
import { digestOf } from './image-configs.ts';
import { Draft } from './listing.ts';

const LAYER = /^([0-9a-f]{64})(-.*removing)?$/;

/** @throws FileFault; `missing` where no graphdriver was ever used */
export function* readLayers(disk: Disk, root: string): Generator<void, Listing<DockerLayer>> {
  const draft = new Draft<DockerLayer>();
  yield* eachDriver(disk, root, draft, function* (driver, folder) {
    const all = join(folder, 'layerdb/sha256');
    for (const name of namesIfAny(disk, all)) {
      yield;
      const path = join(all, name);
      const [, hex, removing] = LAYER.exec(name) ?? [];
      if (hex === undefined) {
        draft.miss({ kind: 'layer', id: name }, path, `${path}: the name is no chain ID`);
        continue;
      }
      const object = { kind: 'layer', id: `sha256:${hex}` };
      if (!isThere(disk, draft, object, path)) continue;
      const told = entryOf(disk, draft, object, path);
      const layer: DockerLayer = {
        driver,
        chainId: digest(object.id),
        diffId: told('diff', 'diffId', digestOf),
        cacheId: told('cache-id', 'cacheId', idOf),
        parent: told('parent', 'parent', digestOf),
        size: told('size', 'size', sizeOf),
        removing: removing !== undefined,
      };
      const isEmpty = layer.diffId === null && layer.cacheId === null;
      if (!isEmpty || isThere(disk, draft, object, path)) draft.items.push(layer);
    }
  });
  return draft.done();
}

/** @throws FileFault; `missing` where no graphdriver was ever used */
export function* readLayerMounts(disk: Disk, root: string): Generator<void, Listing<DockerLayerMount>> {
  const draft = new Draft<DockerLayerMount>();
  yield* eachDriver(disk, root, draft, function* (driver, folder) {
    const all = join(folder, 'layerdb/mounts');
    for (const name of namesIfAny(disk, all)) {
      yield;
      const path = join(all, name);
      const object = { kind: 'layer mount', id: name };
      if (!isThere(disk, draft, object, path)) continue;
      const told = entryOf(disk, draft, object, path);
      const mount: DockerLayerMount = {
        driver,
        containerId: containerId(name),
        mountId: told('mount-id', 'mountId', idOf),
        initId: told('init-id', 'initId', idOf),
        parent: told('parent', 'parent', digestOf),
      };
      if (mount.mountId !== null || isThere(disk, draft, object, path)) draft.items.push(mount);
    }
  });
  return draft.done();
}

type Told = <R>(file: string, field: string, parse: (text: string) => R) => R | null;

// One small file for each fact: one that is not there is null, one that cannot be read a gap.
function entryOf(disk: Disk, draft: Draft<unknown>, object: ObjectRef, folder: string): Told {
  return (file, field, parse) => {
    const path = join(folder, file);
    const read = (): ReturnType<typeof parse> | null => {
      const text = readText(disk, path);
      return text === undefined ? null : parse(text);
    };
    return draft.attempt(object, path, read, [field]) ?? null;
  };
}

// Looked at again where it has no files: one that was removed meanwhile is none.
function isThere(disk: Disk, draft: Draft<unknown>, object: ObjectRef, path: string): boolean {
  return draft.attempt(object, path, () => folderAt(disk, path)) !== undefined;
}

function idOf(text: string): string {
  if (/^[\w.-]{1,255}$/.test(text)) return text;
  throw new Malformed(`"${text.slice(0, 100)}" is no id of a graphdriver`);
}

function sizeOf(text: string): bigint {
  if (/^-?\d{1,19}$/.test(text)) return BigInt(text);
  throw new Malformed(`"${text.slice(0, 100)}" is no size`);
}
