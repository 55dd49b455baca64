import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Image, Manifest } from '../../src/host/containerd.ts';
import type { HostEvent } from '../../src/host/event.ts';
import {
  type Change,
  changesOf,
  needsManifests,
  outdatedImages,
  withChanges,
} from '../../src/host/event-changes.ts';
import { itemKeys, keyText, type ObjectKey, touchedBy } from '../../src/host/event-objects.ts';
import { containerId, digest, namespaceName, pid, snapshotKey } from '../../src/host/ids.ts';
import { KINDS } from '../../src/host/kinds/index.ts';
import { items } from '../../src/host/kinds/listing.ts';
import { seen, unknown } from '../../src/host/observed.ts';
import type { HostSnapshot } from '../../src/host/snapshot.ts';
import { jsonText } from '../../src/report/json.ts';

const AT = '2026-01-01T00:00:00Z';
const LATER = '2026-01-01T00:00:01Z';

/** A host as its daemon knows it: what a list gives, and what a single reading gives. */
type World = Map<string, { readonly key: ObjectKey; readonly version: number }>;

const itemOf = ({ key, version }: { readonly key: ObjectKey; readonly version: number }): unknown => {
  const common = {
    namespace: namespaceName(key.namespace),
    labels: { version: `${version}` },
    createdAt: AT,
    updatedAt: AT,
  };
  switch (key.facet) {
    case 'containerd.namespaces':
      return { name: namespaceName(key.id), labels: { version: `${version}` } };
    case 'containerd.containers':
      return {
        ...common,
        id: containerId(key.id),
        image: 'i',
        runtime: 'r',
        snapshotter: 's',
        snapshotKey: snapshotKey('k'),
        sandbox: '',
      };
    case 'containerd.tasks':
      return {
        namespace: common.namespace,
        id: containerId(key.id),
        status: seen(version % 2 === 0 ? 'RUNNING' : 'PAUSED', 'Tasks.Get', AT),
        pid: seen(pid(version), 'Tasks.Get', AT),
        exitStatus: null,
        exitedAt: null,
        stdin: '',
        stdout: '',
        stderr: '',
        terminal: false,
      };
    case 'containerd.images':
      return {
        ...common,
        name: key.id,
        target: { mediaType: 'm', digest: digest(`sha256:${version}`), size: 1n, annotations: {} },
      };
    case 'containerd.content':
      return { ...common, digest: digest(key.id), size: BigInt(version) };
    case 'containerd.snapshots':
      return {
        ...common,
        snapshotter: key.snapshotter ?? '',
        key: snapshotKey(key.id),
        parent: null,
        kind: 'Active',
      };
  }
};

const FACETS = [
  'containerd.namespaces',
  'containerd.containers',
  'containerd.tasks',
  'containerd.images',
  'containerd.content',
  'containerd.snapshots',
] as const;

const listOf = (world: World, at: string): HostSnapshot => ({
  schemaVersion: 1,
  at,
  from: 'live',
  scope: {},
  facets: Object.fromEntries(
    FACETS.map((name) => [
      name,
      seen(
        { items: [...world.values()].filter(({ key }) => key.facet === name).map(itemOf), gaps: [] },
        name,
        at,
      ),
    ]),
  ),
  timings: [],
});

const shown = (host: HostSnapshot): unknown =>
  KINDS.map((kind) => kind.use((k) => k.rows(host).map((row) => jsonText(k.item(row)))));

const keys: fc.Arbitrary<ObjectKey> = fc
  .record({
    facet: fc.constantFrom(...FACETS),
    namespace: fc.constantFrom('a', 'b'),
    id: fc.constantFrom('one', 'two', 'three', 'x/y:1'),
  })
  .map(({ facet, namespace, id }) =>
    facet === 'containerd.namespaces'
      ? // The two that objects are in stay; they could not be deleted.
        { facet, namespace: id.replace('/', '-'), id: id.replace('/', '-') }
      : { facet, namespace, id, ...(facet === 'containerd.snapshots' ? { snapshotter: 'overlayfs' } : {}) },
  );

const nameOf = (key: ObjectKey): string => `${key.facet} ${keyText(key)}`;

