import { beforeAll, describe, expect, test } from 'vitest';
import { Containers } from '../../src/gen/containerd/services/containers/v1/containers_pb.js';
import { Images } from '../../src/gen/containerd/services/images/v1/images_pb.js';
import { chosenSuites } from '../faults/fault.ts';
import { ctrscope } from '../faults/program.ts';
import { importSingleImage, SINGLE_IMAGE } from '../lab/images.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { sharedLab, skipReason } from '../lab/shared.ts';
import { SPEC_TYPE } from '../live/crafted-objects.ts';
import { openWire, type Wire } from '../live/wire.ts';
import { answerOf, type Item, isInert } from './answers.ts';
import { field, rawCall } from './raw-call.ts';

const MIB = 1 << 20;
/** What is asked here is what becomes of an object, not how fast a busy machine is. */
const PATIENT = ['--timeout', '30s'];

/** Names that act on a terminal, hide themselves, look like something else, or are only long. */
const NAMES: Readonly<Record<string, string>> = {
  'control characters': 'evil.test/\u001b[2J\u001b[31mred\u0007\b\r\u007f:1',
  'a line feed and what looks like a row':
    'evil.test/a\nlab  docker.io/library/good:1  sha256:0  linux/amd64',
  'a reversed order': 'evil.test/\u202egnp.exe\u202c:1',
  'what cannot be seen': 'evil.test/\u200b\u2066a\u2069\u00ad\ufeff:1',
  'C1 controls': 'evil.test/\u009b31m\u0090:1',
  'a formula': '=cmd|calc!A1',
  markup: 'evil.test/<script>alert(1)</script>|`x`|[a](b):1',
  'a terminal hyperlink': 'evil.test/\u001b]8;;http://x.test\u001b\\click\u001b]8;;\u001b\\',
  'wide and combining characters': 'evil.test/漢字e\u0301\u{1f468}\u200d\u{1f469}\u200d\u{1f467}:1',
  'ten thousand characters': `evil.test/${'x'.repeat(10_000)}:1`,
  'the name of a property': '__proto__',
};

/** What a container's spec can be, and what has to be said of it: nothing, or why it cannot be shown. */
const SPECS: Readonly<
  Record<string, { typeUrl: string; value: Uint8Array; why?: RegExp; absent?: boolean }>
> = {
  'spec-not-json': {
    typeUrl: SPEC_TYPE,
    value: Buffer.from('{"process":{"args":["/bin/sh"'),
    why: /the OCI spec is not valid JSON: /,
  },
  'spec-empty': { typeUrl: SPEC_TYPE, value: Buffer.alloc(0), why: /the OCI spec is not valid JSON: / },
  'spec-not-utf8': {
    typeUrl: SPEC_TYPE,
    value: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    why: /the OCI spec is not valid JSON: /,
  },
  'spec-unknown-type': {
    typeUrl: 'evil.test.Spec\u001b[31m',
    value: Buffer.from([1, 2, 3]),
    why: /payload of unknown type "evil\.test\.Spec.*" \(3 bytes\)/,
  },
  'spec-5-mib': {
    typeUrl: SPEC_TYPE,
    value: Buffer.from(JSON.stringify({ ociVersion: '1.0.2', annotations: { long: 'x'.repeat(5 * MIB) } })),
  },
  'spec-many-parts': {
    typeUrl: SPEC_TYPE,
    value: Buffer.from(
      JSON.stringify({ mounts: Array.from({ length: 100_000 }, (_, i) => ({ source: `/${i}` })) }),
    ),
  },
  'spec-too-deep': {
    typeUrl: SPEC_TYPE,
    value: Buffer.from(`{"annotations":${'['.repeat(MIB)}${']'.repeat(MIB)}}`),
    why: /the OCI spec is not valid JSON: it is nested deeper than/,
  },
  'spec-no-object': { typeUrl: SPEC_TYPE, value: Buffer.from('[1,2,3]') },
  'spec-null': { typeUrl: SPEC_TYPE, value: Buffer.from('null') },
  'spec-odd-shapes': {
    typeUrl: SPEC_TYPE,
    value: Buffer.from(
      '{"process":7,"root":[],"linux":"x","mounts":{"a":1},"hooks":null,"process2":{"env":{"A":"B"}}}',
    ),
  },
};

