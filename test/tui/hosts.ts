/** Made-up hosts for the UI's tests and its demo. */
import type {
  Container,
  ContentInfo,
  Image,
  Ingest,
  Lease,
  Manifest,
  Namespace,
  Plugin,
  Snapshot,
  Task,
  TaskStatus,
} from '../../src/host/containerd.ts';
import { containerId, digest, namespaceName, pid, snapshotKey } from '../../src/host/ids.ts';
import { type Gap, type Listing, type Observed, seen, unknown } from '../../src/host/observed.ts';
import type { Facets, HostSnapshot } from '../../src/host/snapshot.ts';

export const AT = '2026-03-01T12:00:00.000Z';

type Parts = { readonly [K in keyof Facets]?: Observed<Facets[K]> };

export const hostOf = (facets: Parts, at: string = AT): HostSnapshot => ({
  schemaVersion: 1,
  at,
  from: 'live',
  scope: {},
  facets,
  timings: [],
});

export const listed = <T>(items: readonly T[], gaps: readonly Gap[] = []): Observed<Listing<T>> =>
  seen({ items, gaps }, 'made up', AT);

export const containerOf = (change: Partial<Container> & { readonly id: Container['id'] }): Container => ({
  namespace: namespaceName('moby'),
  labels: {},
  image: 'docker.io/library/redis:7.2',
  runtime: 'io.containerd.runc.v2',
  snapshotter: 'overlayfs',
  snapshotKey: snapshotKey(change.id),
  sandbox: '',
  createdAt: '2026-03-01T10:00:00Z',
  updatedAt: '2026-03-01T10:00:00Z',
  ...change,
});

export const taskOf = (
  id: string,
  status: TaskStatus,
  change: Partial<Task> & { readonly number?: number } = {},
): Task => ({
  namespace: namespaceName('moby'),
  id: containerId(id),
  status: seen(status, 'Tasks.List', AT),
  pid: seen(pid(change.number ?? 4123), 'Tasks.List', AT),
  exitStatus: null,
  exitedAt: null,
  stdin: '',
  stdout: '',
  stderr: '',
  terminal: false,
  ...change,
});

/** Hexadecimal digits that differ with the seed and stay the same from run to run. */
export const hexOf = (seed: number, length = 64): string => {
  let state = (seed + 1) * 2654435761;
  let out = '';
  while (out.length < length) {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + seed) >>> 0;
    out += state.toString(16).padStart(8, '0');
  }
  return out.slice(0, length);
};

/** Containers named `app-0000` and on, each with a running task. */
export const manyContainers = (count: number, at: string = AT): HostSnapshot => {
  const ids = Array.from({ length: count }, (_, i) => `app-${String(i).padStart(4, '0')}`);
  return hostOf(
    {
      'containerd.namespaces': listed([{ name: namespaceName('moby'), labels: {} }]),
      'containerd.containers': listed(ids.map((id) => containerOf({ id: containerId(id) }))),
      'containerd.tasks': listed(ids.map((id, i) => taskOf(id, 'RUNNING', { number: 1000 + i }))),
    },
    at,
  );
};

interface DemoContainer {
  readonly namespace: string;
  readonly id: string;
  readonly image: string;
  readonly status: TaskStatus | 'none' | 'silent';
  readonly exit?: number;
}

