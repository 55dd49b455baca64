/** Made-up Dockers above the made-up hosts. */
import type { DockerContainer, DockerEndpoint } from '../../src/host/docker.ts';
import { containerId, digest, namespaceName } from '../../src/host/ids.ts';
import { seen } from '../../src/host/observed.ts';
import { AT, hexOf } from './hosts.ts';

export const dockerEndpointOf = (change: Partial<DockerEndpoint> = {}): DockerEndpoint => ({
  address: '/run/docker.sock',
  api: { server: '1.52', minimum: '1.44', used: '1.52', engine: '29.1.3' },
  id: 'made-up',
  version: '29.1.3',
  components: seen(
    [
      { name: 'containerd', version: '2.0.2' },
      { name: 'runc', version: '1.2.4' },
    ],
    'GET /version',
    AT,
  ),
  mode: seen('containerd', 'GET /info', AT),
  driver: 'overlayfs',
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
  ...change,
});

export const dockerContainerOf = (
  id: string,
  name: string,
  change: Partial<DockerContainer> = {},
): DockerContainer => ({
  namespace: namespaceName('moby'),
  id: containerId(id),
  names: [name],
  image: 'redis:7.2',
  imageId: digest(`sha256:${hexOf(100)}`),
  state: 'running',
  status: 'Up 2 hours',
  exitCode: null,
  labels: {},
  createdAt: '2026-03-01T10:00:00Z',
  ...change,
});
