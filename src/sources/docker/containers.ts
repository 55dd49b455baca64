/** Docker's containers: all of them as a list, or one with everything that Docker knows of it. */
import type { DockerBody, DockerContainer } from '../../host/docker.ts';
import { containerId, digest, type NamespaceName } from '../../host/ids.ts';
import type { Listing } from '../../host/observed.ts';
import type { DockerCallOptions, DockerConnection } from './connection.ts';
import { limitsOf, stateOf, withoutSlash } from './container-record.ts';
import { DockerFailure } from './failure.ts';
import {
  eachRecord,
  type Fields,
  fields,
  labels,
  Malformed,
  nested,
  number,
  text,
  textOrEmpty,
  texts,
  time,
  unixTime,
} from './json.ts';

/** Running or not. @throws DockerFailure */
export const listContainers = (
  connection: DockerConnection,
  namespace: NamespaceName,
  options: DockerCallOptions,
): Promise<Listing<DockerContainer>> =>
  connection.get(
    '/containers/json?all=1',
    (document) =>
      eachRecord(
        document,
        { kind: 'container', from: `GET /containers/json at ${connection.address}` },
        (record) => ({
          namespace,
          id: containerId(required(record, 'Id')),
          names: namesOf(texts(record, 'Names')),
          image: textOrEmpty(record, 'Image'),
          imageId: digest(textOrEmpty(record, 'ImageID')),
          state: text(record, 'State'),
          status: textOrEmpty(record, 'Status'),
          exitCode: exitCodeIn(textOrEmpty(record, 'Status')),
          labels: labels(record, 'Labels'),
          createdAt: unixTime(record, 'Created'),
        }),
      ),
    options,
  );

/** One container, by its id; undefined when there is none. @throws DockerFailure */
export const readContainer = async (
  connection: DockerConnection,
  id: string,
  namespace: NamespaceName,
  options: DockerCallOptions,
): Promise<DockerBody | undefined> => {
  try {
    return await connection.get(
      `/containers/${encodeURIComponent(id)}/json`,
      (document) => bodyOf(fields(document, 'the answer'), namespace),
      options,
    );
  } catch (error) {
    if (error instanceof DockerFailure && error.status === 404) return undefined;
    throw error;
  }
};

/** What the list would have said of it, but for the words of its status. */
export const listedAs = ({
  namespace,
  id,
  name,
  image,
  imageId,
  state,
  createdAt,
  document,
}: DockerBody): DockerContainer => ({
  namespace,
  id,
  names: name === null ? [] : [name],
  image,
  imageId,
  state: state.status,
  status: '',
  exitCode: state.exitCode,
  labels: labels(nested(fields(document, 'the record'), 'Config'), 'Labels'),
  createdAt,
});

function bodyOf(record: Fields, namespace: NamespaceName): DockerBody {
  const config = nested(record, 'Config');
  const host = nested(record, 'HostConfig');
  const state = nested(record, 'State');
  const name = textOrEmpty(record, 'Name');
  return {
    namespace,
    id: containerId(required(record, 'Id')),
    name: name === '' ? null : withoutSlash(name),
    image: textOrEmpty(config, 'Image'),
    imageId: digest(textOrEmpty(record, 'Image')),
    createdAt: time(record, 'Created'),
    state: stateOf(state, text(state, 'Status')),
    restartCount: number(record, 'RestartCount') ?? 0,
    restartPolicy: textOrEmpty(nested(host, 'RestartPolicy'), 'Name'),
    driver: textOrEmpty(record, 'Driver'),
    limits: limitsOf(host),
    networkMode: textOrEmpty(host, 'NetworkMode'),
    logDriver: textOrEmpty(nested(host, 'LogConfig'), 'Type'),
    logPath: textOrEmpty(record, 'LogPath'),
    document: record,
  };
}

function required(record: Fields, key: string): string {
  const value = text(record, key);
  if (value === '') throw new Malformed(`${key} is empty`);
  return value;
}

// `/web`, and `/other/alias` for each link to it: its own name first.
function namesOf(names: readonly string[]): readonly string[] {
  return names.map(withoutSlash).toSorted((a, b) => Number(a.includes('/')) - Number(b.includes('/')));
}

// `Exited (137) 2 hours ago`, `Restarting (1) 3 seconds ago`.
function exitCodeIn(status: string): number | null {
  const code = /^(?:Exited|Restarting) \((-?\d{1,10})\)/.exec(status)?.[1];
  return code === undefined ? null : Number(code);
}