const DEMO: readonly DemoContainer[] = [
  { namespace: 'moby', id: hexOf(1), image: 'docker.io/library/postgres:16.4', status: 'RUNNING' },
  { namespace: 'moby', id: hexOf(2), image: 'docker.io/library/redis:7.2-alpine', status: 'RUNNING' },
  {
    namespace: 'moby',
    id: hexOf(3),
    image: 'registry.example.com/shop/checkout:2026.02.3',
    status: 'STOPPED',
    exit: 137,
  },
  { namespace: 'moby', id: hexOf(4), image: 'docker.io/grafana/grafana:11.4.0', status: 'PAUSED' },
  {
    namespace: 'moby',
    id: hexOf(5),
    image: 'registry.example.com/shop/batch-export:1.9',
    status: 'STOPPED',
    exit: 0,
  },
  { namespace: 'moby', id: hexOf(6), image: 'docker.io/library/nginx:1.27', status: 'silent' },
  { namespace: 'k8s.io', id: hexOf(7), image: 'registry.k8s.io/pause:3.10', status: 'RUNNING' },
  { namespace: 'k8s.io', id: hexOf(8), image: 'registry.k8s.io/coredns/coredns:v1.12.0', status: 'RUNNING' },
  { namespace: 'k8s.io', id: hexOf(9), image: 'quay.io/prometheus/node-exporter:v1.8.2', status: 'CREATED' },
  {
    namespace: 'k8s.io',
    id: hexOf(10),
    image: `registry.k8s.io/kube-proxy@sha256:${hexOf(110)}`,
    status: 'RUNNING',
  },
  { namespace: 'default', id: 'smoke-test', image: 'docker.io/library/busybox:1.37', status: 'none' },
  { namespace: 'default', id: 'bench-io', image: 'docker.io/library/alpine:3.21', status: 'RUNNING' },
  { namespace: 'buildkit', id: 'k2v9x7qwm3ld8p0zj5sn4rtya', image: '', status: 'RUNNING' },
];

