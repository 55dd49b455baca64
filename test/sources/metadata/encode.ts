/** Values as Go and containerd encode them, for files that tests write. */
import { create, toBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';

/** binary.PutUvarint. */
export const uvarint = (value: bigint): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
};

/** binary.PutVarint. */
export const varint = (value: bigint): Buffer => uvarint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));

/** time.MarshalBinary. */
export const time = (seconds: bigint, nanos = 0, zone: number = -1): Buffer => {
  const bytes = Buffer.alloc(15);
  bytes[0] = 1;
  bytes.writeBigInt64BE(seconds + 62_135_596_800n, 1);
  bytes.writeInt32BE(nanos, 9);
  bytes.writeInt16BE(zone, 13);
  return bytes;
};

/** A protobuf Any with JSON in it. */
export const packed = (typeUrl: string, value: unknown): Buffer =>
  Buffer.from(toBinary(AnySchema, create(AnySchema, { typeUrl, value: Buffer.from(JSON.stringify(value)) })));
