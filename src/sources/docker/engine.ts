/** What a Docker says of itself: which API it speaks, how it is set up, what it was built from. */
import type { DockerApi, DockerEndpoint } from '../../host/docker.ts';
import { type NamespaceName, namespaceName } from '../../host/ids.ts';
import { absent, type Observed, seen } from '../../host/observed.ts';
import { compareApiVersions, isApiVersion, NEWEST_SPOKEN, negotiate } from './api-version.ts';
import type { DockerCallOptions, DockerConnection } from './connection.ts';
import { DockerFailure } from './failure.ts';
import {
  eachRecord,
  type Fields,
  fields,
  flag,
  list,
  nested,
  number,
  text,
  textOrEmpty,
  texts,
} from './json.ts';

/**
 * `_ping`: which versions of the API this Docker has, and the one to speak. The path has no version, so any daemon answers.
 * @throws DockerFailure, `unsupported` when there is no version that both speak
 */
export const readApi = async (
  connection: DockerConnection,
  options: DockerCallOptions,
): Promise<DockerApi> => {
  const { headers, ms } = await connection.plain('/_ping', { ...options, limit: 4096 });
  const call = `GET /_ping at ${connection.address}`;
  const fail = (state: 'unsupported' | 'unreachable', why: string): DockerFailure =>
    new DockerFailure({ state, status: 200, call, why, ms });
  // Podman serves Docker's API, also at Docker's own path, with no containerd below.
  if (headers['libpod-api-version'] !== undefined) {
    throw fail('unsupported', 'Podman answers there, which has no containerd');
  }
  const server = headers['api-version'];
  if (server === undefined || !isApiVersion(server)) {
    throw fail('unreachable', 'what answers there does not say that it is Docker: it names no API version');
  }
  // Only a daemon that is newer than we know may have dropped what we speak; then it is worth a second question.
  const newer = compareApiVersions(server, NEWEST_SPOKEN) > 0;
  const minimum = newer ? (await readVersion(connection, options)).minimum : null;
  const negotiated = negotiate(server, minimum);
  if ('why' in negotiated) throw fail('unsupported', negotiated.why);
  const engine = /^Docker\/(\S+)/.exec(headers['server'] ?? '')?.[1] ?? null;
  return { server, minimum, used: negotiated.use, engine };
};

export interface EngineVersion {
  /** The oldest version of the API that it accepts. */
  readonly minimum: string | null;
  readonly components: readonly { readonly name: string; readonly version: string }[];
}

/** `version`: the engine and what it runs. @throws DockerFailure */
export const readVersion = (
  connection: DockerConnection,
  options: DockerCallOptions,
): Promise<EngineVersion> =>
  connection.get(
    '/version',
    (document) => {
      const version = fields(document, 'the answer');
      const minimum = textOrEmpty(version, 'MinAPIVersion');
      const from = `GET /version at ${connection.address}`;
      const components = eachRecord(
        list(version, 'Components'),
        { kind: 'component', from },
        (component) => ({
          name: text(component, 'Name'),
          version: textOrEmpty(component, 'Version'),
        }),
      );
      return { minimum: isApiVersion(minimum) ? minimum : null, components: components.items };
    },
    options,
  );

/** `info`, as far as it says how this Docker is set up. */
export type EngineInfo = Omit<DockerEndpoint, 'address' | 'api' | 'components' | 'mode' | 'containerd'> & {
  /** The containerd that it uses; absent before API 1.46, which does not say. */
  readonly containerd: Observed<string>;
};

/** @throws DockerFailure */
export const readInfo = (connection: DockerConnection, options: DockerCallOptions): Promise<EngineInfo> =>
  connection.get(
    '/info',
    (document) => {
      const info = fields(document, 'the answer');
      const count = (key: string): number => number(info, key) ?? 0;
      return {
        id: textOrEmpty(info, 'ID'),
        version: textOrEmpty(info, 'ServerVersion'),
        driver: text(info, 'Driver'),
        driverStatus: list(info, 'DriverStatus').flatMap(pair),
        ...containerdOf(nested(info, 'Containerd'), `GET /info at ${connection.address}`),
        rootDir: textOrEmpty(info, 'DockerRootDir'),
        cgroupDriver: textOrEmpty(info, 'CgroupDriver'),
        cgroupVersion: textOrEmpty(info, 'CgroupVersion'),
        liveRestore: flag(info, 'LiveRestoreEnabled'),
        defaultRuntime: textOrEmpty(info, 'DefaultRuntime'),
        runtimes: Object.keys(nested(info, 'Runtimes')),
        loggingDriver: textOrEmpty(info, 'LoggingDriver'),
        securityOptions: texts(info, 'SecurityOptions'),
        warnings: texts(info, 'Warnings'),
        containers: {
          running: count('ContainersRunning'),
          paused: count('ContainersPaused'),
          stopped: count('ContainersStopped'),
        },
      };
    },
    options,
  );

function containerdOf(told: Fields, from: string): Pick<EngineInfo, 'containerd' | 'namespaces'> {
  const address = textOrEmpty(told, 'Address');
  const namespaces = nested(told, 'Namespaces');
  const named = (key: string): NamespaceName | null => {
    const name = textOrEmpty(namespaces, key);
    return name === '' ? null : namespaceName(name);
  };
  const at = new Date().toISOString();
  return {
    containerd: address === '' ? absent(from, at, 'Docker says it since API 1.46') : seen(address, from, at),
    namespaces: { containers: named('Containers'), plugins: named('Plugins') },
  };
}

// Pairs of texts; what is no pair is not worth losing the rest for.
function pair(entry: unknown): [key: string, value: string][] {
  if (!Array.isArray(entry)) return [];
  const [key, value] = entry as unknown[];
  return typeof key === 'string' && typeof value === 'string' ? [[key, value]] : [];
}
