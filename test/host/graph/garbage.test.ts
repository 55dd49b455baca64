import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { buildGraph } from '../../../src/host/graph/build.ts';
import { holdersOf, surely } from '../../../src/host/graph/holders.ts';
import { markGraph } from '../../../src/host/graph/mark.ts';
import { collected } from './collector.ts';
import {
  blob,
  container,
  EARLIER,
  image,
  ingest,
  ingestRecord,
  LATER,
  type Labels,
  lease,
  leased,
  type Made,
  made,
  sandbox,
  sha,
  snapshot,
} from './made.ts';

const garbageOf = (lists: Made): string[] => {
  const graph = buildGraph(made(lists));
  const marks = markGraph(graph);
  return graph.nodes
    .filter((node) => node.present && marks.held(node) === false)
    .map(({ kind, namespace, id }) => `${kind} ${namespace} ${id}`)
    .toSorted();
};

const VERSIONS: readonly (readonly [number, string])[] = [
  [1006, 'v1.6.20'],
  [1007, '1.7.24~ds1'],
  [2000, 'v2.0.0'],
  [2001, '2.1.9'],
  [2002, 'v2.2.0'],
  [2003, '2.3.0-rc.1'],
];

const DIGESTS = ['a', 'b', 'c', 'd', 'e'].map(sha);
const KEYS = ['s0', 's1', 's2', 's3', 's4'];
const NAMES = ['one', 'two', 'three'];
const IDS = ['c0', 'c1'];
const REFS = ['u0', 'u1'];
const LEASES = ['l0', 'l1', 'l2'];
const SPACES = ['shop', 'blog'];

