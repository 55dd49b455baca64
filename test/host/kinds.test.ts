import { describe, expect, test } from 'vitest';

import type { Container, Image, Manifest, ManifestChild, Task } from '../../src/host/containerd.ts';
import { containerId, digest, namespaceName, pid, snapshotKey } from '../../src/host/ids.ts';
import { type AnyKind, KINDS, kindNamed } from '../../src/host/kinds/index.ts';
import { absent, type Gap, type Observed, seen, unknown } from '../../src/host/observed.ts';
import { type Facets, type HostSnapshot, SCHEMA_VERSION } from '../../src/host/snapshot.ts';
import { distinct, unknownOfKind } from '../../src/host/unknown-entries.ts';

const AT = '2026-01-02T03:04:05Z';
const NS = namespaceName('test');

const host = (facets: { readonly [K in keyof Facets]?: Observed<Facets[K]> }): HostSnapshot => ({
  schemaVersion: SCHEMA_VERSION,
  at: AT,
  from: 'live',
  scope: {},
  facets: { 'docker.containers': absent('docker', AT), ...facets },
  timings: [],
});

const listing = <T>(
  items: readonly T[],
  gaps: readonly Gap[] = [],
): Observed<{ items: readonly T[]; gaps: readonly Gap[] }> => seen({ items, gaps }, 'a call', AT);

/** The only rows of a kind as items, and what is not known of them. */
const read = (kind: string, snapshot: HostSnapshot): { items: unknown[]; unknown: unknown[] } => {
  const found = kindNamed(kind);
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return { items: itemsOf(found, snapshot), unknown: unknownOfKind(snapshot, found) };
};

const itemsOf = (kind: AnyKind, snapshot: HostSnapshot): unknown[] =>
  kind.use((typed) => typed.rows(snapshot).map((row) => typed.item(row)));

describe('kinds', () => {
  test('are named by plural, singular and what people take for a plural, in any case', () => {
    for (const { name, singular } of KINDS) {
      for (const word of [name, singular, `${singular}s`, name.toUpperCase()]) {
        expect(kindNamed(word)?.name, word).toBe(name);
      }
    }
    for (const word of ['', 's', 'containerss', 'constructor', '__proto__'])
      expect(kindNamed(word)).toBeUndefined();
  });

  test('have names, columns and wants that cannot be confused', () => {
    const words = KINDS.flatMap(({ name, singular }) => [name, singular, `${singular}s`]);
    expect(new Set(words).size).toBe(
      new Set(KINDS.flatMap((k) => [k.name, k.singular, `${k.singular}s`])).size,
    );
    for (const kind of KINDS) {
      expect(kind.wants, kind.name).toContain(kind.facet);
      kind.use(({ columns }) => {
        expect(new Set(columns.map(({ id }) => id)).size, kind.name).toBe(columns.length);
        expect(new Set(columns.map(({ title }) => title)).size, kind.name).toBe(columns.length);
        expect(columns.some(({ priority }) => priority === 1)).toBe(true);
      });
    }
  });

  test('of a host that was not read at all have no rows and no words about it', () => {
    for (const kind of KINDS) {
      const nothing = host({});
      expect(itemsOf(kind, nothing)).toEqual([]);
      expect(unknownOfKind(nothing, kind)).toEqual([]);
    }
  });

  test('that could not be read say why, once', () => {
    for (const kind of KINDS) {
      const why = unknown('timeout', 'A.List', 'no answer within 2s', AT, 2000);
      const snapshot = host({ [kind.facet]: why });
      expect(itemsOf(kind, snapshot)).toEqual([]);
      expect(unknownOfKind(snapshot, kind)).toEqual([
        { source: 'A.List', state: 'timeout', reason: 'no answer within 2s', object: null, fields: null },
      ]);
    }
  });

  test('that are known not to be there are no gap', () => {
    for (const kind of KINDS) {
      const snapshot = host({ [kind.facet]: absent('A.List', AT, 'the service came later') });
      expect({ items: itemsOf(kind, snapshot), unknown: unknownOfKind(snapshot, kind) }).toEqual({
        items: [],
        unknown: [],
      });
    }
  });
});