describe('a picture that is kept up with', () => {
  test('is what a list gives in the end, however late its objects are read', () => {
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constantFrom('put' as const, 'remove' as const), key: keys }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), pick: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('give' as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('list' as const), facet: fc.constantFrom(...FACETS) }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const world: World = new Map();
        for (const namespace of ['a', 'b']) {
          const key: ObjectKey = { facet: 'containerd.namespaces', namespace, id: namespace };
          world.set(nameOf(key), { key, version: 0 });
        }
        let host = listOf(world, AT);
        let pending: Change[] = [];
        const touched = new Map<string, ObjectKey>();
        let version = 0;
        const read = (name: string): void => {
          const key = touched.get(name);
          if (key === undefined) return;
          touched.delete(name);
          const found = world.get(name);
          pending.push({
            facet: key.facet,
            key: keyText(key),
            item: found === undefined ? null : itemOf(found),
          } as Change);
        };
        const give = (): void => {
          host = withChanges(host, pending, LATER);
          pending = [];
        };
        for (const one of steps) {
          switch (one.do) {
            case 'put':
              version += 1;
              world.set(nameOf(one.key), { key: one.key, version });
              touched.set(nameOf(one.key), one.key);
              break;
            case 'remove':
              world.delete(nameOf(one.key));
              touched.set(nameOf(one.key), one.key);
              break;
            case 'read':
              read([...touched.keys()][one.pick % Math.max(1, touched.size)] ?? '');
              break;
            case 'give':
              give();
              break;
            case 'list':
              pending.push(...changesOf(listOf(world, LATER)).filter(({ facet }) => facet === one.facet));
          }
        }
        for (const name of [...touched.keys()]) read(name);
        give();
        expect(shown(host)).toEqual(shown(listOf(world, LATER)));
      }),
      { numRuns: 300 },
    );
  });

  test('shares what did not change, and is the same where nothing did', () => {
    const world: World = new Map();
    for (const id of ['one', 'two']) {
      const key: ObjectKey = { facet: 'containerd.containers', namespace: 'a', id };
      world.set(nameOf(key), { key, version: 1 });
    }
    const host = listOf(world, AT);
    expect(withChanges(host, [], LATER)).toBe(host);
    const changed = withChanges(host, [{ facet: 'containerd.containers', key: 'a/two', item: null }], LATER);
    expect(items(changed, 'containerd.containers')).toEqual([items(host, 'containerd.containers')[0]]);
    expect(items(changed, 'containerd.containers')[0]).toBe(items(host, 'containerd.containers')[0]);
    expect(changed.facets['containerd.images']).toBe(host.facets['containerd.images']);
    expect(changed.at).toBe(LATER);
  });

  test('leaves a facet unknown that could not be listed', () => {
    const host = withChanges(
      listOf(new Map(), AT),
      [{ facet: 'containerd.tasks', observed: unknown('timeout', 'Tasks.List', 'it was late', AT, 2000) }],
      AT,
    );
    const task = itemOf({ key: { facet: 'containerd.tasks', namespace: 'a', id: 'one' }, version: 1 });
    const change = { facet: 'containerd.tasks', key: 'a/one', item: task } as Change;
    expect(withChanges(host, [change], LATER)).toBe(host);
  });

  test('loses all that was in a namespace that is gone, and nothing else', () => {
    const world: World = new Map();
    const put = (key: ObjectKey): unknown => world.set(nameOf(key), { key, version: 1 });
    put({ facet: 'containerd.namespaces', namespace: 'a', id: 'a' });
    put({ facet: 'containerd.namespaces', namespace: 'b', id: 'b' });
    for (const namespace of ['a', 'b', 'implied']) put({ facet: 'containerd.images', namespace, id: 'x' });
    const host = withChanges(
      listOf(world, AT),
      [{ facet: 'containerd.namespaces', key: 'b', item: null }],
      LATER,
    );
    expect(items(host, 'containerd.images').map(({ namespace }) => namespace)).toEqual(['a', 'implied']);
  });
});

const image = (name: string, target: string): Image => ({
  namespace: namespaceName('a'),
  name,
  target: { mediaType: 'index', digest: digest(target), size: 1n, annotations: {} },
  labels: {},
  createdAt: AT,
  updatedAt: AT,
});

const manifest = (name: string, kind: Manifest['kind'], children: readonly string[] = []): Manifest => ({
  namespace: namespaceName('a'),
  digest: digest(name),
  kind,
  platform: null,
  children: children.map((child) => ({
    role: 'manifest',
    mediaType: 'm',
    digest: digest(child),
    size: 1n,
    platform: 'linux/amd64',
  })),
  ...(children[0] === undefined ? {} : { here: digest(children[0]) }),
});

