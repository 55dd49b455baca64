import { Client, credentials, Metadata } from '@grpc/grpc-js';

/** A unary call with bytes that no honest encoder would write. */
export const rawCall = async (
  address: string,
  method: string,
  namespace: string,
  request: Uint8Array,
): Promise<void> => {
  const client = new Client(`unix://${address}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('containerd-namespace', namespace);
  try {
    await new Promise<void>((resolve, reject) => {
      client.makeUnaryRequest(
        method,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.from(request),
        metadata,
        { deadline: Date.now() + 30_000 },
        (error) => (error ? reject(new Error(`${method}: ${error.message}`)) : resolve()),
      );
    });
  } finally {
    client.close();
  }
};

/** A length-delimited field of a protobuf message. */
export const field = (number: number, value: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
};

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
};
