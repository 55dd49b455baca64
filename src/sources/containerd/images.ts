import { Images } from '../../gen/containerd/services/images/v1/images_pb.js';
import type { Image } from '../../host/containerd.ts';
import { digest, namespaceName } from '../../host/ids.ts';
import type { CallOptions, Connection } from './connection.ts';
import { listSharded } from './shards.ts';
import { timestamp } from './time.ts';

/** Images.List, in shards of names where one reply would be over the message limit. */
export const listImages = (
  connection: Connection,
  options: CallOptions & { readonly namespace: string },
): Promise<Image[]> =>
  listSharded('name', async (filters) => {
    const reply = await connection.unary(Images.method.list, { filters }, options);
    return reply.images.map((image) => ({
      namespace: namespaceName(options.namespace),
      name: image.name,
      target: {
        mediaType: image.target?.mediaType ?? '',
        digest: digest(image.target?.digest ?? ''),
        size: image.target?.size ?? 0n,
        annotations: image.target?.annotations ?? {},
      },
      labels: image.labels,
      createdAt: timestamp(image.createdAt),
      updatedAt: timestamp(image.updatedAt),
    }));
  });