/** A host as one meets it: three runtimes' namespaces, most things well, some not. */
/** `born`: what the ages of its objects are counted from. */
export const demoHost = (at: string = AT, born: string = at): HostSnapshot => {
  const ago = (seconds: number): string => new Date(Date.parse(born) - seconds * 1000).toISOString();
  const silent = 'the shim accepted the connection and sent nothing for 2000 ms';
  const containers = DEMO.map(
    (d, i): Container =>
      containerOf({
        namespace: namespaceName(d.namespace),
        id: containerId(d.id),
        image: d.image,
        createdAt: ago(4000 + i * i * 5321),
        updatedAt: ago(4000 + i * i * 5321),
        labels:
          d.namespace === 'k8s.io'
            ? {
                'io.kubernetes.pod.namespace': 'kube-system',
                'io.cri-containerd.kind': i % 2 === 0 ? 'sandbox' : 'container',
              }
            : { 'com.docker/engine.bundle.path': '/var/run/docker/containerd' },
      }),
  );
  const tasks = DEMO.flatMap((d, i): Task[] => {
    if (d.status === 'none') return [];
    const base = { namespace: namespaceName(d.namespace), number: 2310 + i * 417 };
    if (d.status === 'silent') {
      const why = unknown('timeout', 'Tasks.Get', silent, at, 2000);
      return [taskOf(d.id, 'RUNNING', { ...base, status: why, pid: why })];
    }
    return [
      taskOf(d.id, d.status, {
        ...base,
        ...(d.exit === undefined ? {} : { exitStatus: d.exit, exitedAt: ago(i * 777) }),
      }),
    ];
  });
  const blobs = Array.from(
    { length: 48 },
    (_, i): ContentInfo => ({
      namespace: namespaceName(i % 3 === 0 ? 'k8s.io' : 'moby'),
      digest: digest(`sha256:${hexOf(200 + i)}`),
      size: BigInt((i % 4 === 0 ? 1469 : 3_641_231) * (i + 1)),
      labels: { 'containerd.io/distribution.source.docker.io': 'library/redis' },
      createdAt: ago(i * 4000),
      updatedAt: ago(i * 4000),
    }),
  );
  const images = DEMO.filter((d) => d.image !== '').map(
    (d, i): Image => ({
      namespace: namespaceName(d.namespace),
      name: d.image,
      target: {
        mediaType: 'application/vnd.oci.image.index.v1+json',
        digest: digest(`sha256:${hexOf(100 + i)}`),
        size: BigInt(1200 + i * 37),
        annotations: {},
      },
      labels: { 'io.cri-containerd.image': 'managed' },
      createdAt: ago(i * 86_400),
      updatedAt: ago(i * 86_400),
    }),
  );
  const manifests = images.slice(0, -1).map(
    (image): Manifest => ({
      namespace: image.namespace,
      digest: image.target.digest,
      kind: 'index',
      platform: null,
      children: ['linux/amd64', 'linux/arm64'].map((platform) => ({
        role: 'manifest',
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: digest(`sha256:${hexOf(900)}`),
        size: 529n,
        platform,
      })),
    }),
  );
  const snapshots = DEMO.map(
    (d, i): Snapshot => ({
      namespace: namespaceName(d.namespace),
      snapshotter: 'overlayfs',
      key: snapshotKey(i % 2 === 0 ? d.id : `sha256:${hexOf(300 + i)}`),
      parent: i % 2 === 0 ? snapshotKey(`sha256:${hexOf(301 + i)}`) : null,
      kind: i % 2 === 0 ? 'Active' : 'Committed',
      labels: i % 2 === 0 ? {} : { 'containerd.io/snapshot.ref': `sha256:${hexOf(300 + i)}` },
      createdAt: ago(i * 1000),
      updatedAt: ago(i * 1000),
    }),
  );
  const plugins = ['overlayfs', 'native', 'zfs', 'devmapper'].map(
    (id, i): Plugin => ({
      type: 'io.containerd.snapshotter.v1',
      id,
      status: i < 2 ? 'ok' : i === 2 ? 'skip' : 'error',
      error:
        i === 3 ? 'devmapper not configured' : i === 2 ? 'path must be a zfs filesystem: skip plugin' : null,
      requires: [],
      platforms: ['linux/amd64'],
      capabilities: [],
      exports: { root: `/var/lib/containerd/io.containerd.snapshotter.v1.${id}` },
    }),
  );
  const ingest: Ingest = {
    namespace: namespaceName('moby'),
    ref: `layer-sha256:${hexOf(500)}`,
    offset: 18_874_368n,
    total: 31_357_624n,
    expected: `sha256:${hexOf(500)}`,
    startedAt: ago(9),
    updatedAt: ago(1),
  };
  const lease: Lease = {
    namespace: namespaceName('moby'),
    id: '1740830400-moby-pull',
    labels: { 'containerd.io/gc.expire': '2026-03-02T12:00:00Z' },
    createdAt: ago(9),
  };
  const namespaces = ['buildkit', 'default', 'k8s.io', 'moby'].map(
    (name): Namespace => ({
      name: namespaceName(name),
      labels: {},
    }),
  );
  return hostOf(
    {
      'host.system': seen(
        {
          hostname: 'web-01',
          os: 'Debian GNU/Linux 13',
          kernel: '6.12.6',
          arch: 'x86_64',
          cpus: 8,
          memory: 33_554_432_000n,
          cgroups: 'v2',
          virtual: 'kvm',
        } as Facets['host.system'],
        'uname',
        at,
      ),
      'containerd.version': seen({ version: 'v2.0.2', revision: 'c507a02' }, 'Version', at),
      'containerd.namespaces': listed(namespaces),
      'containerd.containers': listed(containers),
      'containerd.tasks': listed(tasks),
      'containerd.images': listed(images),
      'containerd.manifests': listed(manifests, [
        {
          ...unknown('denied', 'Content.Read', 'permission denied', at, 3),
          object: { kind: 'manifest', namespace: 'default', id: `sha256:${hexOf(111)}` },
        },
      ]),
      'containerd.content': listed(blobs),
      'containerd.snapshots': listed(snapshots),
      'containerd.leases': listed([lease]),
      'containerd.plugins': listed(plugins),
      'containerd.ingests': listed([ingest]),
      'containerd.sandboxes': unknown(
        'unsupported',
        'Sandboxes.List',
        'containerd 1.6 has no sandbox service',
        at,
        1,
      ),
    },
    at,
  );
};

/** What a container's spec looks like. */
export const demoSpec = (id: string): unknown => ({
  ociVersion: '1.2.0',
  process: {
    terminal: false,
    user: { uid: 999, gid: 999 },
    args: ['docker-entrypoint.sh', 'postgres'],
    env: ['PATH=‹withheld›', 'POSTGRES_PASSWORD=‹withheld›'],
    cwd: '/',
  },
  root: { path: 'rootfs' },
  hostname: id.slice(0, 12),
  linux: { cgroupsPath: `system.slice:docker:${id}`, resources: { memory: { limit: 536_870_912 } } },
});