describe('a container', () => {
  test('without a task has null where a running one has a status and a pid', () => {
    const snapshot = host({
      'containerd.containers': listing([container('b'), container('a')]),
      'containerd.tasks': listing([
        task('a', { status: seen('RUNNING', 'T', AT), pid: seen(pid(42), 'T', AT) }),
      ]),
    });
    expect(read('containers', snapshot)).toMatchObject({
      items: [
        { id: 'a', status: 'RUNNING', pid: 42, sandbox: null },
        { id: 'b', status: null, pid: null },
      ],
      unknown: [],
    });
  });

  test('whose tasks could not be listed has no status, rather than none', () => {
    const failed = unknown('timeout', 'Tasks.List', 'no answer', AT, 10_000);
    const namespace: Gap = { ...failed, object: { namespace: NS } };
    for (const tasks of [failed, listing<Task>([], [namespace])]) {
      const snapshot = host({
        'containerd.containers': listing([container('a')]),
        'containerd.tasks': tasks,
      });
      const { items, unknown: entries } = read('containers', snapshot);
      expect(Object.keys(items[0] as object)).not.toContain('status');
      expect(Object.keys(items[0] as object)).not.toContain('pid');
      expect(entries).toMatchObject([{ source: 'Tasks.List', state: 'timeout' }]);
    }
  });

  test('whose shim is silent has an entry of its own, and the others have their states', () => {
    const silent = unknown('timeout', 'Tasks.Get test/a', 'its shim did not answer', AT, 2000);
    const snapshot = host({
      'containerd.containers': listing([container('a'), container('b')]),
      'containerd.tasks': listing([
        task('a', { status: silent, pid: silent }),
        task('b', { status: seen('STOPPED', 'T', AT), pid: seen(pid(7), 'T', AT), exitStatus: 137 }),
      ]),
    });
    for (const [kind, object] of [
      ['containers', 'container'],
      ['tasks', 'task'],
    ] as const) {
      const { items, unknown: entries } = read(kind, snapshot);
      expect(items).toMatchObject([{ id: 'a' }, { id: 'b', status: 'STOPPED', pid: 7 }]);
      expect(Object.keys(items[0] as object)).not.toContain('status');
      expect(entries).toEqual([
        {
          source: 'Tasks.Get test/a',
          state: 'timeout',
          reason: 'its shim did not answer',
          object: { kind: object, namespace: 'test', id: 'a' },
          fields: ['status', 'pid'],
        },
      ]);
    }
  });
});

