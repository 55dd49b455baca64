import { mkdir, writeFile } from 'node:fs/promises';
import { get } from 'node:http';

import { binaries } from './binaries.ts';
import { daemonEnvironment } from './containerd.ts';
import { startDaemon } from './daemon.ts';
import { labPaths } from './paths.ts';
import type { ProcessIdentity } from './processes.ts';
import type { DockerStore, Suite } from './suites.ts';

/** What `GET /version` of a daemon tells. */
export type DockerVersions = { readonly dockerd: string; readonly runc: string | undefined };

/** What of a lab's dockerd can be chosen. */
export type DockerdOptions = {
  /** More keys of daemon.json, such as `live-restore`. */
  readonly extraDockerdConfig?: Readonly<Record<string, unknown>>;
};

/** Writes the configuration of a lab's dockerd; once, at the lab's start. */
export const writeDockerdConfig = async (
  tag: string,
  suite: Suite,
  store: DockerStore,
  { extraDockerdConfig = {} }: DockerdOptions = {},
): Promise<void> => {
  const paths = labPaths(tag);
  await mkdir(paths.dockerClientConfig, { recursive: true, mode: 0o700 });
  const config = { ...dockerdConfig(tag, suite, store), ...extraDockerdConfig };
  await writeFile(paths.dockerdConfig, `${JSON.stringify(config, null, 2)}\n`);
};

/** The configuration: every folder and socket of its own, and nothing changed in the host's network. */
export const dockerdConfig = (
  tag: string,
  suite: Suite,
  store: DockerStore,
): Readonly<Record<string, unknown>> => {
  const paths = labPaths(tag);
  return {
    'data-root': paths.dockerRoot,
    'exec-root': paths.dockerExecRoot,
    pidfile: paths.dockerdPidFile,
    hosts: [`unix://${paths.dockerSocket}`],
    containerd: paths.address,
    // With systemd's driver the containers would be units of the host's systemd.
    'exec-opts': ['native.cgroupdriver=cgroupfs'],
    iptables: false,
    ip6tables: false,
    'ip-forward': false,
    bridge: 'none',
    'userland-proxy': false,
    ...(store === 'containerd' ? { features: { 'containerd-snapshotter': true } } : {}),
    // 20.10 makes a key in /etc/docker when told nothing; later ones do not know the word.
    ...(suite === 'bookworm' ? { 'deprecated-key-path': `${paths.root}/docker-key.json` } : {}),
  };
};

/** Starts the dockerd of a lab, whose containerd runs, and waits until it answers. */
export const startDockerd = (tag: string, suite: Suite): Promise<ProcessIdentity> => {
  const programs = binaries(suite);
  const paths = labPaths(tag);
  const environment = daemonEnvironment(programs);
  if (programs.dockerdLibraries !== undefined) environment['LD_LIBRARY_PATH'] = programs.dockerdLibraries;
  return startDaemon({
    tag,
    name: 'dockerd',
    file: programs.dockerd,
    args: ['--config-file', paths.dockerdConfig],
    env: environment,
    socket: paths.dockerSocket,
    answers: async () => ((await askDocker(tag, '/_ping')) === 'OK' ? true : undefined),
  });
};

/** What the daemon says its version is; `undefined` while it does not answer. */
export const dockerVersions = async (tag: string): Promise<DockerVersions | undefined> => {
  const answer = await askDocker(tag, '/version');
  if (answer === undefined) return undefined;
  const { Version, Components = [] } = JSON.parse(answer) as {
    Version: string;
    Components?: readonly { Name: string; Version: string }[];
  };
  return { dockerd: Version, runc: Components.find(({ Name }) => Name === 'runc')?.Version };
};

/** The body of a GET on the lab's Docker socket; `undefined` when there is no good answer. */
const askDocker = (tag: string, path: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const request = get(
      { socketPath: labPaths(tag).dockerSocket, path, agent: false, timeout: 5_000 },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          body += part;
        });
        response.once('end', () => resolve(response.statusCode === 200 ? body : undefined));
        response.once('error', () => resolve(undefined));
      },
    );
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(undefined));
  });
