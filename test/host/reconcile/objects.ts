/** What made-up hosts are made of: single objects, as both sides have them where all is well. */

import type { Lease, Snapshot } from '../../../src/host/containerd.ts';
import type { DockerImage } from '../../../src/host/docker.ts';
import type { GraphDirectory } from '../../../src/host/docker-disk.ts';
import { digest, namespaceName, snapshotKey } from '../../../src/host/ids.ts';
import type { LeaseResources } from '../../../src/host/storage.ts';

export const AT = '2026-01-01T12:00:00Z';
/** Long enough ago for everybody to know of it. */
export const BEFORE = '2026-01-01T10:00:00Z';

export const MOBY = namespaceName('moby');

/** Hexadecimal digits, by a word. */
export const idOf = (word: string): string => Buffer.from(word).toString('hex').padEnd(64, '0').slice(0, 64);
export const digestOf = (word: string): ReturnType<typeof digest> => digest(`sha256:${idOf(word)}`);

/** Names of the containers in each kind of world, in use or left behind. */
export const container = (word: string): string => idOf(`c-${word}`);

export const directoryOf = (driver: string, id: string, modifiedAt = BEFORE): GraphDirectory => ({
  driver,
  id,
  path: `/var/lib/docker/${driver}/${id}`,
  complete: true,
  modifiedAt,
});

export const dockerImage = (id: ReturnType<typeof digest>, tags: readonly string[]): DockerImage => ({
  id,
  tags,
  digests: [],
  size: 1n,
  containers: null,
  labels: {},
  createdAt: BEFORE,
  target: null,
});

export const leaseOf = (id: string, createdAt = BEFORE): Lease => ({
  namespace: MOBY,
  id,
  labels: {},
  createdAt,
});

export const resourcesOf = (id: string): LeaseResources => ({
  namespace: MOBY,
  id,
  content: [],
  images: [],
  ingests: [],
  snapshots: [],
});

export const snapshotOf = (
  snapshotter: string,
  key: string,
  kind: Snapshot['kind'],
  parent: string | null,
  createdAt = BEFORE,
): Snapshot => ({
  namespace: MOBY,
  snapshotter,
  key: snapshotKey(key),
  parent: parent === null ? null : snapshotKey(parent),
  kind,
  labels: {},
  createdAt,
  updatedAt: createdAt,
});
