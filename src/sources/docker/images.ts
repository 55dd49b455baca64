/** Docker's images, as `docker images` lists them: intermediate ones left out, dangling ones not. */
import type { DockerImage } from '../../host/docker.ts';
import { digest } from '../../host/ids.ts';
import type { Listing } from '../../host/observed.ts';
import type { DockerCallOptions, DockerConnection } from './connection.ts';
import { descriptorOf } from './descriptor.ts';
import {
  eachRecord,
  type Fields,
  integer,
  labels,
  Malformed,
  nested,
  number,
  text,
  texts,
  unixTime,
} from './json.ts';

/** @throws DockerFailure */
export const listImages = (
  connection: DockerConnection,
  options: DockerCallOptions,
): Promise<Listing<DockerImage>> =>
  connection.get(
    '/images/json',
    (document) =>
      eachRecord(document, { kind: 'image', from: `GET /images/json at ${connection.address}` }, imageOf),
    options,
  );

function imageOf(record: Fields): DockerImage {
  const size = integer(record, 'Size');
  if (size === null) throw new Malformed('Size is missing');
  const containers = number(record, 'Containers');
  return {
    id: digest(text(record, 'Id')),
    tags: texts(record, 'RepoTags').filter((tag) => tag !== NO_TAG),
    digests: texts(record, 'RepoDigests').filter((name) => name !== NO_DIGEST),
    size,
    containers: containers === null || containers < 0 ? null : containers,
    labels: labels(record, 'Labels'),
    createdAt: unixTime(record, 'Created'),
    target: descriptorOf(nested(record, 'Descriptor')),
  };
}

// How daemons before API 1.43 write that there is none.
const NO_TAG = '<none>:<none>';
const NO_DIGEST = '<none>@<none>';
