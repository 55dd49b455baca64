/** A made-up host with one image in two platforms, one of them here, unpacked, and a container on it; all files as recorded. */
import { createHash } from 'node:crypto';
import type {
  Container,
  ContentInfo,
  Image,
  Ingest,
  Labels,
  Manifest,
  ManifestChild,
  Snapshot,
} from '../../src/host/containerd.ts';
import { containerId, type Digest, digest, namespaceName, snapshotKey } from '../../src/host/ids.ts';
import { absent, type Gap, type Listing, type Observed, seen, seenValue } from '../../src/host/observed.ts';
import type { FacetName, Facets, HostSnapshot } from '../../src/host/snapshot.ts';
import type {
  BlobFile,
  Database,
  DatabaseFile,
  IngestFolder,
  SnapshotBackend,
  SnapshotDirectory,
  SnapshotRecord,
} from '../../src/host/storage.ts';
import { AT, endpoint, snapshot } from './made-up.ts';

export type MadeUp = { readonly [K in FacetName]?: Observed<Facets[K]> };

export const NS = namespaceName('default');
export const STORE = '/var/lib/containerd/io.containerd.content.v1.content';
export const OVERLAY = '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs';
export const META_DB = '/var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db';
export const IMAGE = 'docker.io/library/web:1';
/** Long before the snapshot was taken. */
export const EARLIER = '2026-01-01T00:00:00Z';

export const blobId = (name: string): Digest =>
  digest(`sha256:${createHash('sha256').update(name).digest('hex')}`);

export const listing = <T>(items: readonly T[], gaps: readonly Gap[] = []): Observed<Listing<T>> =>
  seen({ items, gaps }, 'a call', AT);

export const gap = (object?: Gap['object']): Gap => ({
  state: 'failed',
  from: 'a call',
  why: 'it said no',
  at: AT,
  ms: 0,
  ...(object === undefined ? {} : { object }),
});

export const record = (name: string, labels: Labels = {}, more: Partial<ContentInfo> = {}): ContentInfo => ({
  namespace: NS,
  digest: blobId(name),
  size: BigInt(name.length),
  labels,
  createdAt: EARLIER,
  updatedAt: null,
  ...more,
});

export const file = (name: string, more: Partial<BlobFile> = {}): BlobFile => ({
  digest: blobId(name),
  path: `${STORE}/blobs/${blobId(name).replace(':', '/')}`,
  size: BigInt(name.length),
  modifiedAt: EARLIER,
  ...more,
});

export const child = (role: ManifestChild['role'], name: string, platform?: string): ManifestChild => ({
  role,
  mediaType: `test/${role}`,
  digest: blobId(name),
  size: BigInt(name.length),
  platform: platform ?? null,
});

export const image = (target: string, name = IMAGE): Image => ({
  namespace: NS,
  name,
  target: { mediaType: 'test', digest: blobId(target), size: BigInt(target.length), annotations: {} },
  labels: {},
  createdAt: EARLIER,
  updatedAt: EARLIER,
});

export const manifest = (
  name: string,
  kind: Manifest['kind'],
  children: readonly ManifestChild[],
  here?: string,
): Manifest => ({
  namespace: NS,
  digest: blobId(name),
  kind,
  platform: null,
  children,
  ...(here === undefined ? {} : { here: blobId(here) }),
});

export const ingest = (ref: string, updatedAt: string | null, more: Partial<Ingest> = {}): Ingest => ({
  namespace: NS,
  ref,
  offset: 3n,
  total: 9n,
  expected: '',
  startedAt: EARLIER,
  updatedAt,
  ...more,
});

const CHAINS = ['chain-1', 'chain-2'];

export const snapshots: readonly Snapshot[] = [
  ['chain-1', null, 'Committed'],
  ['chain-2', 'chain-1', 'Committed'],
  ['web', 'chain-2', 'Active'],
].map(([key, parent, kind]) => ({
  namespace: NS,
  snapshotter: 'overlayfs',
  key: snapshotKey(key ?? ''),
  parent: parent === null ? null : snapshotKey(parent ?? ''),
  kind: kind as Snapshot['kind'],
  labels: {},
  createdAt: EARLIER,
  updatedAt: null,
}));

export const snapshotRecord = (
  key: string,
  number: bigint,
  more: Partial<SnapshotRecord> = {},
): SnapshotRecord => ({
  namespace: NS,
  snapshotter: 'overlayfs',
  key: snapshotKey(key),
  name: `default/${number}/${key}`,
  children: [],
  backend: seen(
    {
      snapshotter: 'overlayfs',
      name: `default/${number}/${key}`,
      id: number,
      kind: CHAINS.includes(key) ? 'Committed' : 'Active',
      parent: null,
      size: null,
      inodes: null,
      labels: {},
      createdAt: EARLIER,
      updatedAt: null,
    },
    `${OVERLAY}/metadata.db`,
    AT,
  ),
  ...more,
});