for (const suite of chosenSuites('hostile objects')) {
  describe(`objects that somebody made to hurt (${suite})`, () => {
    const lab = sharedLab(suite);
    let wire: Wire;
    beforeAll(async () => {
      await importSingleImage(lab());
      wire = openWire(lab().address);
      return () => wire[Symbol.dispose]();
    });

    describe('image names', () => {
      beforeAll(async () => {
        const { image } = await wire.call(Images.method.get, { name: SINGLE_IMAGE }, lab().namespace);
        const target = image?.target;
        if (target === undefined) throw new Error('the image has no target');
        for (const name of Object.values(NAMES)) {
          await wire.call(Images.method.create, { image: { name, target } }, lab().namespace);
        }
      });

      test('are whole in a document, which acts on nothing', async () => {
        for (const format of ['json', 'yaml']) {
          const run = await ctrscope(lab(), ['get', 'images', '-o', format]);
          expect(run.exitCode, run.stderr).toBe(0);
          isInert(run);
        }
        const { items } = await answerOf(lab(), ['get', 'images']);
        expect(items?.map(({ name }) => name).toSorted()).toEqual(
          [...Object.values(NAMES), SINGLE_IMAGE].toSorted(),
        );
        // The good image is what it was beside them.
        expect(items?.find(({ name }) => name === SINGLE_IMAGE)).toMatchObject({
          platforms: ['linux/amd64'],
        });
      });

      test.for(['text', 'csv'])('are one line each in %s, which acts on nothing', async (format) => {
        const run = await ctrscope(lab(), ['get', 'images', '-o', format]);
        expect(run.exitCode).toBe(0);
        isInert(run);
        const lines = run.stdout.trimEnd().split('\n');
        expect(lines).toHaveLength(Object.keys(NAMES).length + 2);
        if (format === 'csv') expect(run.stdout).not.toMatch(/(^|,)"?=/m);
        // One long name does not make every line as long.
        expect(lines.filter((line) => line.length > 5_000)).toHaveLength(1);
      });

      test('are shown by -q as they can be seen, and found by what they are', async () => {
        const run = await ctrscope(lab(), ['get', 'images', '-q']);
        isInert(run);
        expect(run.stdout.trimEnd().split('\n')).toHaveLength(Object.keys(NAMES).length + 1);
        for (const name of Object.values(NAMES)) {
          const { items, exitCode } = await answerOf(lab(), ['get', 'images', name]);
          expect({ exitCode, names: items?.map((item) => item['name']) }).toEqual({
            exitCode: 0,
            names: [name],
          });
        }
      });

      test.for(['text', 'json', 'yaml', 'markdown'])('do no harm in a report as %s', async (format) => {
        const run = await ctrscope(lab(), ['report', '-o', format]);
        expect(run.exitCode, run.stderr).toBe(0);
        isInert(run);
        if (format === 'markdown') expect(run.stdout).not.toMatch(/<script>|[^\\]\]\(b\)/);
      });

      test('are quoted safely when nothing has such a name', async () => {
        const run = await ctrscope(lab(), ['get', 'images', 'no\u001b[31m\u202esuch']);
        expect(run.exitCode).toBe(1);
        expect(run.stderr).toContain('image no\\x1b[31m\\u202esuch: not found');
        isInert(run);
      });
    });

    describe('containers', () => {
      beforeAll(async () => {
        for (const [id, { typeUrl, value }] of Object.entries(SPECS)) {
          await wire.call(
            Containers.method.create,
            { container: { id, runtime: { name: 'io.containerd.runc.v2' }, spec: { typeUrl, value } } },
            lab().namespace,
          );
        }
        await wire.call(
          Containers.method.create,
          { container: { id: 'good', runtime: { name: 'io.containerd.runc.v2' }, spec: SOUND } },
          lab().namespace,
        );
      });

      test('are listed, whatever their specs are', async () => {
        const { exitCode, items, unknown } = await answerOf(lab(), ['get', 'containers', ...PATIENT]);
        expect({ exitCode, unknown }).toEqual({ exitCode: 0, unknown: [] });
        expect(items?.map(({ id }) => id)).toEqual(expect.arrayContaining(['good', ...Object.keys(SPECS)]));
      });

      test.for(Object.entries(SPECS))(
        'one with %s is inspected as far as it can be',
        async ([id, { why }]) => {
          const { exitCode, items, unknown, stderr } = await answerOf(lab(), ['inspect', id, ...PATIENT]);
          expect(items, stderr).toEqual([expect.objectContaining({ id, namespace: lab().namespace })]);
          if (why === undefined) {
            expect({ exitCode, unknown }).toEqual({ exitCode: 0, unknown: [] });
            expect(items?.[0]).toHaveProperty('spec');
          } else {
            expect(exitCode).toBe(5);
            expect(items?.[0]).not.toHaveProperty('spec');
            expect(unknown).toEqual([
              expect.objectContaining({ state: 'failed', reason: expect.stringMatching(why) }),
            ]);
          }
          for (const format of ['text', 'json', 'yaml']) {
            const run = await ctrscope(lab(), ['inspect', id, '-o', format, ...PATIENT]);
            expect(run.exitCode).toBe(exitCode);
            isInert(run);
          }
        },
      );

      test('do not keep the others from being inspected', async () => {
        const { exitCode, items, unknown } = await answerOf(lab(), ['inspect', '--all', ...PATIENT]);
        expect(exitCode).toBe(5);
        expect(items?.find(({ id }) => id === 'good')).toMatchObject({
          spec: { process: { args: ['/bin/true'] } },
        });
        const withSpec = items?.filter((item) => 'spec' in item).map(({ id }) => id);
        const without = Object.entries(SPECS).filter(([, { why }]) => why !== undefined);
        expect(withSpec?.length).toBe((items?.length ?? 0) - without.length);
        expect(unknown).toHaveLength(without.length);
      });
    });

    describe('labels', () => {
      test('that are long, many or named like properties stay whole', async () => {
        const labels: Record<string, string> = Object.fromEntries([
          ['__proto__', 'x'],
          ['long', 'y'.repeat(4000)],
          ['\u001b[31m', '\u202e'],
          ...Array.from({ length: 1000 }, (_, i) => [`many/${i}`, String(i)]),
        ]);
        const container = { id: 'labelled', runtime: { name: 'io.containerd.runc.v2' }, spec: SOUND, labels };
        await wire.call(Containers.method.create, { container }, lab().namespace);
        const { items } = await answerOf(lab(), ['get', 'containers', 'labelled']);
        expect(entriesOf(items?.[0])).toEqual(Object.entries(labels).toSorted());
      });
    });
  });
}

