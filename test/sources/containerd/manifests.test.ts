import { createHash } from 'node:crypto';
import { arch } from 'node:os';
import { setTimeout } from 'node:timers/promises';

import { create, type MessageShape } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ReadContentResponseSchema } from '../../../src/gen/containerd/services/content/v1/content_pb.js';
import type { Image, Manifest } from '../../../src/host/containerd.ts';
import { digest, namespaceName } from '../../../src/host/ids.ts';
import type { Listing } from '../../../src/host/observed.ts';
import type { Connection } from '../../../src/sources/containerd/connection.ts';
import { CallFailure, STATUS } from '../../../src/sources/containerd/failure.ts';
import { listManifests } from '../../../src/sources/containerd/manifests.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const MAX_MANIFESTS = 5000;

describe('manifests', () => {
  test('are read as edges: an index, the manifest that runs here, its config', async () => {
    const store = new Store();
    const config = store.add({ os: 'linux', architecture: 'amd64', config: { Env: ['A=hunter2'] } });
    const manifest = store.add({ config: { ...config, mediaType: CONFIG }, layers: [layer(7)] });
    const index = store.add({
      manifests: [
        { ...manifest, mediaType: MANIFEST, platform: { os: 'linux', architecture: HERE } },
        { ...store.absent('a'), mediaType: MANIFEST, platform: { os: 'windows', architecture: 'amd64' } },
      ],
    });
    const { items, gaps } = await store.list([{ ...index, mediaType: INDEX }]);
    expect(gaps).toEqual([]);
    expect(items.toSorted(byKind)).toMatchObject([
      {
        kind: 'index',
        here: manifest.digest,
        children: [{ platform: `linux/${HERE}` }, { platform: 'windows/amd64' }],
      },
      {
        kind: 'manifest',
        platform: 'linux/amd64',
        children: [{ role: 'config' }, { role: 'layer', size: 7n }],
      },
    ]);
    expect(store.reads.toSorted()).toEqual([config.digest, manifest.digest, index.digest].toSorted());
    expect(JSON.stringify(items, (_, v) => (typeof v === 'bigint' ? String(v) : v))).not.toContain('hunter2');
  });

  test.for([
    ['null', 'null'],
    ['an array', '[]'],
    ['a string', '"x"'],
    ['a number', '12'],
    ['nothing', ''],
    ['cut off', '{"manifests":[{"digest":"sha256:'],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['nested without end', `{"manifests":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ] as const)('that are %s are a gap that names the blob, and the others are read', async ([, text]) => {
    const store = new Store();
    const bad = store.addBytes(Buffer.from(text));
    const good = store.add({ layers: [] });
    for (const mediaType of [INDEX, MANIFEST]) {
      const { items, gaps } = await store.list([
        { ...bad, mediaType },
        { ...good, mediaType: MANIFEST },
      ]);
      expect(items.map((item) => item.digest)).toEqual([good.digest]);
      expect(gaps).toEqual([
        expect.objectContaining({
          state: 'failed',
          why: expect.stringContaining(`${bad.digest} is not valid JSON`),
          object: { kind: 'content', namespace: 'test', id: bad.digest },
        }),
      ]);
    }
  });

  test('of any other shape are manifests with what can be made of them', async () => {
    const odd = [
      {},
      { manifests: null },
      { manifests: 'x', layers: 7, config: [] },
      { manifests: [null, 1, 'x', [], {}], layers: [null, {}], config: null },
      { manifests: [{ mediaType: 7, digest: {}, size: 'x', platform: 'linux' }] },
      {
        manifests: [
          { mediaType: INDEX, digest: 'sha256:..', size: -1, platform: { os: 3, architecture: null } },
        ],
      },
      { layers: [{ size: 1e300 }, { size: 0.5 }, { size: null }, { size: -0 }], config: { digest: '' } },
      JSON.parse('{"__proto__":{"manifests":[1]},"manifests":[{"__proto__":{"digest":"x"},"size":1}]}'),
    ];
    for (const shape of odd) {
      for (const mediaType of [INDEX, MANIFEST]) {
        const store = new Store();
        const { items } = await store.list([{ ...store.add(shape), mediaType }]);
        expect(items.length).toBeGreaterThan(0);
        for (const { children } of items) {
          for (const child of children) {
            expect(typeof child.digest).toBe('string');
            expect(typeof child.mediaType).toBe('string');
            expect(child.size).toBeGreaterThanOrEqual(0n);
            expect(child.size).toBeLessThan(1n << 63n);
          }
        }
      }
    }
  });

  test('of any JSON at all never throw', async () => {
    const json = fc.jsonValue({ maxDepth: 4 });
    const member = fc.constantFrom(
      'manifests',
      'config',
      'layers',
      'platform',
      'digest',
      'size',
      'mediaType',
      'os',
    );
    const shape = fc.dictionary(
      member,
      fc.oneof(json, fc.array(fc.dictionary(member, json), { maxLength: 3 })),
    );
    await fc.assert(
      fc.asyncProperty(shape, fc.constantFrom(INDEX, MANIFEST), async (value, mediaType) => {
        const store = new Store();
        const { items, gaps } = await store.list([{ ...store.add(value), mediaType }]);
        expect(items.length + gaps.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  test('that name themselves, or each other in a circle, are each read once', async () => {
    const store = new Store();
    const [one, other] = [store.absent('1'), store.absent('2')];
    const child = (to: Named): object => ({ ...to, mediaType: INDEX, size: 1 });
    store.put(one.digest, { manifests: [child(one), child(other), child(other)] });
    store.put(other.digest, { manifests: [child(one)] });
    const { items, gaps } = await store.list([{ ...one, mediaType: INDEX }]);
    expect({ items: items.length, gaps: gaps.length, reads: store.reads.length }).toEqual({
      items: 2,
      gaps: 0,
      reads: 2,
    });
  });

  test('in a chain without end are followed a few steps only', async () => {
    const store = new Store();
    for (let i = 0; i < 50; i += 1) {
      store.put(store.absent(String(i)).digest, {
        manifests: [{ ...store.absent(String(i + 1)), mediaType: INDEX }],
      });
    }
    await store.list([{ ...store.absent('0'), mediaType: INDEX }]);
    expect(store.reads.length).toBeLessThanOrEqual(10);
  });

  test('too many of one index are cut, and that is said once', async () => {
    const store = new Store();
    const many = Array.from({ length: 3 * MAX_MANIFESTS }, (_, i) => ({
      ...store.absent(`m${i}`),
      mediaType: MANIFEST,
    }));
    const { items, gaps } = await store.list([{ ...store.add({ manifests: many }), mediaType: INDEX }]);
    expect(store.reads.length).toBe(MAX_MANIFESTS);
    expect(items).toHaveLength(MAX_MANIFESTS);
    expect(gaps).toEqual([
      expect.objectContaining({
        state: 'truncated',
        why: expect.stringContaining(`first ${MAX_MANIFESTS} distinct`),
      }),
    ]);
    expect(store.mostAtOnce).toBeLessThanOrEqual(16);
  });

  test('not read in the time that there is for all of them are a gap, and nobody waits longer', async () => {
    const store = new Store();
    store.readMs = 20;
    const many = Array.from({ length: 2000 }, (_, i) => ({ ...store.absent(`m${i}`), mediaType: MANIFEST }));
    const started = performance.now();
    const { items, gaps } = await store.list(many, 300);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(items.length).toBe(store.reads.length);
    expect(items.length).toBeLessThan(2000);
    expect(gaps).toEqual([
      expect.objectContaining({
        state: 'timeout',
        why: `${2000 - items.length} manifests of namespace test were not read within 300ms; --timeout gives more`,
        object: { kind: 'content', namespace: 'test' },
      }),
    ]);
  });

  test('larger than any real one are given up before they are held', async () => {
    const store = new Store();
    const large = store.addBytes(Buffer.alloc(9 << 20, ' '));
    const { items, gaps } = await store.list([{ ...large, mediaType: MANIFEST }]);
    expect(items).toEqual([]);
    expect(gaps).toEqual([expect.objectContaining({ state: 'truncated' })]);
    expect(store.sent).toBeLessThan((8 << 20) + 2 * CHUNK);
  });

  test('whose blob is not there are known to be absent', async () => {
    const store = new Store();
    const { items, gaps } = await store.list([{ ...store.absent('x'), mediaType: INDEX }]);
    expect({ items, gaps }).toMatchObject({ items: [{ kind: 'absent', children: [] }], gaps: [] });
  });

  test('that the daemon does not send are gaps; what is no failure of a call is not hidden', async () => {
    const store = new Store();
    const images = [{ ...store.add({}), mediaType: MANIFEST }];
    store.failure = new CallFailure({
      state: 'timeout',
      code: STATUS.DEADLINE_EXCEEDED,
      method: 'a/b',
      why: 'slow',
      ms: 10_000,
    });
    expect(await store.list(images)).toMatchObject({ items: [], gaps: [{ state: 'timeout', why: 'slow' }] });
    store.failure = new TypeError('a bug');
    await expect(store.list(images)).rejects.toThrow('a bug');
  });
});

const HERE = { x64: 'amd64', arm64: 'arm64', arm: 'arm', ia32: '386' }[arch() as string] ?? arch();

type Named = { readonly digest: string };

const layer = (size: number): object => ({ mediaType: LAYER, digest: `sha256:${'f'.repeat(64)}`, size });

const CHUNK = 1 << 20;

/** A content store behind the connection of a test. */
class Store {
  readonly #blobs = new Map<string, Buffer>();
  readonly reads: string[] = [];
  sent = 0;
  mostAtOnce = 0;
  #atOnce = 0;
  /** How long each read takes. */
  readMs = 0;
  /** Thrown by every read. */
  failure: Error | undefined;

  add(value: unknown): Named {
    return this.addBytes(Buffer.from(JSON.stringify(value)));
  }

  addBytes(bytes: Buffer): Named {
    const name = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    this.#blobs.set(name, bytes);
    return { digest: name };
  }

  put(name: string, value: unknown): void {
    this.#blobs.set(name, Buffer.from(JSON.stringify(value)));
  }

  /** A digest by a name of its own, whether its blob is there or not. */
  absent(name: string): Named {
    return { digest: `sha256:${createHash('sha256').update(`absent ${name}`).digest('hex')}` };
  }

  list(
    targets: readonly (Named & { readonly mediaType: string })[],
    deadlineMs: number = 10_000,
  ): Promise<Listing<Manifest>> {
    const images = targets.map(
      (target, i): Image => ({
        namespace: namespaceName('test'),
        name: `image-${i}`,
        target: { ...target, digest: digest(target.digest), size: 1n, annotations: {} },
        labels: {},
        createdAt: null,
        updatedAt: null,
      }),
    );
    return listManifests(this.#connection(), images, { namespace: 'test', deadlineMs });
  }

  #connection(): Connection {
    const stream = (_method: unknown, request: { digest: string }): AsyncIterable<unknown> =>
      this.#read(request.digest);
    const refuse = (): never => {
      throw new Error('manifests are read with Content.Read alone');
    };
    return {
      address: '/test',
      calls: () => 0,
      unary: refuse,
      implements: refuse,
      close: refuse,
      stream,
    } as unknown as Connection;
  }

  async *#read(name: string): AsyncIterable<MessageShape<typeof ReadContentResponseSchema>> {
    this.reads.push(name);
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    try {
      await (this.readMs > 0 ? setTimeout(this.readMs) : Promise.resolve());
      if (this.failure !== undefined) throw this.failure;
      const bytes = this.#blobs.get(name);
      if (bytes === undefined) {
        throw new CallFailure({
          state: 'failed',
          code: STATUS.NOT_FOUND,
          method: 'a/b',
          why: 'not found',
          ms: 0,
        });
      }
      for (let i = 0; i < bytes.length; i += CHUNK) {
        const data = bytes.subarray(i, i + CHUNK);
        this.sent += data.length;
        yield create(ReadContentResponseSchema, { offset: BigInt(i), data });
      }
    } finally {
      this.#atOnce -= 1;
    }
  }
}

const byKind = (a: Manifest, b: Manifest): number => (a.kind < b.kind ? -1 : 1);