const oneOf = (values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const NOBODYS = ['ghost', sha('f')];
const label = fc.oneof(
  fc.tuple(
    oneOf([
      'ref.content',
      'ref.content.l.0',
      'ref.content/x',
      'ref.contents',
      'bref.content',
      'bref.content.x',
    ]),
    oneOf([...DIGESTS, ...NOBODYS]),
  ),
  fc.tuple(
    oneOf([
      'ref.snapshot.overlayfs',
      'ref.snapshot.overlayfs/x',
      'ref.snapshot.native',
      'bref.snapshot.overlayfs',
    ]),
    oneOf([...KEYS, ...NOBODYS]),
  ),
  fc.tuple(oneOf(['ref.image', 'ref.image.x', 'ref.images', 'bref.image']), oneOf([...NAMES, ...NOBODYS])),
  fc.tuple(oneOf(['bref.container', 'bref.container.x']), oneOf([...IDS, ...NOBODYS])),
  fc.tuple(oneOf(['root', 'root.x', 'flat']), fc.constant('yes')),
  fc.tuple(fc.constant('expire'), oneOf([EARLIER, LATER, 'never'])),
);
const labels: fc.Arbitrary<Labels> = fc
  .array(label, { maxLength: 3 })
  .map((pairs) => Object.fromEntries(pairs.map(([name, value]) => [`containerd.io/gc.${name}`, value])));

const space = oneOf(SPACES);
const some = (values: readonly string[]): fc.Arbitrary<string[]> =>
  fc.subarray([...values], { maxLength: 2 });

const lists: fc.Arbitrary<Made> = fc
  .record({
    images: distinct(
      fc.tuple(oneOf(NAMES), oneOf(DIGESTS), labels, space).map((args) => image(...args)),
      (i) => i.name,
    ),
    content: distinct(
      fc.tuple(oneOf(DIGESTS), labels, space).map((args) => blob(...args)),
      (c) => c.digest,
    ),
    snapshots: distinct(
      // Cycles too, which a broken database may have.
      fc.tuple(oneOf(KEYS), fc.option(oneOf(KEYS)), labels, space).map((args) => snapshot(...args)),
      (s) => s.key,
    ),
    containers: distinct(
      fc
        .tuple(oneOf(IDS), fc.option(oneOf(KEYS), { nil: undefined }), labels, space)
        .map(([id, key, own, namespace]) =>
          container(id, { labels: own, namespace, ...(key === undefined ? {} : { snapshot: key }) }),
        ),
      (c) => c.id,
    ),
    leases: distinct(
      fc.tuple(oneOf(LEASES), labels, space).map((args) => lease(...args)),
      (l) => l.id,
    ),
    ingests: fc.constant(SPACES.flatMap((namespace) => REFS.map((ref) => ingest(ref, namespace)))),
    records: fc.array(fc.tuple(fc.option(oneOf([EARLIER, LATER])), fc.option(oneOf(DIGESTS))), {
      minLength: 4,
      maxLength: 4,
    }),
    resources: fc.array(
      fc.record({ content: some(DIGESTS), snapshots: some(KEYS), ingests: some(REFS), images: some(NAMES) }),
      { minLength: 6, maxLength: 6 },
    ),
    sandboxes: distinct(
      fc.tuple(fc.constant('pod'), labels, space).map((args) => sandbox(...args)),
      (s) => s.id,
    ),
  })
  .map(({ records, resources, ...all }) => ({
    ...all,
    ingestRecords: all.ingests.map(({ ref, namespace }, i) =>
      ingestRecord(ref, records[i]?.[0] ?? null, records[i]?.[1] ?? null, namespace),
    ),
    leased: all.leases.map(({ id, namespace }, i) => leased(id, resources[i] ?? {}, namespace)),
  }));

function distinct<T extends { readonly namespace: string }>(
  item: fc.Arbitrary<T>,
  id: (item: T) => string,
): fc.Arbitrary<T[]> {
  return fc.uniqueArray(item, { maxLength: 6, selector: (one) => `${one.namespace} ${id(one)}` });
}

describe('what nothing holds', () => {
  test.each(VERSIONS)("is what containerd's collector sweeps, by the rules of %i", (number, version) => {
    let swept = 0;
    let stayed = 0;
    fc.assert(
      fc.property(lists, (host) => {
        const expected = collected(host, number).toSorted();
        expect(garbageOf({ ...host, version })).toEqual(expected);
        swept += expected.length;
        stayed += (host.content?.length ?? 0) + (host.snapshots?.length ?? 0);
      }),
      { numRuns: 400 },
    );
    // Neither everything nor nothing: else the comparison says little.
    expect(swept).toBeGreaterThan(400);
    expect(stayed).toBeGreaterThan(400);
  });

  test('is said without the version only where every version agrees', () => {
    let unknown = 0;
    fc.assert(
      fc.property(lists, (host) => {
        const verdicts = (version: string | null): readonly (boolean | undefined)[] => {
          const graph = buildGraph(made({ ...host, version }));
          const marks = markGraph(graph);
          return [...(host.content ?? []), ...(host.snapshots ?? [])].map((one) => {
            const [kind, id] =
              'digest' in one
                ? (['content', one.digest] as const)
                : (['snapshot', `overlayfs/${one.key}`] as const);
            const node = graph.find(kind, one.namespace, id);
            return node && marks.held(node);
          });
        };
        const known = VERSIONS.map(([, version]) => verdicts(version));
        for (const [i, verdict] of verdicts(null).entries()) {
          if (verdict === undefined) unknown += 1;
          else for (const one of known) expect(one[i]).toBe(verdict);
        }
      }),
      { numRuns: 300 },
    );
    expect(unknown).toBeGreaterThan(0);
  });

  test('has no path from a holder, and whatever is held has one that begins at a root', () => {
    fc.assert(
      fc.property(lists, (host) => {
        const graph = buildGraph(made({ ...host, version: '2.3.0' }));
        const marks = markGraph(graph);
        for (const node of graph.nodes) {
          const { paths } = holdersOf(graph, [node], surely);
          const isHeld = node.present && marks.held(node) === true;
          if (node.present) expect(paths.length > 0, node.id).toBe(isHeld);
          for (const { steps } of paths) {
            expect(steps[0]?.node.root?.state).toBe('holds');
            expect(steps.at(-1)?.node).toBe(node);
          }
          // One holder alone, exactly where there is one path.
          const sole = marks.sole(node);
          if (paths.length > 0)
            expect(sole ?? null).toBe(paths.length === 1 ? paths[0]?.steps[0]?.node : null);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('is found in a graph of 100,000 objects in a second or so, deep as it may be', () => {
    const layers = Array.from({ length: 50_000 }, (_, i) => snapshot(`k${i}`, i === 0 ? null : `k${i - 1}`));
    const blobs = Array.from({ length: 40_000 }, (_, i) =>
      blob(`sha256:${i}`, { 'containerd.io/gc.ref.content.l.0': `sha256:${i + 1}` }),
    );
    const images = Array.from({ length: 10_000 }, (_, i) => image(`image-${i}`, 'sha256:20000'));
    const started = performance.now();
    const garbage = garbageOf({
      snapshots: layers,
      content: blobs,
      images,
      containers: [container('c', { snapshot: 'k29999' })],
    });
    expect(garbage.length).toBe(20_000 + 20_000);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
