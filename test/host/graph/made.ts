/** Hosts made by hand for the reference graph: containerd's objects with no more than a test says. */
import type {
  Container,
  ContentInfo,
  Image,
  Ingest,
  Lease,
  Sandbox,
  Snapshot,
} from '../../../src/host/containerd.ts';
import { containerId, digest, namespaceName, snapshotKey } from '../../../src/host/ids.ts';
import { type Gap, type Listing, type Observed, seen, unknown } from '../../../src/host/observed.ts';
import { type Facets, type HostSnapshot, SCHEMA_VERSION } from '../../../src/host/snapshot.ts';
import type { IngestRecord, LeaseResources } from '../../../src/host/storage.ts';

export const AT = '2026-01-02T12:00:00.000Z';
export const EARLIER = '2026-01-02T09:00:00Z';
export const LATER = '2026-01-02T15:00:00Z';
export const NS = 'shop';

export type Labels = Readonly<Record<string, string>>;

/** A host of these lists; lists that are not given were read and are empty. */
export interface Made {
  readonly version?: string | null;
  readonly images?: readonly Image[];
  readonly content?: readonly ContentInfo[];
  readonly snapshots?: readonly Snapshot[];
  readonly containers?: readonly Container[];
  readonly leases?: readonly Lease[];
  readonly leased?: readonly LeaseResources[];
  readonly ingests?: readonly Ingest[];
  readonly ingestRecords?: readonly IngestRecord[];
  readonly sandboxes?: readonly Sandbox[];
  /** Facets laid over these. */
  readonly over?: { readonly [K in keyof Facets]?: Observed<Facets[K]> };
}

export const listed = <T>(items: readonly T[], gaps: readonly Gap[] = []): Observed<Listing<T>> =>
  seen({ items, gaps }, 'made up', AT);

export const unread = (why: string = 'no answer within 2 s') => unknown('timeout', 'a call', why, AT, 2000);

export const made = (lists: Made): HostSnapshot => ({
  schemaVersion: SCHEMA_VERSION,
  at: AT,
  from: 'live',
  scope: {},
  timings: [],
  facets: {
    'containerd.images': listed(lists.images ?? []),
    'containerd.content': listed(lists.content ?? []),
    'containerd.snapshots': listed(lists.snapshots ?? []),
    'containerd.containers': listed(lists.containers ?? []),
    'containerd.leases': listed(lists.leases ?? []),
    'containerd.leaseResources': listed(lists.leased ?? []),
    'containerd.ingests': listed(lists.ingests ?? []),
    'containerd.sandboxes': listed(lists.sandboxes ?? []),
    ...(lists.ingestRecords === undefined ? {} : { 'metadata.ingests': listed(lists.ingestRecords) }),
    ...(lists.version === null
      ? {}
      : { 'containerd.version': seen({ version: lists.version ?? '2.3.0', revision: '' }, 'made up', AT) }),
    ...lists.over,
  },
});

/** A digest of one letter. */
export const sha = (letter: string): string => `sha256:${letter.repeat(64)}`;

const times = { createdAt: EARLIER, updatedAt: EARLIER };

export const image = (name: string, target: string, labels: Labels = {}, namespace: string = NS): Image => ({
  namespace: namespaceName(namespace),
  name,
  target: { mediaType: 'manifest', digest: digest(target), size: 1n, annotations: {} },
  labels,
  ...times,
});

export const blob = (
  id: string,
  labels: Labels = {},
  namespace: string = NS,
  size: bigint = 100n,
): ContentInfo => ({
  namespace: namespaceName(namespace),
  digest: digest(id),
  size,
  labels,
  ...times,
});

export const snapshot = (
  key: string,
  parent: string | null = null,
  labels: Labels = {},
  namespace: string = NS,
): Snapshot => ({
  namespace: namespaceName(namespace),
  snapshotter: 'overlayfs',
  key: snapshotKey(key),
  parent: parent === null ? null : snapshotKey(parent),
  kind: 'Committed',
  labels,
  ...times,
});

export const container = (
  id: string,
  more: { snapshot?: string; image?: string; labels?: Labels; namespace?: string } = {},
): Container => ({
  namespace: namespaceName(more.namespace ?? NS),
  id: containerId(id),
  labels: more.labels ?? {},
  image: more.image ?? '',
  runtime: 'io.containerd.runc.v2',
  snapshotter: more.snapshot === undefined ? '' : 'overlayfs',
  snapshotKey: snapshotKey(more.snapshot ?? ''),
  sandbox: '',
  ...times,
});

export const lease = (id: string, labels: Labels = {}, namespace: string = NS): Lease => ({
  namespace: namespaceName(namespace),
  id,
  labels,
  createdAt: EARLIER,
});

export const leased = (
  id: string,
  what: { content?: string[]; images?: string[]; ingests?: string[]; snapshots?: string[] },
  namespace: string = NS,
): LeaseResources => ({
  namespace: namespaceName(namespace),
  id,
  content: (what.content ?? []).map(digest),
  images: what.images ?? [],
  ingests: what.ingests ?? [],
  snapshots: (what.snapshots ?? []).map((key) => ({ snapshotter: 'overlayfs', key: snapshotKey(key) })),
});

export const ingest = (ref: string, namespace: string = NS): Ingest => ({
  namespace: namespaceName(namespace),
  ref,
  offset: 10n,
  total: 0n,
  expected: '',
  startedAt: EARLIER,
  updatedAt: EARLIER,
});

export const ingestRecord = (
  ref: string,
  expiresAt: string | null,
  expected: string | null = null,
  namespace: string = NS,
): IngestRecord => ({
  namespace: namespaceName(namespace),
  ref,
  name: `${namespace}/1/${ref}`,
  folder: '0'.repeat(64),
  expiresAt,
  expected,
});

export const sandbox = (id: string, labels: Labels, namespace: string = NS): Sandbox => ({
  namespace: namespaceName(namespace),
  id,
  runtime: '',
  sandboxer: '',
  labels,
  ...times,
});

/** An image, pulled and unpacked, with a container on it. */
export const PULLED: Made = {
  images: [image('docker.io/library/app:1', sha('a'))],
  content: [
    blob(sha('a'), {
      [`containerd.io/gc.ref.content.config`]: sha('b'),
      [`containerd.io/gc.ref.content.l.0`]: sha('c'),
    }),
    blob(sha('b'), { [`containerd.io/gc.ref.snapshot.overlayfs`]: 'top' }),
    blob(sha('c')),
  ],
  snapshots: [snapshot('top', 'base'), snapshot('base'), snapshot('web', 'top')],
  containers: [container('web', { snapshot: 'web', image: 'docker.io/library/app:1' })],
};