export const directory = (name: string, modifiedAt = EARLIER): SnapshotDirectory => ({
  snapshotter: 'overlayfs',
  name,
  path: `${OVERLAY}/snapshots/${name}`,
  modifiedAt,
});

export const ingestFolder = (name: string, more: Partial<IngestFolder> = {}): IngestFolder => {
  const folder = blobId(name).slice('sha256:'.length);
  return {
    folder,
    path: `${STORE}/ingest/${folder}`,
    name: `default/7/${name}`,
    offset: 3n,
    total: 9n,
    startedAt: EARLIER,
    updatedAt: EARLIER,
    ...more,
  };
};

export const database = (
  owner: string,
  path: string,
  more: Partial<DatabaseFile> | Observed<DatabaseFile> = {},
): Database => ({
  owner,
  path,
  file:
    'state' in more
      ? more
      : seen(
          {
            path,
            bytes: 65536,
            pageSize: 4096,
            usedBytes: 32768,
            txid: 12n,
            version: owner === 'metadata' ? 3 : null,
            torn: false,
            salvaged: false,
            damage: [],
            ...more,
          },
          path,
          AT,
        ),
});

export const container: Container = {
  namespace: NS,
  id: containerId('web'),
  labels: {},
  image: IMAGE,
  runtime: 'io.containerd.runc.v2',
  snapshotter: 'overlayfs',
  snapshotKey: snapshotKey('web'),
  sandbox: '',
  createdAt: EARLIER,
  updatedAt: EARLIER,
};

export const CONFIG_LABELS: Labels = { 'containerd.io/gc.ref.snapshot.overlayfs': 'chain-2' };
export const MANIFEST_LABELS: Labels = {
  'containerd.io/gc.ref.content.config': blobId('config'),
  'containerd.io/gc.ref.content.l.0': blobId('layer-0'),
  'containerd.io/gc.ref.content.l.1': blobId('layer-1'),
};

export const RECORDS: readonly ContentInfo[] = [
  record('index', {
    'containerd.io/gc.ref.content.m.0': blobId('manifest'),
    'containerd.io/gc.ref.content.m.1': blobId('arm'),
  }),
  record('manifest', MANIFEST_LABELS),
  record('config', CONFIG_LABELS),
  record('layer-0'),
  record('layer-1'),
];

export const FILES: readonly BlobFile[] = ['index', 'manifest', 'config', 'layer-0', 'layer-1'].map((name) =>
  file(name),
);

export const MANIFESTS: readonly Manifest[] = [
  manifest(
    'index',
    'index',
    [
      child('manifest', 'manifest', 'linux/amd64'),
      child('manifest', 'arm', 'linux/arm64'),
      child('attestation', 'attested', 'unknown/unknown'),
    ],
    'manifest',
  ),
  manifest('manifest', 'manifest', [
    child('config', 'config'),
    child('layer', 'layer-0'),
    child('layer', 'layer-1'),
  ]),
];

/** The snapshotter's side of records. */
export const backendsOf = (records: readonly SnapshotRecord[]): SnapshotBackend[] =>
  records.flatMap(({ backend }) => seenValue(backend) ?? []);

const SNAPSHOT_RECORDS: readonly SnapshotRecord[] = [
  snapshotRecord('chain-1', 1n),
  snapshotRecord('chain-2', 2n),
  snapshotRecord('web', 3n),
];

export const HEALTHY: MadeUp = {
  'containerd.endpoint': endpoint({ state: 'answers' }),
  'containerd.images': listing([image('index')]),
  'containerd.manifests': listing(MANIFESTS),
  'containerd.content': listing(RECORDS),
  'containerd.ingests': listing<Ingest>([]),
  'containerd.snapshots': listing(snapshots),
  'containerd.containers': listing([container]),
  'containerd.plugins': listing<never>([]),
  'proc.daemons': listing<never>([]),
  'content.blobs': listing(FILES),
  'content.ingests': listing<never>([]),
  'metadata.ingests': listing<never>([]),
  'metadata.databases': listing([
    database('metadata', META_DB),
    database('overlayfs', `${OVERLAY}/metadata.db`),
    database(
      'native',
      '/var/lib/containerd/io.containerd.snapshotter.v1.native/metadata.db',
      absent('x', AT),
    ),
  ]),
  'metadata.snapshots': listing(SNAPSHOT_RECORDS),
  'metadata.backends': listing(backendsOf(SNAPSHOT_RECORDS)),
  // One is being made.
  'snapshot.directories': listing([
    ...['1', '2', '3'].map((name) => directory(name)),
    directory('new-123', AT),
  ]),
};

/** The healthy host with other facets. */
export const stored = (facets: MadeUp = {}): HostSnapshot => snapshot({ ...HEALTHY, ...facets });