describe('manifests', () => {
  const host = (
    images: readonly Image[],
    manifests: readonly Manifest[],
    blobs: readonly string[],
  ): HostSnapshot => ({
    ...listOf(new Map(), AT),
    facets: {
      'containerd.images': seen({ items: images, gaps: [] }, 'Images.List', AT),
      'containerd.manifests': seen({ items: manifests, gaps: [] }, 'Content.Read', AT),
      'containerd.content': seen(
        {
          items: blobs.map((name) => ({
            namespace: namespaceName('a'),
            digest: digest(name),
            size: 1n,
            labels: {},
            createdAt: AT,
            updatedAt: AT,
          })),
          gaps: [],
        },
        'Content.List',
        AT,
      ),
    },
  });

  test('stay while an image leads to them, and no longer', () => {
    const all = [manifest('i', 'index', ['m']), manifest('m', 'manifest')];
    const before = host([image('one', 'i'), image('two', 'i')], all, ['i', 'm']);
    const one = withChanges(before, [{ facet: 'containerd.images', key: 'a/one', item: null }], LATER);
    expect(one.facets['containerd.manifests']).toBe(before.facets['containerd.manifests']);
    const none = withChanges(one, [{ facet: 'containerd.images', key: 'a/two', item: null }], LATER);
    expect(items(none, 'containerd.manifests')).toEqual([]);
  });

  test.each([
    ['known whole', [manifest('i', 'index', ['m']), manifest('m', 'manifest')], ['i', 'm'], false, false],
    ['never read', [], ['i', 'm'], true, false],
    ['half read', [manifest('i', 'index', ['m'])], ['i', 'm'], true, false],
    ['not there, and come since', [manifest('i', 'absent')], ['i'], true, true],
    ['not there, still', [manifest('i', 'absent')], [], false, false],
    ['gone since', [manifest('i', 'index', ['m']), manifest('m', 'manifest')], ['i'], true, true],
    ['of another kind', [manifest('i', 'other')], [], false, false],
  ])('that are %s', (_, manifests, blobs, needed, outdated) => {
    const now = host([image('one', 'i')], manifests, blobs);
    expect(needsManifests(now, image('one', 'i'))).toBe(needed);
    expect(outdatedImages(now).map(({ name }) => name)).toEqual(outdated ? ['one'] : []);
  });

  test('that could not be read are a gap until they are', () => {
    const gap = {
      ...unknown('failed', 'Content.Read', 'it is damaged', AT, 1),
      object: { kind: 'content', namespace: 'a', id: 'i' },
    };
    const one = host([image('one', 'i')], [], ['i']);
    const damaged = withChanges(one, [{ facet: 'containerd.manifests', key: 'a/i', item: null, gap }], LATER);
    const gapsOf = (of: HostSnapshot): unknown => {
      const listing = of.facets['containerd.manifests'];
      return listing?.state === 'seen' ? listing.value.gaps : undefined;
    };
    expect(gapsOf(damaged)).toEqual([gap]);
    const again = withChanges(
      damaged,
      [{ facet: 'containerd.manifests', key: 'a/i', item: null, gap }],
      LATER,
    );
    expect(gapsOf(again)).toEqual([gap]);
    const read = manifest('i', 'manifest');
    const whole = withChanges(again, [{ facet: 'containerd.manifests', key: 'a/i', item: read }], LATER);
    expect(gapsOf(whole)).toEqual([]);
    expect(items(whole, 'containerd.manifests')).toEqual([read]);
  });
});

describe('an event', () => {
  const event = (over: Partial<HostEvent>): HostEvent => ({
    at: AT,
    type: 'task.exit',
    source: 'containerd',
    namespace: 'a',
    object: { kind: 'task', id: 'one', name: null },
    details: {},
    topic: '',
    ...over,
  });
  const snapshot = { kind: 'snapshot', id: 'key', name: null };
  const touched = (over: Partial<HostEvent>): string[] =>
    touchedBy(event(over), ['overlayfs', 'native']).map(nameOf);

  test.each<[string, Partial<HostEvent>, string[]]>([
    ['of a task touches the task', {}, ['containerd.tasks a/one']],
    ['of an exec touches nothing', { details: { execId: 'e' } }, []],
    ['of Docker touches nothing', { source: 'docker' }, []],
    ['without an object touches nothing', { object: null }, []],
    [
      'of a snapshot that does not name its snapshotter touches it in each',
      { type: 'snapshot.prepare', object: snapshot },
      ['containerd.snapshots a/overlayfs/key', 'containerd.snapshots a/native/key'],
    ],
    [
      'of a commit touches both of its names',
      { type: 'snapshot.commit', object: snapshot, details: { snapshotter: 'native', name: 'sha256:1' } },
      ['containerd.snapshots a/native/key', 'containerd.snapshots a/native/sha256:1'],
    ],
    [
      'that deletes a container touches its task, too',
      { type: 'container.delete', object: { kind: 'container', id: 'one', name: null } },
      ['containerd.containers a/one', 'containerd.tasks a/one'],
    ],
    [
      'of a namespace touches itself',
      { type: 'namespace.update', object: { kind: 'namespace', id: 'b', name: null } },
      ['containerd.namespaces b'],
    ],
  ])('%s', (_, over, wanted) => {
    expect(touched(over)).toEqual(wanted);
  });

  test('keys an object as its item is keyed', () => {
    for (const facet of FACETS) {
      const key: ObjectKey = {
        facet,
        namespace: 'a',
        id: 'one',
        ...(facet === 'containerd.snapshots' ? { snapshotter: 's' } : {}),
      };
      const keyOf = itemKeys[facet] as (item: unknown) => string;
      expect(keyOf(itemOf({ key, version: 1 }))).toBe(keyText(key));
    }
  });
});
