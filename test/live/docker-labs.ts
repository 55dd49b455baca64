import { describe } from 'vitest';

import { type LiveHost, openLiveHost } from '../../src/collect/live.ts';
import type { DockerImage } from '../../src/host/docker.ts';
import { seenValue } from '../../src/host/observed.ts';
import { type Facets, facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import type { Lab, LabOptions } from '../lab/lab.ts';
import { sharedLab, skipReason } from '../lab/shared.ts';
import { type DockerStore, hasContainerdStore, type Suite } from '../lab/suites.ts';

/** One `describe` for every Docker of the suites: each with its graphdriver, and with containerd's image store where it has that. */
export const describeDockers = (
  title: string,
  wanted: readonly Suite[],
  body: (lab: () => Lab, store: Exclude<DockerStore, false>) => void,
  options: Pick<LabOptions, 'extraDockerdConfig'> = {},
): void => {
  for (const suite of wanted) {
    const stores = hasContainerdStore(suite)
      ? (['graphdriver', 'containerd'] as const)
      : (['graphdriver'] as const);
    for (const store of stores) {
      const reason = skipReason(suite);
      const which = `${suite}, ${store}${reason === undefined ? '' : `, skipped: ${reason}`}`;
      describe(`${title} (${which})`, { skip: reason !== undefined }, () =>
        body(sharedLab(suite, { ...options, docker: store }), store),
      );
    }
  }
};

/** The lab's containerd and Docker as the program reads them; `over` names other ones, undefined none. */
export const liveHostOf = (
  lab: Lab,
  over: Readonly<Record<string, string | undefined>> = {},
  more: Partial<Parameters<typeof openLiveHost>[0]> = {},
): LiveHost =>
  openLiveHost({
    environment: {
      CONTAINERD_ADDRESS: lab.address,
      DOCKER_HOST: `unix://${lab.dockerSocket}`,
      ...over,
    },
    ...more,
  });

/** What a facet holds; a failure shows what it is instead. */
export const readFacet = <K extends keyof Facets>(host: HostSnapshot, name: K): Facets[K] => {
  const observed = facet(host, name);
  const value = seenValue(observed);
  if (value === undefined) throw new Error(`${name} is ${JSON.stringify(observed)}`);
  return value;
};

/** The JSON documents that a docker command prints, one a line. */
export const dockerLines = async (lab: Lab, args: readonly string[]): Promise<Record<string, string>[]> =>
  (await lab.docker([...args, '--format', '{{json .}}'])).stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, string>);

/** `docker inspect` of everything that the words name. */
export const dockerInspect = async (lab: Lab, ids: readonly string[]): Promise<Inspected[]> =>
  JSON.parse((await lab.docker(['inspect', ...ids])).stdout) as Inspected[];

export type Inspected = {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Image: string;
  readonly Driver: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
  readonly Config: { readonly Image: string; readonly Labels: Readonly<Record<string, string>> | null };
  readonly HostConfig: Readonly<Record<string, unknown>>;
};

export type InspectedImage = {
  readonly Id: string;
  readonly Created: string;
  readonly Parent: string;
  readonly Os: string;
  readonly Architecture: string;
  readonly Variant?: string;
  readonly Size: number;
  readonly RootFS: { readonly Layers?: never[] };
  readonly GraphDriver: { readonly Data: Readonly<Record<string, string>> };
};

/** `docker image inspect` of all images, those in between too. */
export const inspectImages = async (lab: Lab): Promise<InspectedImage[]> => {
  const { stdout } = await lab.docker(['image', 'ls', '--all', '--quiet', '--no-trunc']);
  const ids = [...new Set(stdout.split('\n').filter(Boolean))];
  return JSON.parse((await lab.docker(['image', 'inspect', ...ids])).stdout) as InspectedImage[];
};

/** The rows that `docker images --digests` makes of an image: one for each name and each digest of its repository. */
export const imageRowsOf = ({ id, tags, digests }: DockerImage): string[] => {
  if (tags.length === 0) {
    const [digest = '<none>@<none>'] = digests;
    return [`${id} <none> <none> ${digest.slice(digest.lastIndexOf('@') + 1)}`];
  }
  return tags.flatMap((name) => {
    const colon = name.lastIndexOf(':');
    const [repository, tag] = [name.slice(0, colon), name.slice(colon + 1)];
    const own = digests.filter((digest) => digest.startsWith(`${repository}@`));
    return (own.length === 0 ? ['@<none>'] : own).map(
      (digest) => `${id} ${repository} ${tag} ${digest.slice(digest.lastIndexOf('@') + 1)}`,
    );
  });
};

/** A fact without the moments at which it was read. */
export const withoutTimes = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'at' && key !== 'ms')
      .map(([key, inner]) => [key, withoutTimes(inner)]),
  );
};
