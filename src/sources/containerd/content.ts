import { Content, type Info } from '../../gen/containerd/services/content/v1/content_pb.js';
import type { ContentInfo, Ingest } from '../../host/containerd.ts';
import { digest, namespaceName } from '../../host/ids.ts';
import type { CallOptions, Connection } from './connection.ts';
import { CallFailure, STATUS } from './failure.ts';
import { eachListed } from './lists.ts';
import { timestamp } from './time.ts';

type InNamespace = CallOptions & { readonly namespace: string };

/** Content.List: the blobs that the namespace has registered. */
export const listContent = async (connection: Connection, options: InNamespace): Promise<ContentInfo[]> => {
  const infos: ContentInfo[] = [];
  const take = (info: Info): void => void infos.push(record(info, options.namespace));
  await eachListed(connection, Content.method.list, {}, options, ({ info }) => info, take);
  return infos;
};

/** Content.Info: the blob as {@link listContent} gives it, undefined when the namespace has none. @throws CallFailure */
export const readContentInfo = async (
  connection: Connection,
  blob: string,
  options: InNamespace,
): Promise<ContentInfo | undefined> => {
  try {
    const { info } = await connection.unary(Content.method.info, { digest: blob }, options);
    return info === undefined ? undefined : record(info, options.namespace);
  } catch (error) {
    if (error instanceof CallFailure && error.code === STATUS.NOT_FOUND) return undefined;
    throw error;
  }
};

function record(info: Info, namespace: string): ContentInfo {
  return {
    namespace: namespaceName(namespace),
    digest: digest(info.digest),
    size: info.size,
    labels: info.labels,
    createdAt: timestamp(info.createdAt),
    updatedAt: timestamp(info.updatedAt),
  };
}

/** Content.ListStatuses: uploads that are not committed, whether somebody still writes them or not. */
export const listIngests = async (connection: Connection, options: InNamespace): Promise<Ingest[]> => {
  const reply = await connection.unary(Content.method.listStatuses, {}, options);
  return reply.statuses.map((status) => ({
    namespace: namespaceName(options.namespace),
    ref: status.ref,
    offset: status.offset,
    total: status.total,
    expected: status.expected,
    startedAt: timestamp(status.startedAt),
    updatedAt: timestamp(status.updatedAt),
  }));
};

/**
 * Content.Read of a whole small blob.
 * @param limit bytes; a larger blob is refused before it is held
 * @returns undefined when the namespace has no such blob
 * @throws CallFailure, `truncated` above the limit
 */
export const readBlob = async (
  connection: Connection,
  blob: string,
  limit: number,
  options: InNamespace,
): Promise<Uint8Array | undefined> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    // One byte more than the limit tells a blob of just the limit from a larger one.
    const request = { digest: blob, size: BigInt(limit) + 1n };
    for await (const { data } of connection.stream(Content.method.read, request, options)) {
      length += data.length;
      if (length > limit) throw tooLarge(blob, limit);
      chunks.push(data);
    }
  } catch (error) {
    if (error instanceof CallFailure && error.code === STATUS.NOT_FOUND) return undefined;
    throw error;
  }
  return Buffer.concat(chunks, length);
};

function tooLarge(blob: string, limit: number): CallFailure {
  return new CallFailure({
    state: 'truncated',
    code: STATUS.RESOURCE_EXHAUSTED,
    method: 'containerd.services.content.v1.Content/Read',
    why: `Content.Read: ${blob} is larger than the ${limit} bytes that are read of a manifest or config`,
    ms: 0,
  });
}