// Only 1.6 takes such bytes; later ones check the text of every message.
describe('a label with bytes that are no text (bookworm)', () => {
  test.skipIf(skipReason('bookworm'))('costs nothing but itself', async ({ onTestFinished }) => {
    const own = await startLab({ suite: 'bookworm' });
    onTestFinished(() => own.stop());
    const lab = (): Lab => own;
    const label = Buffer.concat([field(1, 'odd'), field(2, Buffer.from([0x61, 0xff, 0xfe, 0x62]))]);
    const container = (id: string): Buffer =>
      Buffer.concat([
        field(1, id),
        field(2, label),
        field(4, field(1, 'io.containerd.runc.v2')),
        field(5, Buffer.concat([field(1, SPEC_TYPE), field(2, '{}')])),
      ]);
    const create = '/containerd.services.containers.v1.Containers/Create';
    await rawCall(lab().address, create, lab().namespace, field(1, container('raw')));

    for (const command of [
      ['get', 'containers', 'raw'],
      ['inspect', 'raw'],
    ]) {
      const { exitCode, items, unknown, stderr } = await answerOf(lab(), command);
      expect({ exitCode, unknown }, stderr).toEqual({ exitCode: 0, unknown: [] });
      expect(items?.map(({ id }) => id)).toEqual(['raw']);
    }
    const { items } = await answerOf(lab(), ['get', 'containers', 'raw']);
    expect(items?.[0]?.['labels']).toEqual({ odd: 'a\ufffd\ufffdb' });
    isInert(await ctrscope(lab(), ['get', 'containers']));
  });
});

const SOUND = {
  typeUrl: SPEC_TYPE,
  value: Buffer.from('{"ociVersion":"1.0.2","process":{"args":["/bin/true"]}}'),
};

const entriesOf = (item: Item | undefined): readonly unknown[] =>
  Object.entries((item?.['labels'] ?? {}) as Readonly<Record<string, string>>).toSorted();
