/** A made-up host on which every state that a fact can have occurs. */
import type { ContainerBody } from '../../src/host/containerd.ts';
import { containerId, digest, namespaceName, pid, snapshotKey } from '../../src/host/ids.ts';
import { absent, type Gap, type Listing, type Observed, seen, unknown } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';

export const AT = '2026-03-01T12:00:00.000Z';

const listed = <T>(items: readonly T[], gaps: readonly Gap[] = []): Observed<Listing<T>> =>
  seen({ items, gaps }, 'made up', AT);

const SHOP = namespaceName('shop');
const BLOG = namespaceName('blog');
const HOSTILE = '\u001b[31mred\u202e\u0000 $int ‹› "\\ \ud800';

const ODD: Readonly<Record<string, string>> = {
  $int: '5',
  $$: HOSTILE,
  constructor: 'x',
  ['__proto__']: 'own',
};

const container = (namespace: typeof SHOP, id: string, labels: Record<string, string> = {}) => ({
  namespace,
  id: containerId(id),
  labels,
  image: 'docker.io/library/redis:7.2',
  runtime: 'io.containerd.runc.v2',
  snapshotter: 'overlayfs',
  snapshotKey: snapshotKey(id),
  sandbox: '',
  createdAt: '2026-03-01T10:00:00.123456789Z',
  updatedAt: null,
});

export const bodyOf = (namespace: string, id: string, spec: unknown): ContainerBody => ({
  namespace: namespaceName(namespace),
  id: containerId(id),
  spec: seen(spec, `Containers.Get ${namespace}/${id} spec`, AT),
  runtimeOptions: absent('Containers.Get', AT),
  extensions: { 'io.cri/metadata': unknown('failed', 'Containers.Get', 'not JSON', AT, 0) },
});

/** Two namespaces of three, tasks of which one is unknown, a namespace that could not be listed. */
export const madeHost = (): HostSnapshot => ({
  schemaVersion: 1,
  at: AT,
  from: 'live',
  scope: {},
  timings: [
    { facet: 'containerd.containers', startedAt: AT, ms: 12.5, outcome: 'partial' },
    { facet: 'containerd.version', startedAt: AT, ms: 1, outcome: 'timeout' },
  ],
  facets: {
    'host.system': seen(
      {
        hostname: 'web-1',
        os: 'Debian GNU/Linux 12',
        kernel: '6.1.0',
        arch: 'x64',
        cpus: 2,
        memory: 2n ** 60n,
        cgroups: 'v2',
      },
      'uname',
      AT,
    ),
    'containerd.version': unknown('timeout', 'Version.Version', 'no answer within 2 s', AT, 2000),
    'containerd.sandboxes': absent('sandbox.Store.List', AT, 'this containerd has no sandbox store'),
    'containerd.namespaces': listed([
      { name: SHOP, labels: ODD },
      { name: BLOG, labels: {} },
      { name: namespaceName('lost'), labels: {} },
    ]),
    'containerd.containers': listed(
      [container(SHOP, 'web', { app: HOSTILE }), container(SHOP, 'db'), container(BLOG, 'web')],
      [
        {
          ...unknown('timeout', 'Containers.List lost', 'no answer within 2 s', AT, 2000),
          object: { namespace: 'lost' },
        },
      ],
    ),
    'containerd.tasks': listed([
      {
        namespace: SHOP,
        id: containerId('web'),
        status: seen('RUNNING', 'Tasks.List', AT),
        pid: seen(pid(42), 'Tasks.List', AT),
        exitStatus: null,
        exitedAt: null,
        stdin: '',
        stdout: '/run/fifo',
        stderr: '',
        terminal: true,
      },
      {
        namespace: BLOG,
        id: containerId('web'),
        status: unknown('timeout', 'Tasks.Get', 'its shim did not answer containerd within 2 s', AT, 2000),
        pid: unknown('timeout', 'Tasks.Get', 'its shim did not answer containerd within 2 s', AT, 2000),
        exitStatus: 0,
        exitedAt: AT,
        stdin: '',
        stdout: '',
        stderr: '',
        terminal: false,
      },
    ]),
    'containerd.content': listed([
      {
        namespace: SHOP,
        digest: digest(`sha256:${'0'.repeat(64)}`),
        size: 2n ** 63n - 1n,
        labels: {},
        createdAt: null,
        updatedAt: null,
      },
    ]),
    'containerd.bodies': listed([
      bodyOf('shop', 'web', { process: { args: ['/bin/sh', HOSTILE], env: ['A=‹withheld›'] }, $int: '7' }),
      bodyOf('blog', 'web', null),
    ]),
  },
});
