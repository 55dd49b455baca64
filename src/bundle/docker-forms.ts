/** Docker's facets in a bundle. */
import type {
  DockerApi,
  DockerBody,
  DockerCandidate,
  DockerContainer,
  DockerDiscovery,
  DockerDiskUsage,
  DockerEndpoint,
  DockerImage,
  DockerLimits,
  DockerState,
} from '../host/docker.ts';
import { isDockersNamespace } from '../host/docker-join.ts';
import { descriptor, labels, time } from './containerd-forms.ts';
import type { FormsOf } from './form.ts';
import { origin } from './host-forms.ts';
import {
  flag,
  integer,
  json,
  list,
  map,
  nullable,
  number,
  object,
  observed,
  oneOf,
  pair,
  type Shape,
  text,
  word,
} from './shape.ts';

const api = object<DockerApi>({
  server: text(),
  minimum: nullable(text()),
  used: text(),
  engine: nullable(text()),
});

const candidate = object<DockerCandidate>({
  address: text(),
  origin,
  named: text(),
  api: observed(api),
  containerd: observed(text()),
  namespace: nullable(text()),
  belongs: nullable(flag),
});

export const state = object<DockerState>({
  status: text(),
  running: flag,
  paused: flag,
  restarting: flag,
  oomKilled: flag,
  dead: flag,
  pid: nullable(number()),
  exitCode: nullable(number()),
  error: text(),
  startedAt: time,
  finishedAt: time,
  health: nullable(text()),
});

export const limits: Shape<DockerLimits> = map(oneOf<bigint | string | boolean>(integer, text(), flag));

// With userns-remap, containerd's namespace has an ending that Docker's own does not.
const isIn = (item: { readonly namespace: string }, namespace: string): boolean =>
  isDockersNamespace(item.namespace, namespace);

type Own =
  | 'docker.discovery'
  | 'docker.endpoint'
  | 'docker.containers'
  | 'docker.bodies'
  | 'docker.images'
  | 'docker.diskUsage';

export const DOCKER_FORMS: FormsOf<Own> = {
  'docker.discovery': {
    value: object<DockerDiscovery>({
      containerd: text(),
      candidates: list(candidate),
      chosen: nullable(candidate),
    }),
  },
  'docker.endpoint': {
    value: object<DockerEndpoint>({
      address: text(),
      api,
      id: text(),
      version: text(),
      components: observed(list(object({ name: text(), version: text() }))),
      mode: observed(word('graphdriver', 'containerd')),
      driver: text(),
      driverStatus: list(pair(text(), text())),
      containerd: observed(text()),
      namespaces: object({ containers: nullable(text()), plugins: nullable(text()) }),
      rootDir: text(),
      cgroupDriver: text(),
      cgroupVersion: text(),
      liveRestore: flag,
      defaultRuntime: text(),
      runtimes: list(text()),
      loggingDriver: text(),
      securityOptions: list(text()),
      warnings: list(text()),
      containers: object({ running: number(), paused: number(), stopped: number() }),
    }),
  },
  'docker.containers': {
    item: object<DockerContainer>({
      namespace: text(),
      id: text(),
      names: list(text()),
      image: text(),
      imageId: text(),
      state: text(),
      status: text(),
      exitCode: nullable(number()),
      labels,
      createdAt: time,
    }),
    isIn,
  },
  'docker.bodies': {
    item: object<DockerBody>({
      namespace: text(),
      id: text(),
      name: nullable(text()),
      image: text(),
      imageId: text(),
      createdAt: time,
      state,
      restartCount: number(),
      restartPolicy: text(),
      driver: text(),
      limits,
      networkMode: text(),
      logDriver: text(),
      logPath: text(),
      document: json,
    }),
    isIn,
    perContainer: true,
  },
  'docker.images': {
    item: object<DockerImage>({
      id: text(),
      tags: list(text()),
      digests: list(text()),
      size: integer,
      containers: nullable(number()),
      labels,
      createdAt: time,
      target: nullable(descriptor),
    }),
  },
  'docker.diskUsage': {
    value: object<DockerDiskUsage>({
      layersSize: nullable(integer),
      images: list(object({ id: text(), size: integer, sharedSize: nullable(integer) })),
      containers: list(object({ id: text(), sizeRw: integer, sizeRootFs: nullable(integer) })),
      volumes: list(object({ name: text(), size: nullable(integer) })),
      buildCache: list(object({ id: text(), size: integer, inUse: flag })),
    }),
    onDemand: true,
  },
};
