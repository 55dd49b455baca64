/** Hosts whose Docker and containerd do not agree, and what the UI reads of them. */
import { detailsOf } from '../../src/cli/details.ts';
import type { DetailSource } from '../../src/host/feed.ts';
import { seen } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import type { World } from '../host/reconcile/containers.ts';
import { setTask, without } from '../host/reconcile/faults.ts';
import { container, digestOf, idOf, leaseOf, snapshotOf } from '../host/reconcile/objects.ts';
import { hostOf, storeWorld } from '../host/reconcile/world.ts';
import { AT, listed } from './hosts.ts';
import { viewsHost } from './view-hosts.ts';

/** An image without its target, a container without its lease, a pause that Docker has not seen, and what is left of others. */
export const faultyWorld = (): World => {
  const world = storeWorld();
  world.content = without(world.content, ({ digest }) => digest === digestOf('s-app'));
  world.leases = without(world.leases, ({ id }) => id === container('s-created'));
  world.snapshots.push(snapshotOf('overlayfs', idOf('gone'), 'Active', null));
  world.leases.push(leaseOf(idOf('left')));
  setTask(world, container('s-running'), 'PAUSED');
  return world;
};

export const faultyHost = (): HostSnapshot => hostOf(faultyWorld());

/** The host of all views, with what says who holds what: its images hold their index, and no more. */
export const heldHost = (): HostSnapshot => {
  const host = viewsHost();
  const { 'containerd.plugins': _, ...facets } = host.facets;
  return {
    ...host,
    facets: {
      ...facets,
      'containerd.leaseResources': listed([]),
      'containerd.version': seen({ version: '2.1.4', revision: '' }, 'Version', AT),
    },
  };
};

/** What the command line reads for the UI, of a host that stands still. */
export const detailsOfHost = (host: () => HostSnapshot): DetailSource =>
  detailsOf({ collect: () => Promise.resolve(host()), recheck: undefined });