describe('an image', () => {
  const A = digest(`sha256:${'a'.repeat(64)}`);
  const B = digest(`sha256:${'b'.repeat(64)}`);
  const C = digest(`sha256:${'c'.repeat(64)}`);
  const child = (more: Partial<ManifestChild>): ManifestChild => ({
    role: 'manifest',
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: B,
    size: 100n,
    platform: null,
    ...more,
  });
  const manifest = (more: Partial<Manifest>): Manifest => ({
    namespace: NS,
    digest: A,
    kind: 'index',
    platform: null,
    children: [],
    ...more,
  });
  const layers = [
    child({ role: 'config', digest: C, size: 20n }),
    child({ role: 'layer', digest: C, size: 3000n }),
  ];
  const imageOf = (
    manifests: readonly Manifest[],
    gaps: readonly Gap[] = [],
  ): { items: unknown[]; unknown: unknown[] } =>
    read(
      'images',
      host({ 'containerd.images': listing([image(A)]), 'containerd.manifests': listing(manifests, gaps) }),
    );

  test('has the size of what runs here, whatever else of it other images have brought along', () => {
    const foreign = child({ digest: C, platform: 'linux/s390x', size: 999n });
    const index = manifest({ here: B, children: [foreign, child({ platform: 'linux/amd64' })] });
    const parts = [
      manifest({ digest: B, kind: 'manifest', children: layers }),
      manifest({ digest: C, kind: 'manifest', children: layers }),
    ];
    expect(imageOf([index, ...parts])).toMatchObject({
      items: [{ size: 10n + 100n + 3020n, platforms: ['linux/amd64', 'linux/s390x'] }],
      unknown: [],
    });
    const elsewhere = manifest({ children: [foreign] });
    expect(imageOf([elsewhere, ...parts])).toMatchObject({
      items: [{ size: 10n, platforms: ['linux/s390x'] }],
    });
  });

  test('has no platform by its attestations', () => {
    const attestation = child({ role: 'attestation', digest: C, platform: 'unknown/unknown' });
    const index = manifest({ here: B, children: [child({ platform: 'linux/amd64' }), attestation] });
    expect(imageOf([index, manifest({ digest: B, kind: 'manifest', children: layers })])).toMatchObject({
      items: [{ platforms: ['linux/amd64'], size: 3130n }],
    });
  });

  test('whose target is not there has null for what only that could tell', () => {
    expect(imageOf([manifest({ kind: 'absent' })])).toMatchObject({
      items: [{ platforms: null, size: null, targetSize: 10n }],
      unknown: [],
    });
  });

  test('whose target could not be read lacks both, and says why', () => {
    const gap: Gap = {
      ...unknown('failed', 'Content.Read', 'broken', AT, 1),
      object: { namespace: NS, id: A },
    };
    const { items, unknown: entries } = imageOf([], [gap]);
    expect(Object.keys(items[0] as object)).not.toContain('platforms');
    expect(Object.keys(items[0] as object)).not.toContain('size');
    expect(entries).toMatchObject([
      { reason: 'broken', object: { kind: 'image', id: 'i' }, fields: ['platforms', 'size'] },
    ]);
  });

  test('whose manifest for here could not be read lacks the size alone', () => {
    const gap: Gap = {
      ...unknown('failed', 'Content.Read', 'broken', AT, 1),
      object: { namespace: NS, id: B },
    };
    const index = manifest({ here: B, children: [child({ platform: 'linux/amd64' })] });
    const { items, unknown: entries } = imageOf([index], [gap]);
    expect(items).toMatchObject([{ platforms: ['linux/amd64'] }]);
    expect(Object.keys(items[0] as object)).not.toContain('size');
    expect(entries).toMatchObject([
      { reason: 'broken', object: { kind: 'image', id: 'i' }, fields: ['size'] },
    ]);
  });

  test('whose index leaves its platforms to a manifest that could not be read lacks them too', () => {
    const gap: Gap = {
      ...unknown('failed', 'Content.Read', 'broken', AT, 1),
      object: { namespace: NS, id: B },
    };
    const { items, unknown: entries } = imageOf([manifest({ here: B, children: [child({})] })], [gap]);
    expect(Object.keys(items[0] as object)).not.toContain('platforms');
    expect(entries).toMatchObject([{ fields: ['platforms', 'size'] }]);
  });
});

test('the same thing unknown to two kinds is said once', () => {
  const entry = { source: 'a', state: 'timeout', reason: 'b', object: null, fields: null };
  expect(distinct([entry, { ...entry }, { ...entry, reason: 'c' }])).toEqual([
    entry,
    { ...entry, reason: 'c' },
  ]);
});

const container = (id: string): Container => ({
  namespace: NS,
  id: containerId(id),
  labels: {},
  image: 'i',
  runtime: 'io.containerd.runc.v2',
  snapshotter: 'overlayfs',
  snapshotKey: snapshotKey(id),
  sandbox: '',
  createdAt: AT,
  updatedAt: AT,
});

const task = (id: string, state: Pick<Task, 'status' | 'pid'> & Partial<Task>): Task => ({
  namespace: NS,
  id: containerId(id),
  exitStatus: null,
  exitedAt: null,
  stdin: '',
  stdout: '',
  stderr: '',
  terminal: false,
  ...state,
});

const image = (target: Image['target']['digest']): Image => ({
  namespace: NS,
  name: 'i',
  target: {
    mediaType: 'application/vnd.oci.image.index.v1+json',
    digest: target,
    size: 10n,
    annotations: {},
  },
  labels: {},
  createdAt: AT,
  updatedAt: AT,
});
