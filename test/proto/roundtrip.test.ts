import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema, TimestampSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ContainerSchema } from '../../src/gen/containerd/services/containers/v1/containers_pb.js';
import { InfoSchema } from '../../src/gen/containerd/services/content/v1/content_pb.js';
import { EnvelopeSchema } from '../../src/gen/containerd/types/event_pb.js';
import { ProcessSchema, type Status } from '../../src/gen/containerd/v1/types/task_pb.js';
import { MetricsSchema } from '../../src/gen/io/containerd/cgroups/v2/metrics_pb.js';
import { RequestSchema } from '../../src/gen/ttrpc/request_pb.js';

const int64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
const uint64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const uint32 = fc.nat({ max: 2 ** 32 - 1 });
// Only whole characters: half a surrogate pair cannot be written as UTF-8.
const text = fc.string({ unit: 'grapheme' });
const bytes = fc.uint8Array({ maxLength: 64 });
const labels = fc.dictionary(text, text);
const any = fc.record({ typeUrl: text, value: bytes }).map((fields): Any => create(AnySchema, fields));
const timestamp = fc
  .record({ seconds: int64, nanos: fc.nat({ max: 999_999_999 }) })
  .map((fields) => create(TimestampSchema, fields));

describe('a generated message comes back from the wire as it went', () => {
  test('a container, with its Anys and labels', () => {
    const container = fc.record({
      id: text,
      labels,
      image: text,
      runtime: fc.record({ name: text, options: any }),
      spec: any,
      snapshotKey: text,
      createdAt: timestamp,
      extensions: fc.dictionary(text, any),
      sandbox: text,
    });
    fc.assert(
      fc.property(container, (fields) => comesBack(ContainerSchema, create(ContainerSchema, fields))),
    );
  });

  test('an event envelope around another message', () => {
    const envelope = fc.record({ timestamp, namespace: text, topic: text, event: any });
    fc.assert(fc.property(envelope, (fields) => comesBack(EnvelopeSchema, create(EnvelopeSchema, fields))));
  });

  test('a process in a state that this release does not know', () => {
    const process = fc.record({
      id: text,
      pid: uint32,
      status: fc.integer({ min: 0, max: 9 }),
      exitStatus: uint32,
    });
    fc.assert(
      fc.property(process, ({ status, ...fields }) =>
        comesBack(ProcessSchema, create(ProcessSchema, { ...fields, status: status satisfies Status })),
      ),
    );
  });

  test('a ttrpc request', () => {
    const metadata = fc.array(fc.record({ key: text, value: text }), { maxLength: 4 });
    const request = fc.record({ service: text, method: text, payload: bytes, timeoutNano: int64, metadata });
    fc.assert(fc.property(request, (fields) => comesBack(RequestSchema, create(RequestSchema, fields))));
  });

  test('a field that a newer daemon added survives being passed on', () => {
    // Field 100, a varint: in no Container so far.
    const newer = Uint8Array.of(0x0a, 0x01, 0x63, 0xa0, 0x06, 0x2a);
    expect(toBinary(ContainerSchema, fromBinary(ContainerSchema, newer))).toEqual(newer);
  });
});

describe('a 64-bit number keeps its last digit', () => {
  test('int64, of either sign', () => {
    fc.assert(
      fc.property(int64, (size) => {
        const back = fromBinary(InfoSchema, toBinary(InfoSchema, create(InfoSchema, { size })));
        expect(back.size).toBe(size);
      }),
    );
  });

  test('uint64, up to the one that means "max" in a cgroup', () => {
    const limit = fc.oneof(uint64, fc.constant(2n ** 64n - 1n), fc.constant(2n ** 53n + 1n));
    fc.assert(
      fc.property(limit, (usageLimit) => {
        const sent = create(MetricsSchema, { memory: { usageLimit } });
        expect(fromBinary(MetricsSchema, toBinary(MetricsSchema, sent)).memory?.usageLimit).toBe(usageLimit);
      }),
    );
  });
});

/** Equal as a message; and once more encoded, equal as bytes. */
const comesBack = <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): void => {
  const sent = toBinary(schema, message);
  const received = fromBinary(schema, sent);
  expect(received).toEqual(message);
  expect(toBinary(schema, received)).toEqual(sent);
};
