/** Made-up Dockers above the made-up hosts. */
import type { DockerContainer, DockerEndpoint } from '../../src/host/docker.ts';
import { containerId, digest, namespaceName } from '../../src/host/ids.ts';
import { seen } from '../../src/host/observed.ts';
import { endpointOf } from '../sources/docker/hosts.ts';
import { AT, hexOf } from './hosts.ts';

export const dockerEndpointOf = (change: Partial<DockerEndpoint> = {}): DockerEndpoint => ({
  ...endpointOf(seen('containerd', 'GET /info', AT), 'overlayfs'),
  version: '29.1.3',
  components: seen(
    [
      { name: 'containerd', version: '2.0.2' },
      { name: 'runc', version: '1.2.4' },
    ],
    'GET /version',
    AT,
  ),
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
