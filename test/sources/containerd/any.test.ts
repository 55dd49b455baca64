import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';

import { OptionsSchema } from '../../../src/gen/containerd/runc/v1/options_pb.js';
import { decodeAny, OCI_SPEC } from '../../../src/sources/containerd/any.ts';

const json = (text: string, typeUrl: string = OCI_SPEC): Promise<unknown> =>
  decodeAny({ typeUrl, value: Buffer.from(text) });

describe('a payload', () => {
  test('of a registered Go type is JSON, with all digits of its numbers', async () => {
    expect(await json('{"ociVersion":"1.0","limit":18446744073709551615}')).toEqual({
      ociVersion: '1.0',
      limit: 18446744073709551615n,
    });
    expect(await json('{"a":1}', 'github.com/containerd/cri/pkg/store/container/Metadata')).toEqual({ a: 1 });
  });

  test('of a protobuf message is decoded by its name, bare or as Google writes it', async () => {
    const value = toBinary(OptionsSchema, create(OptionsSchema, { root: '/run/runc', systemdCgroup: true }));
    for (const typeUrl of ['containerd.runc.v1.Options', 'type.googleapis.com/containerd.runc.v1.Options']) {
      expect(await decodeAny({ typeUrl, value })).toEqual({ root: '/run/runc', systemdCgroup: true });
    }
  });

  test('named like what every object has is of an unknown type', async () => {
    for (const typeUrl of ['constructor', '__proto__', 'toString', 'example.v1.Options', '']) {
      await expect(decodeAny({ typeUrl, value: Uint8Array.of(1, 2, 3) })).rejects.toThrow(
        `payload of unknown type ${JSON.stringify(typeUrl)} (3 bytes)`,
      );
    }
  });

  test('that is cut off says of which type, and quotes nothing of it', async () => {
    await expect(json('{"env":["PASSWORD=hunter2",oops]}')).rejects.toThrow(
      /^the OCI spec is not valid JSON: Unexpected token 'o'$/,
    );
    await expect(json('')).rejects.toThrow('the OCI spec is not valid JSON');
    await expect(json('{"a":', 'types.example/1/X')).rejects.toThrow('types.example/1/X is not valid JSON');
    const truncated = { typeUrl: 'containerd.runc.v1.Options', value: Uint8Array.of(0x0a, 0x7f, 0x61) };
    await expect(decodeAny(truncated)).rejects.toThrow(/^3 bytes are no containerd\.runc\.v1\.Options: /);
  });

  test('that is not UTF-8 is not shown with other characters in its place', async () => {
    const value = Buffer.from([0x22, 0xff, 0xfe, 0x22]);
    await expect(decodeAny({ typeUrl: OCI_SPEC, value })).rejects.toThrow('the OCI spec is not valid JSON');
  });

  test('larger than containerd sends is refused unread', async () => {
    const value = Buffer.alloc((16 << 20) + 1, ' ');
    await expect(decodeAny({ typeUrl: OCI_SPEC, value })).rejects.toThrow(/over the limit of 16777216/);
  });

  test('nested without end is refused, not a crash of whoever walks it', async () => {
    for (const depth of [300, 20_000, 1_000_000]) {
      for (const [open, innermost, close] of [
        ['[', '', ']'],
        ['{"a":', '1', '}'],
      ] as const) {
        const deep = open.repeat(depth) + innermost + close.repeat(depth);
        await expect(json(deep)).rejects.toThrow('the OCI spec is not valid JSON: ');
      }
    }
    expect(await json(`["${'['.repeat(1000)}\\"[", ${'['.repeat(150)}${']'.repeat(150)}]`)).toHaveLength(2);
  });
});
