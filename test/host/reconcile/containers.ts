/** The lists of a made-up host, and containers in them in every state. */

import type {
  Container,
  ContentInfo,
  Image,
  Lease,
  Manifest,
  Snapshot,
  Task,
  TaskStatus,
} from '../../../src/host/containerd.ts';
import type {
  DockerContainer,
  DockerDiscovery,
  DockerEndpoint,
  DockerImage,
  DockerMode,
} from '../../../src/host/docker.ts';
import type {
  DockerBuildSnapshot,
  DockerContainerRecord,
  DockerImageConfig,
  DockerLayer,
  DockerLayerMount,
  DockerReference,
  DockerRoot,
  GraphDirectory,
} from '../../../src/host/docker-disk.ts';
import { containerId } from '../../../src/host/ids.ts';
import { absent, type Observed } from '../../../src/host/observed.ts';
import type { HostSnapshot } from '../../../src/host/snapshot.ts';
import type { LeaseResources } from '../../../src/host/storage.ts';
import { bodyOf, dockerOf, recordOf, taskOf } from '../../sources/docker/hosts.ts';
import { AT, BEFORE, container, digestOf } from './objects.ts';

/** What is on the host, as lists that a test may change. */
export interface World {
  readonly mode: DockerMode;
  readonly driver: string;
  endpoint: Observed<DockerEndpoint>;
  root: Observed<DockerRoot>;
  discovery: DockerDiscovery;
  listed: DockerContainer[];
  files: DockerContainerRecord[];
  records: Container[];
  tasks: Task[];
  images: DockerImage[];
  references: DockerReference[];
  configs: DockerImageConfig[];
  layers: DockerLayer[];
  mounts: DockerLayerMount[];
  directories: GraphDirectory[];
  builds: DockerBuildSnapshot[];
  imageRecords: Image[];
  manifests: Manifest[];
  content: ContentInfo[];
  snapshots: Snapshot[];
  leases: Lease[];
  resources: LeaseResources[];
  from: HostSnapshot['from'];
  scope: HostSnapshot['scope'];
}

export const setRoot = (world: World, change: (root: DockerRoot) => DockerRoot): void => {
  if (world.root.state === 'seen') world.root = { ...world.root, value: change(world.root.value) };
};

const STATES = [
  ['running', 'RUNNING'],
  ['paused', 'PAUSED'],
  ['exited', null],
  ['created', null],
  ['dead', null],
] as const;

export function addContainers(
  world: World,
  prefix: string,
  driver: string,
  active: boolean,
): readonly string[] {
  return STATES.map(([state, status]) => {
    const id = container(`${prefix}${state}`);
    const { state: body } = bodyOf(id, { status: state, running: status !== null });
    world.files.push({
      id: containerId(id),
      name: `${prefix}${state}`,
      path: `/var/lib/docker/containers/${id}`,
      image: 'app:1',
      imageId: digestOf(`${prefix}app`),
      manifest: null,
      driver,
      state: { ...body, status: active ? state : 'exited' },
      labels: {},
      createdAt: BEFORE,
      limits: absent('hostconfig.json', AT),
    });
    if (active) {
      world.listed.push({ ...dockerOf(id, state, `${prefix}${state}`), createdAt: BEFORE });
      if (status !== null) run(world, id, status);
    }
    return id;
  });
}

/** containerd's part of a container that runs. */
export const run = (world: World, id: string, status: TaskStatus): void => {
  world.records.push(
    recordOf(id, { createdAt: BEFORE, labels: { 'com.docker/engine.bundle.path': `/run/docker/${id}` } }),
  );
  world.tasks.push(taskOf(id, status));
};
