/** The facets of Docker's data directory in a bundle. */
import type {
  DockerBuildSnapshot,
  DockerContainerRecord,
  DockerImageConfig,
  DockerLayer,
  DockerLayerMount,
  DockerNetwork,
  DockerReference,
  DockerReferenceFile,
  DockerRoot,
  DockerVolume,
  GraphDirectory,
  ReferenceFault,
} from '../host/docker-disk.ts';
import { descriptor, labels, time } from './containerd-forms.ts';
import { limits, state } from './docker-forms.ts';
import type { FormsOf } from './form.ts';
import {
  flag,
  gap,
  integer,
  list,
  moment,
  nullable,
  number,
  object,
  observed,
  optional,
  text,
  word,
} from './shape.ts';

type Own =
  | 'docker.root'
  | 'docker.references'
  | 'docker.referenceFiles'
  | 'docker.imageConfigs'
  | 'docker.layers'
  | 'docker.layerMounts'
  | 'docker.graphDirectories'
  | 'docker.containerRecords'
  | 'docker.volumes'
  | 'docker.networks'
  | 'docker.buildSnapshots';

const referenceFault = object<ReferenceFault>({ offset: number(), what: text() });

export const DOCKER_DISK_FORMS: FormsOf<Own> = {
  'docker.root': {
    value: object<DockerRoot>({
      path: text(),
      id: optional(nullable(text())),
      gaps: optional(list(gap)),
      graphDrivers: list(text()),
      snapshotters: list(text()),
      mode: observed(word('graphdriver', 'containerd')),
      containerdRoot: nullable(text()),
    }),
  },
  'docker.references': {
    item: object<DockerReference>({ driver: text(), repository: text(), reference: text(), imageId: text() }),
  },
  'docker.referenceFiles': {
    item: object<DockerReferenceFile>({
      driver: text(),
      path: text(),
      size: nullable(integer),
      names: number(),
      refused: nullable(referenceFault),
      dropped: list(referenceFault),
      droppedCount: number(),
    }),
  },
  'docker.imageConfigs': {
    item: object<DockerImageConfig>({
      driver: text(),
      imageId: text(),
      path: text(),
      intact: flag,
      size: integer,
      diffIds: list(text()),
      platform: nullable(text()),
      createdAt: time,
      parent: nullable(text()),
    }),
  },
  'docker.layers': {
    item: object<DockerLayer>({
      driver: text(),
      chainId: text(),
      diffId: nullable(text()),
      cacheId: nullable(text()),
      parent: nullable(text()),
      size: nullable(integer),
      removing: flag,
    }),
  },
  'docker.layerMounts': {
    item: object<DockerLayerMount>({
      driver: text(),
      containerId: text(),
      mountId: nullable(text()),
      initId: nullable(text()),
      parent: nullable(text()),
    }),
  },
  'docker.graphDirectories': {
    item: object<GraphDirectory>({
      driver: text(),
      id: text(),
      path: text(),
      complete: flag,
      modifiedAt: moment,
    }),
  },
  'docker.containerRecords': {
    item: object<DockerContainerRecord>({
      id: text(),
      name: nullable(text()),
      path: text(),
      image: text(),
      imageId: text(),
      manifest: nullable(descriptor),
      driver: text(),
      state,
      labels,
      createdAt: time,
      limits: observed(limits),
    }),
  },
  'docker.volumes': {
    item: object<DockerVolume>({
      name: text(),
      driver: nullable(text()),
      path: nullable(text()),
      labels,
      createdAt: time,
      recorded: flag,
      present: flag,
    }),
  },
  'docker.networks': { item: object<DockerNetwork>({ id: text(), name: text(), driver: text(), labels }) },
  'docker.buildSnapshots': {
    item: object<DockerBuildSnapshot>({ key: text(), graphId: nullable(text()) }),
  },
};
