/** What a Docker with containerd's image store has of images and containers. */

import type { Manifest } from '../../../src/host/containerd.ts';
import { snapshotKey } from '../../../src/host/ids.ts';
import { addContainers, setRoot, type World } from './containers.ts';
import { BEFORE, digestOf, dockerImage, leaseOf, MOBY, resourcesOf, snapshotOf } from './objects.ts';

export function addStore(world: World, active: boolean): void {
  const driver = 'overlayfs';
  setRoot(world, (root) => ({ ...root, snapshotters: [driver] }));
  storeImage(world, 's-app', ['docker.io/library/app:1', 'docker.io/library/app:2'], active);
  storeImage(world, 's-registry', ['registry.test:5000/a/b:2'], active);
  storeImage(world, 's-dangling', [`moby-dangling@${digestOf('s-dangling')}`], active);
  storeImage(world, 's-step', [`moby-dangling@${digestOf('s-step')}`], active, true);
  const [app] = world.imageRecords;
  if (app !== undefined) {
    world.imageRecords[0] = { ...app, labels: { 'org.mobyproject.image.parent': digestOf('s-step') } };
  }
  for (const id of addContainers(world, 's-', driver, active)) {
    world.snapshots.push(
      snapshotOf(driver, id, 'Active', `${id}-init`),
      snapshotOf(driver, `${id}-init`, 'Committed', 'sha256:chain'),
    );
    world.leases.push(leaseOf(id));
    world.resources.push({
      ...resourcesOf(id),
      snapshots: [id, `${id}-init`].map((key) => ({ snapshotter: driver, key: snapshotKey(key) })),
    });
  }
}

function storeImage(
  world: World,
  word: string,
  names: readonly string[],
  active: boolean,
  hidden = false,
): void {
  const [target, manifest, config] = [
    digestOf(word),
    digestOf(`${word}-manifest`),
    digestOf(`${word}-config`),
  ];
  const descriptor = {
    mediaType: 'application/vnd.oci.image.index.v1+json',
    digest: target,
    size: 1n,
    annotations: {},
  };
  for (const name of names) {
    world.imageRecords.push({
      namespace: MOBY,
      name,
      target: descriptor,
      labels: {},
      createdAt: BEFORE,
      updatedAt: BEFORE,
    });
  }
  const child = (role: 'manifest' | 'config' | 'layer', of: typeof target): Manifest['children'][number] => ({
    role,
    mediaType: '',
    digest: of,
    size: 1n,
    platform: null,
  });
  const manifestOf = (
    of: typeof target,
    kind: Manifest['kind'],
    children: Manifest['children'],
  ): Manifest => ({
    namespace: MOBY,
    digest: of,
    kind,
    platform: null,
    children,
  });
  world.manifests.push(
    // Another platform's manifest was not pulled, and the layers were dropped once they were unpacked.
    manifestOf(target, 'index', [child('manifest', manifest), child('manifest', digestOf(`${word}-arm`))]),
    manifestOf(manifest, 'manifest', [child('config', config), child('layer', digestOf(`${word}-layer`))]),
  );
  for (const of of [target, manifest, config]) {
    world.content.push({
      namespace: MOBY,
      digest: of,
      size: 1n,
      labels: {},
      createdAt: BEFORE,
      updatedAt: null,
    });
  }
  const tags = names
    .filter((name) => !name.startsWith('moby-dangling@'))
    .map((name) => name.replace('docker.io/library/', ''));
  if (active && !hidden) world.images.push({ ...dockerImage(target, tags), target: descriptor });
}
