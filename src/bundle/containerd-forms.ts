/** containerd's facets in a bundle. */
import type {
  Container,
  ContainerBody,
  ContentInfo,
  Descriptor,
  Image,
  Ingest,
  Labels,
  Lease,
  Manifest,
  ManifestChild,
  Namespace,
  Plugin,
  Sandbox,
  ServerIdentity,
  ServerInfo,
  Snapshot,
  Task,
} from '../host/containerd.ts';
import type { FacetName } from '../host/snapshot.ts';
import type { FormsOf } from './form.ts';
import {
  flag,
  integer,
  json,
  list,
  map,
  moment,
  nullable,
  number,
  object,
  observed,
  optional,
  type Shape,
  text,
  word,
} from './shape.ts';

export const labels: Shape<Labels> = map(text());
export const time: Shape<string | null> = nullable(moment);

export const descriptor: Shape<Descriptor> = object<Descriptor>({
  mediaType: text(),
  digest: text(),
  size: integer,
  annotations: labels,
});

const manifestChild = object<ManifestChild>({
  role: word('manifest', 'config', 'layer', 'attestation'),
  mediaType: text(),
  digest: text(),
  size: integer,
  platform: nullable(text()),
});

const isIn = (item: { readonly namespace: string }, namespace: string): boolean =>
  item.namespace === namespace;

type Own = Exclude<
  FacetName & `containerd.${string}`,
  'containerd.discovery' | 'containerd.endpoint' | 'containerd.leaseResources' | 'containerd.usage'
>;

export const CONTAINERD_FORMS: FormsOf<Own> = {
  'containerd.version': { value: object<ServerInfo>({ version: text(), revision: text() }) },
  'containerd.identity': {
    value: object<ServerIdentity>({
      uuid: text(),
      pid: nullable(number()),
      pidns: nullable(integer),
      database: nullable(text()),
      deprecations: list(object({ id: text(), message: text() })),
    }),
  },
  'containerd.plugins': {
    item: object<Plugin>({
      type: text(),
      id: text(),
      status: word('ok', 'skip', 'error'),
      error: nullable(text()),
      requires: list(text()),
      platforms: list(text()),
      capabilities: list(text()),
      exports: labels,
    }),
  },
  'containerd.namespaces': {
    item: object<Namespace>({ name: text(), labels }),
    isIn: ({ name }, namespace) => name === namespace,
  },
  'containerd.containers': {
    item: object<Container>({
      namespace: text(),
      id: text(),
      labels,
      image: text(),
      runtime: text(),
      snapshotter: text(),
      snapshotKey: text(),
      sandbox: text(),
      createdAt: time,
      updatedAt: time,
    }),
    isIn,
  },
  'containerd.bodies': {
    item: object<ContainerBody>({
      namespace: text(),
      id: text(),
      spec: observed(json),
      runtimeOptions: observed(json),
      extensions: map(observed(json)),
    }),
    isIn,
    perContainer: true,
  },
  'containerd.tasks': {
    item: object<Task>({
      namespace: text(),
      id: text(),
      status: observed(word('CREATED', 'RUNNING', 'STOPPED', 'PAUSED', 'PAUSING')),
      pid: observed(number()),
      exitStatus: nullable(number()),
      exitedAt: time,
      stdin: text(),
      stdout: text(),
      stderr: text(),
      terminal: flag,
    }),
    isIn,
  },
  'containerd.images': {
    item: object<Image>({
      namespace: text(),
      name: text(),
      target: descriptor,
      labels,
      createdAt: time,
      updatedAt: time,
    }),
    isIn,
  },
  'containerd.manifests': {
    item: object<Manifest>({
      namespace: text(),
      digest: text(),
      kind: word('index', 'manifest', 'other', 'absent'),
      platform: nullable(text()),
      children: list(manifestChild),
      here: optional(text()),
    }),
    isIn,
  },
  'containerd.content': {
    item: object<ContentInfo>({
      namespace: text(),
      digest: text(),
      size: integer,
      labels,
      createdAt: time,
      updatedAt: time,
    }),
    isIn,
  },
  'containerd.ingests': {
    item: object<Ingest>({
      namespace: text(),
      ref: text(),
      offset: integer,
      total: integer,
      expected: text(),
      startedAt: time,
      updatedAt: time,
    }),
    isIn,
  },
  'containerd.snapshots': {
    item: object<Snapshot>({
      namespace: text(),
      snapshotter: text(),
      key: text(),
      parent: nullable(text()),
      kind: word('Active', 'Committed', 'View', 'Unknown'),
      labels,
      createdAt: time,
      updatedAt: time,
    }),
    isIn,
  },
  'containerd.leases': {
    item: object<Lease>({ namespace: text(), id: text(), labels, createdAt: time }),
    isIn,
  },
  'containerd.sandboxes': {
    item: object<Sandbox>({
      namespace: text(),
      id: text(),
      runtime: text(),
      sandboxer: text(),
      labels,
      createdAt: time,
      updatedAt: time,
    }),
    isIn,
  },
};
