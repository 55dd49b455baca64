/** Whose a folder of a graphdriver is: a container's writable layer, an image's layer, or BuildKit's. */
import { createHash } from 'node:crypto';
import { items } from '../kinds/listing.ts';
import type { HostSnapshot } from '../snapshot.ts';

/** What it is found by. */
export const LAYER_WANTS = [
  'docker.layers',
  'docker.layerMounts',
  'docker.imageConfigs',
  'docker.buildSnapshots',
] as const;

export interface LayerOwners {
  /** In words: what the folder is. */
  readonly is: string;
  readonly containers: readonly string[];
  /** Digests of the configs. */
  readonly images: readonly string[];
}

/** The owners of a graphdriver's folder; undefined where none of Docker's records names it. */
export const ownersOfLayer = (host: HostSnapshot, driver: string, id: string): LayerOwners | undefined => {
  for (const mount of items(host, 'docker.layerMounts')) {
    if (mount.driver !== driver) continue;
    if (mount.mountId === id || mount.initId === id) {
      const is = mount.mountId === id ? 'a writable layer' : 'what Docker lays below a writable layer';
      return { is, containers: [mount.containerId], images: [] };
    }
  }
  const layer = items(host, 'docker.layers').find((l) => l.driver === driver && l.cacheId === id);
  if (layer !== undefined) {
    const images = items(host, 'docker.imageConfigs')
      .filter((image) => image.driver === driver && chainIds(image.diffIds).includes(layer.chainId))
      .map(({ imageId }) => imageId);
    return { is: `layer ${layer.chainId}`, containers: [], images };
  }
  const build = items(host, 'docker.buildSnapshots').find(({ graphId }) => graphId === id);
  return build && { is: `BuildKit's snapshot ${build.key}`, containers: [], images: [] };
};

/** A layer with all below it: the first's diff ID, then the SHA-256 of the chain ID before and the diff ID (OCI image spec, ChainID). */
export const chainIds = (diffIds: readonly string[]): string[] => {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const before = chain.at(-1);
    chain.push(
      before === undefined
        ? diffId
        : `sha256:${createHash('sha256').update(`${before} ${diffId}`).digest('hex')}`,
    );
  }
  return chain;
};
