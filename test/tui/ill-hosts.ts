/** Made-up hosts of which little or nothing can be read. */
import { namespaceName } from '../../src/host/ids.ts';
import { unknown } from '../../src/host/observed.ts';
import type { HostSnapshot, ListingFacet } from '../../src/host/snapshot.ts';
import { AT, demoHost, hostOf, listed, manyContainers } from './hosts.ts';

const LISTS: readonly ListingFacet[] = [
  'containerd.namespaces',
  'containerd.containers',
  'containerd.tasks',
  'containerd.images',
  'containerd.manifests',
  'containerd.content',
  'containerd.ingests',
  'containerd.snapshots',
  'containerd.leases',
  'containerd.plugins',
  'containerd.sandboxes',
];

/** All lists were read, and there is nothing in them. */
export const emptyHost = (): HostSnapshot =>
  hostOf({
    ...demoHost().facets,
    ...Object.fromEntries(LISTS.map((name) => [name, listed([])])),
  });

/** Its containers are known, their tasks are not. */
export const partialHost = (): HostSnapshot =>
  hostOf({
    ...manyContainers(3).facets,
    'containerd.tasks': unknown('denied', 'Tasks.List', 'permission denied', AT, 3),
  });

/** No list could be read. */
export const deniedHost = (): HostSnapshot =>
  hostOf(
    Object.fromEntries(
      LISTS.map((name) => [
        name,
        unknown(
          'denied',
          name,
          'the socket belongs to root, mode 0660, and this user is not in its group',
          AT,
          1,
        ),
      ]),
    ),
  );

/** One of its leases cannot be drawn. */
export const brokenHost = (): HostSnapshot => {
  const broken = { namespace: namespaceName('x'), labels: {}, createdAt: null };
  Object.defineProperty(broken, 'id', {
    get: () => {
      throw new Error('this record is broken');
    },
  });
  return hostOf({
    ...demoHost().facets,
    'containerd.leases': listed([broken as never, broken as never]),
  });
};
