import { Client, credentials, Metadata } from '@grpc/grpc-js';

import type { Lab } from './lab.ts';

/**
 * Creates the task of a container and does not start it, which ctr has no command for: its init waits in
 * runc for the start that does not come. The container's snapshot is named like the container, as ctr does.
 *
 *     MountsRequest      1 snapshotter  2 key
 *     MountsResponse     1 mounts, repeated
 *     CreateTaskRequest  1 container_id  3 rootfs, repeated: the same messages as the mounts
 */
export const createTaskWithoutStart = async (lab: Lab, namespace: string, id: string): Promise<void> => {
  const mounts = await call(
    lab,
    namespace,
    '/containerd.services.snapshots.v1.Snapshots/Mounts',
    Buffer.concat([field(1, SNAPSHOTTER), field(2, id)]),
  );
  await call(
    lab,
    namespace,
    '/containerd.services.tasks.v1.Tasks/Create',
    Buffer.concat([field(1, id), ...messages(mounts).map((mount) => field(3, mount))]),
  );
};

/**
 * Makes a read-only snapshot that is held by a label from the start. `ctr snapshots view` cannot label, and
 * the garbage collector takes what it makes at any moment.
 *
 *     ViewSnapshotRequest  1 snapshotter  2 key  3 parent  4 labels, each 1 key 2 value
 */
export const viewSnapshot = async (
  lab: Lab,
  namespace: string,
  key: string,
  parent: string,
): Promise<void> => {
  const label = Buffer.concat([field(1, 'containerd.io/gc.root'), field(2, '2020-01-01T00:00:00Z')]);
  await call(
    lab,
    namespace,
    '/containerd.services.snapshots.v1.Snapshots/View',
    Buffer.concat([field(1, SNAPSHOTTER), field(2, key), field(3, parent), field(4, label)]),
  );
};

/**
 * Adds a resource to a lease, which ctr has no command for.
 *
 *     AddResourceRequest  1 id  2 resource: 1 id, 2 type
 */
export const leaseResource = async (
  lab: Lab,
  namespace: string,
  lease: string,
  resource: { readonly id: string; readonly type: string },
): Promise<void> => {
  await call(
    lab,
    namespace,
    '/containerd.services.leases.v1.Leases/AddResource',
    Buffer.concat([
      field(1, lease),
      field(2, Buffer.concat([field(1, resource.id), field(2, resource.type)])),
    ]),
  );
};

const SNAPSHOTTER = 'overlayfs';

/** One unary call; request and answer stay bytes. */
const call = async (lab: Lab, namespace: string, method: string, request: Buffer): Promise<Buffer> => {
  const client = new Client(`unix://${lab.address}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('containerd-namespace', namespace);
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        method,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        request,
        metadata,
        { deadline: Date.now() + 30_000 },
        (error, answer) => {
          if (error) reject(new Error(`${method} in ${namespace} of lab ${lab.tag}: ${error.message}`));
          else resolve(answer ?? Buffer.alloc(0));
        },
      );
    });
  } finally {
    client.close();
  }
};

const LENGTH_DELIMITED = 2;

const field = (number: number, value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | LENGTH_DELIMITED), varint(bytes.length), bytes]);
};

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
};

/** The messages of a response that is nothing but one repeated field. */
const messages = (response: Buffer): readonly Buffer[] => {
  const found: Buffer[] = [];
  let offset = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = response.readUInt8(offset++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (offset < response.length) {
    readVarint();
    const length = readVarint();
    found.push(response.subarray(offset, offset + length));
    offset += length;
  }
  return found;
};
