import { Images, type Image as Message } from '../../gen/containerd/services/images/v1/images_pb.js';
import type { Image } from '../../host/containerd.ts';
import { digest, namespaceName } from '../../host/ids.ts';
import type { CallOptions, Connection } from './connection.ts';
import { CallFailure, STATUS } from './failure.ts';
import { listSharded } from './shards.ts';
import { timestamp } from './time.ts';

type InNamespace = CallOptions & { readonly namespace: string };

/** Images.List, in shards of names where one reply would be over the message limit. */
export const listImages = (connection: Connection, options: InNamespace): Promise<Image[]> =>
  listSharded('name', async (filters) => {
    const reply = await connection.unary(Images.method.list, { filters }, options);
    return reply.images.map((image) => record(image, options.namespace));
  });

/** Images.Get: the record as {@link listImages} gives it, undefined when there is none. @throws CallFailure */
export const readImage = async (
  connection: Connection,
  name: string,
  options: InNamespace,
): Promise<Image | undefined> => {
  try {
    const { image } = await connection.unary(Images.method.get, { name }, options);
    return image === undefined ? undefined : record(image, options.namespace);
  } catch (error) {
    if (error instanceof CallFailure && error.code === STATUS.NOT_FOUND) return undefined;
    throw error;
  }
};

function record(image: Message, namespace: string): Image {
  return {
    namespace: namespaceName(namespace),
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
  };
}
