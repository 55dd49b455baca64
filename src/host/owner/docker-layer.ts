/** Whose a folder of a graphdriver is: a container's writable layer, an image's layer, or BuildKit's. */
import { chainIds } from '../chain-id.ts';
import { items } from '../kinds/listing.ts';
import type { HostSnapshot } from '../snapshot.ts';

/** What it is found by. */
export const LAYER_WANTS = [
  'docker.layers',
  'docker.layerMounts',
  'docker.imageConfigs',
  'docker.buildSnapshots',
  'docker.graphDirectories',
] as const;

/** A folder of a graphdriver, or the record of a layer in layerdb. */
export type LayerName =
  | { readonly driver: string; readonly folder: string }
  | { readonly driver: string; readonly chainId: string };

export interface LayerOwners {
  /** In words: what the folder is. */
  readonly is: string;
  readonly containers: readonly string[];
  /** Digests of the configs. */
  readonly images: readonly string[];
}

/** The owners of a graphdriver's folder or layer; undefined where none of Docker's records names it. */
export const ownersOfLayer = (host: HostSnapshot, name: LayerName): LayerOwners | undefined => {
  const folder = 'folder' in name ? name.folder : undefined;
  for (const mount of items(host, 'docker.layerMounts')) {
    if (mount.driver !== name.driver || folder === undefined) continue;
    if (mount.mountId === folder || mount.initId === folder) {
      const is = mount.mountId === folder ? 'a writable layer' : 'what Docker lays below a writable layer';
      return { is, containers: [mount.containerId], images: [] };
    }
  }
  const layer = items(host, 'docker.layers').find(
    ({ driver, cacheId, chainId }) =>
      driver === name.driver && ('chainId' in name ? chainId === name.chainId : cacheId === name.folder),
  );
  if (layer !== undefined) {
    const images = items(host, 'docker.imageConfigs')
      .filter((image) => image.driver === name.driver && chainIds(image.diffIds).includes(layer.chainId))
      .map(({ imageId }) => imageId);
    return { is: `layer ${layer.chainId}`, containers: [], images };
  }
  const build = items(host, 'docker.buildSnapshots').find(
    ({ graphId }) => graphId !== null && graphId === folder,
  );
  return build && { is: `BuildKit's snapshot ${build.key}`, containers: [], images: [] };
};

/** Fewer characters than this are no prefix: they match by accident. */
const LEAST_PREFIX = 4;

/**
 * The folders of graphdrivers that are called so: by their whole id, else all whose id begins with it; `DRIVER/` before
 * it narrows it. What Docker lays below a writable layer is named after that, and is meant by its whole name only.
 */
export const findLayers = (host: HostSnapshot, reference: string): { driver: string; folder: string }[] => {
  const folders = new Map<string, { driver: string; folder: string }>();
  const add = (driver: string, folder: string | null): void => {
    if (folder !== null) folders.set(`${driver}/${folder}`, { driver, folder });
  };
  for (const { driver, cacheId } of items(host, 'docker.layers')) add(driver, cacheId);
  for (const { driver, mountId, initId } of items(host, 'docker.layerMounts')) {
    add(driver, mountId);
    add(driver, initId);
  }
  for (const { driver, id } of items(host, 'docker.graphDirectories')) add(driver, id);
  const all = [...folders.entries()];
  const exact = all.filter(([label, { folder }]) => reference === folder || reference === label);
  const matches =
    exact.length > 0
      ? exact
      : all.filter(
          ([label, { driver, folder }]) =>
            !folder.endsWith('-init') &&
            ((reference.length >= LEAST_PREFIX && folder.startsWith(reference)) ||
              (reference.length >= driver.length + 1 + LEAST_PREFIX && label.startsWith(reference))),
        );
  return matches.map(([, found]) => found);
};
