import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { Images } from '../../src/gen/containerd/services/images/v1/images_pb.js';
import { chosenSuites } from '../faults/fault.ts';
import { ctrscope } from '../faults/program.ts';
import { importMultiImage, MULTI_IMAGE } from '../lab/images.ts';
import { sharedLab } from '../lab/shared.ts';
import { openWire, type Wire } from '../live/wire.ts';
import { type Answer, answerOf, type Item, isInert } from './answers.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const MIB = 1 << 20;
const ABOVE_2_53 = 9_007_199_254_740_993n;
const LARGEST = 9_223_372_036_854_775_807n;

/** Blobs that no builder makes, each the target of an image; and why the image's platforms are then not known. */
const TARGETS: Readonly<Record<string, { mediaType: string; bytes: Uint8Array; why?: RegExp }>> = {
  'not-json': {
    mediaType: MANIFEST,
    bytes: Buffer.from('\u0000ELF, or what else'),
    why: /is not valid JSON: /,
  },
  'not-utf8': { mediaType: MANIFEST, bytes: Buffer.from([0x7b, 0xff, 0x7d]), why: /is not valid JSON: / },
  'cut-off': {
    mediaType: INDEX,
    bytes: Buffer.from('{"manifests":[{"digest":"sha256:'),
    why: /is not valid JSON: /,
  },
  'only-a-space': { mediaType: INDEX, bytes: Buffer.from(' '), why: /is not valid JSON: / },
  'a-list': { mediaType: MANIFEST, bytes: Buffer.from('[1,2]'), why: /it is no JSON object/ },
  'a-number': { mediaType: INDEX, bytes: Buffer.from('7'), why: /it is no JSON object/ },
  'too-large': {
    mediaType: MANIFEST,
    bytes: Buffer.from(JSON.stringify({ annotations: { long: 'x'.repeat(9 * MIB) } })),
    why: /is larger than the 8388608 bytes that are read/,
  },
  'too-deep': {
    mediaType: INDEX,
    bytes: Buffer.from(`{"manifests":${'['.repeat(MIB)}${']'.repeat(MIB)}}`),
    why: /nested deeper/,
  },
  'odd-shapes': {
    mediaType: INDEX,
    bytes: Buffer.from(
      '{"manifests":[null,7,"x",[],{"digest":5,"mediaType":{},"size":"9","platform":[]},{}]}',
    ),
  },
  'no-manifests': { mediaType: INDEX, bytes: Buffer.from('{"manifests":{"a":1}}') },
  'many-manifests': {
    mediaType: INDEX,
    bytes: Buffer.from(
      JSON.stringify({
        manifests: Array.from({ length: 20_000 }, (_, i) => ({
          mediaType: MANIFEST,
          digest: `sha256:${String(i).padStart(64, '0')}`,
          size: 1,
          platform: { os: 'linux', architecture: `a${i}` },
        })),
      }),
    ),
  },
};

