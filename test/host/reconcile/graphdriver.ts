/** What a Docker with a graphdriver has of images and containers. */

import { chainIds } from '../../../src/host/chain-id.ts';
import { containerId, digest } from '../../../src/host/ids.ts';
import { addContainers, setRoot, type World } from './containers.ts';
import { BEFORE, digestOf, directoryOf, dockerImage, idOf, leaseOf, resourcesOf } from './objects.ts';

export function addGraphdriver(world: World, active: boolean): void {
  const driver = 'overlay2';
  setRoot(world, (root) => ({ ...root, graphDrivers: [driver] }));
  // Pulled, with the manifests kept; pulled, when another namespace had them; built upon a step that has no name.
  graphImage(world, 'app', {
    tags: ['app:1', 'registry.test:5000/a/b:2'],
    layers: ['base', 'app'],
    lease: 'full',
    active,
  });
  graphImage(world, 'pulled', { tags: ['ghcr.io/x/y:3'], layers: ['base'], lease: 'empty', active });
  graphImage(world, 'built', {
    tags: ['built:latest'],
    layers: ['base', 'step', 'built'],
    lease: 'none',
    active,
  });
  graphImage(world, 'step', { tags: [], layers: ['base', 'step'], lease: 'none', active, hidden: true });
  graphImage(world, 'dangling', { tags: [], layers: ['base'], lease: 'none', active });
  for (const id of addContainers(world, 'g-', driver, active)) mount(world, driver, id);
  // A build's mount and snapshot are among those of containers and layers.
  mount(world, driver, 'q1w2e3r4t5y6u7i8o9p0asdfg');
  world.directories.push(
    directoryOf(driver, 'build-key'),
    directoryOf(driver, 'build-graph'),
    directoryOf(driver, 'l'),
  );
  world.builds.push({ key: 'build-key', graphId: null }, { key: 'sha256:other', graphId: 'build-graph' });
}

function graphImage(
  world: World,
  word: string,
  how: {
    readonly tags: readonly string[];
    readonly layers: readonly string[];
    readonly lease: 'full' | 'empty' | 'none';
    readonly active: boolean;
    readonly hidden?: boolean;
  },
): void {
  const driver = 'overlay2';
  const id = digestOf(word);
  const diffIds = how.layers.map((layer) => digestOf(`diff-${layer}`));
  for (const reference of how.tags) {
    world.references.push({ driver, repository: reference.replace(/:[^:/]*$/, ''), reference, imageId: id });
  }
  world.configs.push({
    driver,
    imageId: id,
    path: `/var/lib/docker/image/${driver}/imagedb/content/sha256/${idOf(word)}`,
    intact: true,
    size: 1000n,
    diffIds,
    platform: 'linux/amd64',
    createdAt: BEFORE,
    parent: null,
  });
  chainIds(diffIds).forEach((chainId, i) => {
    if (world.layers.some((layer) => layer.chainId === chainId)) return;
    const cacheId = `cache-${how.layers.slice(0, i + 1).join('-')}`;
    world.layers.push({
      driver,
      chainId: digest(chainId),
      diffId: diffIds[i] ?? null,
      cacheId,
      parent: null,
      size: 1n,
      removing: false,
    });
    world.directories.push(directoryOf(driver, cacheId));
  });
  if (how.active && how.hidden !== true) world.images.push(dockerImage(id, how.tags));
  if (how.lease === 'none') return;
  const lease = `moby-image-${id}`;
  world.leases.push(leaseOf(lease));
  world.resources.push({
    ...resourcesOf(lease),
    content: how.lease === 'full' ? [digestOf('manifest')] : [],
  });
}

function mount(world: World, driver: string, id: string): void {
  const mountId = `mount-${id}`;
  world.mounts.push({
    driver,
    containerId: containerId(id),
    mountId,
    initId: `${mountId}-init`,
    parent: null,
  });
  world.directories.push(directoryOf(driver, mountId), directoryOf(driver, `${mountId}-init`));
}
