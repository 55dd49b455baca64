/** Made-up hosts whose images, snapshots, uploads and events have something below, above or behind them. */
import type {
  ContentInfo,
  Image,
  Ingest,
  Manifest,
  ManifestChild,
  Snapshot,
} from '../../src/host/containerd.ts';
import { gapEvent, type HostEvent } from '../../src/host/event.ts';
import { digest, namespaceName, snapshotKey } from '../../src/host/ids.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { AT, hexOf, hostOf, listed } from './hosts.ts';

const NS = namespaceName('moby');

export const digestOf = (name: string): ReturnType<typeof digest> => {
  let seed = 7;
  for (const c of name) seed = (seed * 31 + (c.codePointAt(0) ?? 0)) % 1_000_003;
  return digest(`sha256:${hexOf(seed)}`);
};

/** The first twelve digits, as lists show them. */
export const shortOf = (name: string): string => digestOf(name).slice('sha256:'.length).slice(0, 12);

export const ago = (seconds: number, at: string = AT): string =>
  new Date(Date.parse(at) - seconds * 1000).toISOString();

export const imageOf = (name: string, target: string, namespace = NS): Image => ({
  namespace,
  name,
  target: {
    mediaType: 'application/vnd.oci.image.index.v1+json',
    digest: digestOf(target),
    size: 1609n,
    annotations: {},
  },
  labels: {},
  createdAt: ago(86_400),
  updatedAt: ago(86_400),
});

export const childOf = (
  role: ManifestChild['role'],
  name: string,
  size: bigint,
  platform: string | null = null,
): ManifestChild => ({
  role,
  mediaType: `application/vnd.oci.image.${role === 'attestation' ? 'manifest' : role}.v1+json`,
  digest: digestOf(name),
  size,
  platform,
});

export const indexOf = (name: string, children: readonly ManifestChild[], here?: string): Manifest => ({
  namespace: NS,
  digest: digestOf(name),
  kind: 'index',
  platform: null,
  children,
  ...(here === undefined ? {} : { here: digestOf(here) }),
});

export const manifestOf = (name: string, children: readonly ManifestChild[]): Manifest => ({
  namespace: NS,
  digest: digestOf(name),
  kind: 'manifest',
  platform: 'linux/amd64',
  children,
});

export const blobOf = (name: string, size = 1000n): ContentInfo => ({
  namespace: NS,
  digest: digestOf(name),
  size,
  labels: {},
  createdAt: ago(4000),
  updatedAt: null,
});

/** `redis`: an index for two platforms, with an attestation; the second layer's blob is gone. */
export const redisFacets = (): HostSnapshot['facets'] => ({
  'containerd.images': listed([
    imageOf('docker.io/library/redis:7.2', 'redis'),
    imageOf('docker.io/library/nginx:1.27', 'nginx'),
  ]),
  'containerd.manifests': listed([
    indexOf(
      'redis',
      [
        childOf('manifest', 'redis-amd64', 2290n, 'linux/amd64'),
        childOf('attestation', 'redis-note', 841n, 'unknown/unknown'),
        childOf('manifest', 'redis-arm64', 2292n, 'linux/arm64/v8'),
      ],
      'redis-amd64',
    ),
    manifestOf('redis-amd64', [
      childOf('config', 'redis-config', 9100n),
      childOf('layer', 'redis-1', 28_230_000n),
      childOf('layer', 'redis-2', 1_340_000n),
    ]),
    indexOf('nginx', [childOf('manifest', 'nginx-arm64', 2292n, 'linux/arm64/v8')]),
  ]),
  'containerd.content': listed(
    ['redis', 'redis-amd64', 'redis-config', 'redis-1', 'nginx'].map((name) => blobOf(name)),
  ),
});

export const snapshotOf = (
  key: string,
  parent: string | null,
  kind: Snapshot['kind'] = 'Committed',
): Snapshot => ({
  namespace: NS,
  snapshotter: 'overlayfs',
  key: snapshotKey(key),
  parent: parent === null ? null : snapshotKey(parent),
  kind,
  labels: {},
  createdAt: ago(1000),
  updatedAt: ago(1000),
});

/** A base with two branches, of which one is in use; an image's layers that nobody uses; one that lost its parent. */
export const layeredSnapshots = (): readonly Snapshot[] => [
  snapshotOf('base', null),
  snapshotOf('base-a', 'base'),
  snapshotOf('base-b', 'base'),
  snapshotOf('web', 'base-a', 'Active'),
  snapshotOf('web-view', 'base-a', 'View'),
  snapshotOf('idle', null),
  snapshotOf('idle-1', 'idle'),
  snapshotOf('idle-2', 'idle-1'),
  snapshotOf('lost', 'gone', 'Active'),
];

export const ingestOf = (ref: string, change: Partial<Ingest> = {}): Ingest => ({
  namespace: NS,
  ref,
  offset: 18_874_368n,
  total: 31_457_280n,
  expected: '',
  startedAt: ago(9),
  updatedAt: ago(1),
  ...change,
});

export const eventOf = (i: number, change: Partial<HostEvent> = {}): HostEvent => ({
  at: new Date(Date.parse(AT) + i * 10).toISOString(),
  type: 'task.exit',
  source: 'containerd',
  namespace: 'moby',
  object: { kind: 'task', id: `app-${String(i).padStart(4, '0')}`, name: null },
  details: { pid: 1000 + i, exitStatus: i % 3 },
  topic: '/tasks/exit',
  ...change,
});

export const eventsOf = (from: number, to: number): readonly HostEvent[] =>
  Array.from({ length: to - from }, (_, i) => eventOf(from + i));

export const gapAt = (i: number): HostEvent =>
  gapEvent({
    source: 'containerd',
    since: eventOf(i - 100).at,
    until: eventOf(i).at,
    why: 'containerd closed the connection',
  });

/** All of it at once. */
export const viewsHost = (at: string = AT): HostSnapshot =>
  hostOf(
    {
      'containerd.namespaces': listed([{ name: NS, labels: {} }]),
      'containerd.containers': listed([]),
      'containerd.tasks': listed([]),
      ...redisFacets(),
      'containerd.snapshots': listed(layeredSnapshots()),
      'containerd.ingests': listed([
        ingestOf(`layer-${digestOf('pulled')}`, { expected: digestOf('pulled') }),
        ingestOf('upload-1', { total: 0n, startedAt: ago(70), updatedAt: ago(2) }),
        ingestOf('upload-2', { offset: 512n, startedAt: ago(900), updatedAt: ago(610) }),
      ]),
      'containerd.leases': listed([]),
      'containerd.plugins': listed([]),
      'containerd.sandboxes': listed([]),
    },
    at,
  );