for (const suite of chosenSuites('hostile content')) {
  describe(`content that somebody made to hurt (${suite})`, () => {
    const lab = sharedLab(suite);
    let wire: Wire;
    let answer: Answer;
    const digests = new Map<string, string>();

    const record = async (name: string, mediaType: string, digest: string, size: bigint): Promise<void> => {
      await wire.call(
        Images.method.create,
        { image: { name: `hostile.test/${name}:1`, target: { mediaType, digest, size } } },
        lab().namespace,
      );
    };
    const imageOf = (name: string): Item | undefined =>
      answer.items?.find((item) => item['name'] === `hostile.test/${name}:1`);

    /** A blob whose bytes on the disk are not those of its digest, though as many: so it can name itself. */
    const disguised = async (seed: string, bytes: (digest: string) => object): Promise<string> => {
      const digest = await wire.writeBlob(seedOf(seed, bytes), lab().namespace);
      const file = join(
        lab().containerdRoot,
        'io.containerd.content.v1.content/blobs/sha256',
        digest.replace('sha256:', ''),
      );
      writeFileSync(file, JSON.stringify(bytes(digest)));
      return digest;
    };

    const json = (value: object): Promise<string> =>
      wire.writeBlob(Buffer.from(JSON.stringify(value)), lab().namespace);

    beforeAll(async () => {
      wire = openWire(lab().address);
      await importMultiImage(lab());
      for (const [name, { mediaType, bytes }] of Object.entries(TARGETS)) {
        // The record first: a collection of garbage takes a blob that nothing names.
        const digest = digestOf(bytes);
        digests.set(name, digest);
        await record(name, mediaType, digest, BigInt(bytes.length));
        await ingest(digest, bytes);
      }

      // An index that names itself, and two that name each other.
      const child = (digest: string, mediaType = INDEX): object => ({ mediaType, digest, size: 10 });
      const self = await disguised('c', (digest) => ({
        manifests: [child(digest), child(digest, MANIFEST)],
      }));
      await record('cycle-of-one', INDEX, self, 4n);
      const second = digestOf(seedOf('b', (digest) => ({ manifests: [child(digest)] })));
      const first = await disguised('a', () => ({ manifests: [child(second)] }));
      expect(await disguised('b', () => ({ manifests: [child(first)] }))).toBe(second);
      await record('cycle-of-two', INDEX, first, 5n);

      let deep = await json({ config: { mediaType: CONFIG, digest: digestOf('none'), size: 2 }, layers: [] });
      for (let i = 0; i < 100; i += 1)
        deep = await json({ i, manifests: [child(deep, i === 0 ? MANIFEST : INDEX)] });
      await record('a-hundred-deep', INDEX, deep, 100n);

      // Sizes that a JavaScript number cannot hold, in the record and in a manifest.
      const config = await json({ os: 'linux', architecture: 'amd64' });
      const manifest = `{"config":{"mediaType":"${CONFIG}","digest":"${config}","size":1},"layers":[{"mediaType":"${LAYER}","digest":"${digestOf('layer')}","size":${ABOVE_2_53}}]}`;
      await record(
        'large-layer',
        MANIFEST,
        await wire.writeBlob(Buffer.from(manifest), lab().namespace),
        ABOVE_2_53,
      );
      await record('largest', LAYER, digestOf('largest'), LARGEST);

      // What is asked here is what becomes of it, not how fast a busy machine is.
      answer = await answerOf(lab(), ['get', 'images', '--timeout', '30s']);
      return () => wire[Symbol.dispose]();
    });

    const ingest = async (digest: string, bytes: Uint8Array): Promise<void> => {
      await lab().ctr(
        ['content', 'ingest', '--expected-digest', digest, '--expected-size', String(bytes.length), digest],
        { input: bytes },
      );
    };

    test('is a list of all images, of which most are known', () => {
      expect(answer.exitCode, answer.stderr).toBe(5);
      isInert(answer);
      expect(answer.items?.length).toBe(Object.keys(TARGETS).length + 6);
      expect(answer.items?.find(({ name }) => name === MULTI_IMAGE)).toMatchObject({
        platforms: ['linux/amd64', 'linux/arm64'],
      });
    });

    test.for(Object.entries(TARGETS))(
      '%s: what it is and, where it cannot be read, why',
      ([name, { why }]) => {
        const image = imageOf(name);
        expect(image).toMatchObject({ digest: digests.get(name) });
        const gaps = answer.unknown.filter(({ object }) => object?.id === `hostile.test/${name}:1`);
        if (why === undefined) {
          expect(gaps).toEqual([]);
          expect(image).toHaveProperty('platforms');
        } else {
          expect(image).not.toHaveProperty('platforms');
          expect(gaps).toEqual([
            expect.objectContaining({ reason: expect.stringMatching(why), fields: ['platforms', 'size'] }),
          ]);
          expect(gaps[0]?.reason).toContain(digests.get(name));
          expect(gaps[0]?.reason.length).toBeLessThan(500);
        }
      },
    );

    test.for(['cycle-of-one', 'cycle-of-two', 'a-hundred-deep'])('%s comes to an end', (name) => {
      expect(imageOf(name)).toMatchObject({ platforms: [] });
    });

    test('sizes keep their digits', async () => {
      expect(imageOf('large-layer')).toMatchObject({
        targetSize: ABOVE_2_53,
        size: ABOVE_2_53 + ABOVE_2_53 + 1n,
        platforms: ['linux/amd64'],
      });
      expect(imageOf('largest')).toMatchObject({ targetSize: LARGEST });
      for (const format of ['json', 'yaml']) {
        const { stdout } = await ctrscope(lab(), ['get', 'images', '-o', format, '--timeout', '30s']);
        expect(stdout).toMatch(new RegExp(`targetSize"?: ${ABOVE_2_53},?\n`));
        expect(stdout).toMatch(new RegExp(`targetSize"?: ${LARGEST},?\n`));
      }
    });

    test('is as harmless to people', async () => {
      for (const args of [
        ['get', 'images'],
        ['get', 'images', '-o', 'csv'],
        ['get', 'content'],
      ]) {
        const run = await ctrscope(lab(), args);
        expect([0, 5], run.stderr).toContain(run.exitCode);
        isInert(run);
      }
      // What they name is not here, and a report says so.
      const report = await ctrscope(lab(), ['report']);
      expect(report.exitCode, report.stderr).toBe(3);
      expect(report.stdout).toContain('odd-shapes:1 in ');
      expect(report.stdout).toContain('is without 1 blob (manifest without a digest)');
      isInert(report);
    });
  });
}

/** What the blob of a disguise is written as: its bytes, with digests of one letter each. */
const seedOf = (letter: string, bytes: (digest: string) => object): Buffer =>
  Buffer.from(
    JSON.stringify(bytes(digestOf(''))).replaceAll(/sha256:[0-9a-f]{64}/g, `sha256:${letter.repeat(64)}`),
  );

const digestOf = (bytes: Uint8Array | string): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
