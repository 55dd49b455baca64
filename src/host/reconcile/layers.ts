/** A graphdriver's layers: which of them an image needs, and whether each has its folder. */
import { chainIds } from '../chain-id.ts';
import type { DockerImageConfig, DockerLayer, GraphDirectory } from '../docker-disk.ts';
import { isUnknown } from '../observed.ts';
import { type Book, bookOf } from './book.ts';
import { type Check, evidenceOf, type ReconcileRow, rowKey, rowOf, sideOf, unreadBeside } from './row.ts';
import { isActive, type Stage } from './stage.ts';

export interface LayerBooks {
  readonly layers: Book<DockerLayer>;
  readonly directories: Book<GraphDirectory>;
}

export const layerBooks = ({ host }: Stage): LayerBooks => ({
  layers: bookOf(host, 'docker.layers', {
    keys: ({ driver, chainId }) => [`${driver}/${chainId}`],
    kinds: ['layer'],
    only: ({ removing }) => !removing,
  }),
  directories: bookOf(host, 'docker.graphDirectories', {
    keys: ({ driver, id }) => [`${driver}/${id}`],
    kinds: ['graph directory'],
  }),
});

/** Whether the folder that the driver keeps this in is there, with its content. */
export const directoryCheck = (
  { directories }: LayerBooks,
  driver: string,
  id: string,
  rule: 'layer-directory-missing' | 'mount-directory-missing',
): Check | undefined => {
  const directory = directories.look(`${driver}/${id}`);
  if (isUnknown(directory)) return unreadBeside(directory, `the folder ${id} of ${driver}`);
  if (directory.state === 'seen' && directory.value.complete) return undefined;
  const doubt = directories.unreadField(`${driver}/${id}`, 'complete');
  if (doubt !== undefined) return unreadBeside(doubt, `what is in the folder ${id} of ${driver}`);
  const what = directory.state === 'seen' ? `${directory.value.path} has no content` : `no folder ${id}`;
  return {
    rule,
    detail: `${driver}/${id}`,
    docker: [
      { layer: 'snapshot', source: directory.from, field: `${driver} ${id}`, value: what, at: directory.at },
    ],
  };
};

/** What is wrong with a layer that layerdb has; undefined for one that is well. */
export const layerCheck = (
  books: LayerBooks,
  { driver, chainId, cacheId }: DockerLayer,
): Check | undefined => {
  if (cacheId !== null) return directoryCheck(books, driver, cacheId, 'layer-directory-missing');
  const doubt = books.layers.unreadField(`${driver}/${chainId}`, 'cacheId');
  return doubt === undefined
    ? { rule: 'layer-without-directory', detail: 'cache-id is missing' }
    : unreadBeside(doubt, `which folder holds layer ${chainId}`);
};

/** What of an image's layers is wrong or not known, the worst first. */
export const imageLayerCheck = (
  books: LayerBooks,
  { driver, diffIds }: DockerImageConfig,
): Check | undefined => {
  let doubt: Check | undefined;
  for (const chainId of chainIds(diffIds)) {
    const layer = books.layers.look(`${driver}/${chainId}`);
    if (layer.state === 'absent') {
      const value = 'layerdb has no such layer';
      const docker = [{ layer: 'docker', source: layer.from, field: chainId, value, at: layer.at }] as const;
      return { rule: 'layer-missing', detail: chainId, docker };
    }
    if (isUnknown(layer)) {
      doubt ??= unreadBeside(layer, `layer ${chainId}`);
      continue;
    }
    const check = layerCheck(books, layer.value);
    if (check === undefined) continue;
    if (check.rule === 'unread') doubt ??= check;
    else {
      const because = rowKey({ kind: 'layer', namespace: null, id: chainId });
      return { rule: 'image-layer-broken', detail: chainId, docker: check.docker ?? [], because };
    }
  }
  return doubt;
};

/** The layers of the store in use that are broken, each once, however many images need it. */
export const layerRows = (stage: Stage, books: LayerBooks): readonly ReconcileRow[] =>
  books.layers.items.flatMap((layer): ReconcileRow[] => {
    if (isActive(stage, 'graphdriver', layer.driver) !== true) return [];
    const check = layerCheck(books, layer);
    if (check === undefined || check.rule === 'unread') return [];
    const fact = books.layers.look(`${layer.driver}/${layer.chainId}`);
    const evidence = evidenceOf('docker', fact, 'cache-id', ({ cacheId }) => cacheId ?? 'missing');
    const docker = sideOf([fact], `layer of ${layer.driver}`, evidence);
    const name = `${layer.driver}/${layer.cacheId ?? '?'}`;
    const object = { kind: 'layer', namespace: null, name, id: layer.chainId } as const;
    return [rowOf(object, { docker, containerd: NO_PART }, [check])];
  });

/** containerd's side of what a graphdriver keeps. */
export const NO_PART = { has: false, says: 'has no part in it', evidence: [] } as const;
