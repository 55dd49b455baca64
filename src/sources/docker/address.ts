/** Docker addresses as users and configurations write them. */
import type { CandidateOrigin } from '../../host/daemon.ts';

/** An address with who named it. */
export interface NamedDocker {
  readonly address: string;
  readonly origin: CandidateOrigin;
  readonly named: string;
}

/** The socket's path of `PATH` or `unix://PATH`; undefined for anything that is no unix socket. */
export const socketPath = (address: string): string | undefined => {
  const path = address.replace(/^unix:(\/\/)?/, '');
  return path.startsWith('/') ? path : undefined;
};

/** One spelling for one socket: without the scheme, and below /run. */
export const normalSocket = (address: string): string =>
  (socketPath(address) ?? address).replace(/^\/var\/run\//, '/run/');

/** The Docker that the user named, by flag or environment. */
export const namedDocker = (
  flag: string | undefined,
  environment: NodeJS.ProcessEnv,
): NamedDocker | undefined => {
  if (flag !== undefined) return { address: flag, origin: 'flag', named: '--docker-host' };
  const variable = environment['DOCKER_HOST'];
  if (variable === undefined || variable === '') return undefined;
  return { address: variable, origin: 'environment', named: 'DOCKER_HOST' };
};

/** Where distributions put the socket, and where Docker does for a user of its own. */
export const wellKnownDockers = (environment: NodeJS.ProcessEnv): readonly NamedDocker[] => {
  const below = (folder: string | undefined, path: string, named: string): readonly NamedDocker[] =>
    folder === undefined || folder === ''
      ? []
      : [{ address: `${folder}/${path}`, origin: 'well-known', named }];
  return [
    { address: '/run/docker.sock', origin: 'well-known', named: "Docker's default" },
    ...below(environment['XDG_RUNTIME_DIR'], 'docker.sock', 'rootless Docker'),
    ...below(environment['HOME'], '.docker/run/docker.sock', 'Docker Desktop'),
  ];
};

/** What kind of address this is, in words, where it is no unix socket. */
export const whyNotRead = (address: string): string => {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase();
  return scheme === undefined
    ? 'it is no absolute path and no unix://PATH'
    : `Docker over ${scheme} is not supported: only unix sockets are read`;
};
