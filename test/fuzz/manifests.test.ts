import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type MessageShape,
} from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Image } from '../../src/host/containerd.ts';
import { digest, namespaceName } from '../../src/host/ids.ts';
import type { Connection } from '../../src/sources/containerd/connection.ts';
import { CallFailure, STATUS } from '../../src/sources/containerd/failure.ts';
import { listManifests } from '../../src/sources/containerd/manifests.ts';
import { foreignText } from '../text/foreign-text.ts';
import { nested, soon } from './bounds.ts';

const MEDIA_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.oci.image.layer.v1.tar+gzip',
  '',
];
/** Few enough that blobs name each other and themselves. */
const DIGESTS = Array.from({ length: 12 }, (_, i) => `sha256:${i}`);

const anything = fc.oneof(fc.jsonValue({ maxDepth: 3 }), foreignText);
const sometimes = <T>(sound: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 8, arbitrary: sound }, { weight: 1, arbitrary: anything });

const descriptor = sometimes(
  fc.record(
    {
      mediaType: sometimes(fc.constantFrom(...MEDIA_TYPES)),
      digest: sometimes(fc.constantFrom(...DIGESTS)),
      size: sometimes(fc.oneof(fc.nat(), fc.constant(2 ** 63), fc.constant(-1))),
      platform: sometimes(
        fc.record({ os: sometimes(fc.constant('linux')), architecture: sometimes(fc.constant('amd64')) }),
      ),
      annotations: sometimes(fc.constant({ 'vnd.docker.reference.type': 'attestation-manifest' })),
    },
    { requiredKeys: [] },
  ),
);
const blob = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record(
        {
          manifests: sometimes(fc.array(descriptor, { maxLength: 6 })),
          config: descriptor,
          layers: sometimes(fc.array(descriptor, { maxLength: 6 })),
          os: sometimes(fc.constant('linux')),
          architecture: sometimes(fc.constant('x86_64')),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
  },
  { weight: 1, arbitrary: nested },
  { weight: 1, arbitrary: foreignText },
);
const store = fc.dictionary(fc.constantFrom(...DIGESTS), blob, { maxKeys: DIGESTS.length });

describe('image targets that lead anywhere', () => {
  test('come to an end: each digest is read once, and is either known or missing for a reason', async () => {
    await fc.assert(
      fc.asyncProperty(
        store,
        fc.array(fc.tuple(fc.constantFrom(...DIGESTS), fc.constantFrom(...MEDIA_TYPES)), { maxLength: 8 }),
        (blobs, targets) =>
          soon(async () => {
            const { connection, reads } = contentStore(blobs);
            const images = targets.map(([target, mediaType], i) => imageOf(String(i), target, mediaType));
            const { items, gaps } = await listManifests(connection, images, {
              namespace: 'n',
              deadlineMs: 1_000,
            });
            const met = [...items.map((item) => item.digest), ...gaps.map(({ object }) => object?.id ?? '')];
            expect(new Set(met).size).toBe(met.length);
            for (const [target] of targets) expect(met).toContain(target);
            for (const { children } of items) {
              for (const child of children) {
                expect(typeof child.digest).toBe('string');
                expect(child.size >= 0n && child.size < 1n << 63n).toBe(true);
              }
            }
            for (const { why } of gaps) expect(why.length).toBeLessThan(1_000);
            // A manifest costs itself and its config.
            expect(reads()).toBeLessThanOrEqual(2 * met.length);
          }),
      ),
      { numRuns: 300 },
    );
  });
});

/** A content store of these blobs; any other digest is not found. */
const contentStore = (
  blobs: Readonly<Record<string, string>>,
): { readonly connection: Connection; readonly reads: () => number } => {
  let reads = 0;
  const connection: Connection = {
    address: '/fake',
    calls: () => reads,
    unary: () => Promise.reject(new Error('not asked')),
    async *stream<I extends DescMessage, O extends DescMessage>(
      method: DescMethodServerStreaming<I, O>,
      request: unknown,
    ): AsyncIterable<MessageShape<O>> {
      reads += 1;
      const wanted = (request as { readonly digest: string }).digest;
      const data = Object.hasOwn(blobs, wanted) ? blobs[wanted] : undefined;
      if (data === undefined) {
        const why = 'not found';
        throw new CallFailure({ state: 'failed', code: STATUS.NOT_FOUND, method: method.name, why, ms: 0 });
      }
      yield create(method.output, { data: Buffer.from(data) } as never);
    },
    implements: () => Promise.resolve(true),
    close: () => {},
  };
  return { connection, reads: () => reads };
};

const imageOf = (name: string, target: string, mediaType: string): Image => ({
  namespace: namespaceName('n'),
  name,
  target: { mediaType, digest: digest(target), size: 1n, annotations: {} },
  labels: {},
  createdAt: null,
  updatedAt: null,
});
