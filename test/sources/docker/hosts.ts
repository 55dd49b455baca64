import type { Container, Task, TaskStatus } from '../../../src/host/containerd.ts';
import type { DockerBody, DockerContainer, DockerEndpoint, DockerState } from '../../../src/host/docker.ts';
import { containerId, digest, namespaceName, pid, snapshotKey } from '../../../src/host/ids.ts';
import { absent, type Gap, type Listing, type Observed, seen } from '../../../src/host/observed.ts';
import type { Facets, HostSnapshot } from '../../../src/host/snapshot.ts';
import type { DockerProcess } from '../../../src/sources/docker/processes.ts';

export const AT = '2026-01-01T00:00:00Z';

export const hostWith = (facets: { readonly [K in keyof Facets]?: Observed<Facets[K]> }): HostSnapshot => ({
  schemaVersion: 1,
  at: AT,
  from: 'live',
  scope: {},
  facets,
  timings: [],
});

export const listed = <T>(items: readonly T[], gaps: readonly Gap[] = []): Observed<Listing<T>> =>
  seen({ items, gaps }, 'made up', AT);

export const recordOf = (id: string, over: Partial<Container> = {}): Container => ({
  namespace: namespaceName('moby'),
  id: containerId(id),
  labels: {},
  image: '',
  runtime: 'io.containerd.runc.v2',
  snapshotter: '',
  snapshotKey: snapshotKey(''),
  sandbox: '',
  createdAt: AT,
  updatedAt: AT,
  ...over,
});

export const taskOf = (id: string, status: TaskStatus, number = 100, namespace = 'moby'): Task => ({
  namespace: namespaceName(namespace),
  id: containerId(id),
  status: seen(status, 'Tasks.List', AT),
  pid: seen(pid(number), 'Tasks.List', AT),
  exitStatus: status === 'STOPPED' ? 0 : null,
  exitedAt: null,
  stdin: '',
  stdout: '',
  stderr: '',
  terminal: false,
});

export const dockerOf = (id: string, state: string, name = `name-of-${id}`): DockerContainer => ({
  namespace: namespaceName('moby'),
  id: containerId(id),
  names: [name],
  image: 'nginx:1.27',
  imageId: digest('sha256:image'),
  state,
  status: '',
  exitCode: state === 'exited' ? 3 : null,
  labels: {},
  createdAt: AT,
});

export const bodyOf = (id: string, state: Partial<DockerState>, driver = 'overlay2'): DockerBody => ({
  namespace: namespaceName('moby'),
  id: containerId(id),
  name: `name-of-${id}`,
  image: 'nginx:1.27',
  imageId: digest('sha256:image'),
  createdAt: AT,
  state: {
    status: 'running',
    running: true,
    paused: false,
    restarting: false,
    oomKilled: false,
    dead: false,
    pid: pid(100),
    exitCode: null,
    error: '',
    startedAt: AT,
    finishedAt: null,
    health: null,
    ...state,
  },
  restartCount: 0,
  restartPolicy: 'no',
  driver,
  limits: { Memory: 67_108_864n },
  networkMode: 'none',
  logDriver: 'json-file',
  logPath: '',
  document: {},
});

export const endpointOf = (mode: DockerEndpoint['mode'], driver: string): DockerEndpoint => ({
  address: '/run/docker.sock',
  api: { server: '1.51', minimum: '1.24', used: '1.51', engine: '28.5.2' },
  id: 'x',
  version: '28.5.2',
  components: absent('GET /version', AT),
  mode,
  driver,
  driverStatus: [],
  containerd: seen('/run/containerd/containerd.sock', 'GET /info', AT),
  namespaces: { containers: namespaceName('moby'), plugins: namespaceName('plugins.moby') },
  rootDir: '/var/lib/docker',
  cgroupDriver: 'systemd',
  cgroupVersion: '2',
  liveRestore: false,
  defaultRuntime: 'runc',
  runtimes: ['runc'],
  loggingDriver: 'json-file',
  securityOptions: [],
  warnings: [],
  containers: { running: 1, paused: 0, stopped: 0 },
});

/** A dockerd that was started by these words. Its pid is of no process, so that nothing is read of a real one. */
export const dockerdOf = (argv: readonly string[], over: Partial<DockerProcess> = {}): DockerProcess => ({
  pid: pid(2 ** 22 + 7),
  argv: ['/usr/bin/dockerd', ...argv],
  uid: 0,
  stopped: false,
  sameRoot: true,
  manages: false,
  listens: async () => [],
  ...over,
});
