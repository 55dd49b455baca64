/** What every comparison of Docker with containerd depends on: whose Docker, which image store, which namespace. */
import type { DockerMode } from '../docker.ts';
import { otherDockers } from '../docker-scope.ts';
import {
  type Absent,
  isKnown,
  isUnknown,
  type Observed,
  seen,
  seenValue,
  type Unknown,
  unknown,
} from '../observed.ts';
import { type FacetName, facet, type HostSnapshot } from '../snapshot.ts';

/** What the stage itself is made of. */
export const STAGE_WANTS: readonly FacetName[] = ['docker.discovery', 'docker.endpoint', 'docker.root'];

export interface Stage {
  readonly host: HostSnapshot;
  /** The namespace of Docker's containers; without word of it, the default. */
  readonly namespace: string;
  readonly mode: Observed<DockerMode>;
  /** The graphdriver or snapshotter in use. */
  readonly driver: Observed<string>;
  /** Why the running Docker says nothing, and its lists are not known; undefined where it answers. */
  readonly silent: Unknown | undefined;
  /** No Docker runs: what its files do not have, nobody has. */
  readonly filesDecide: boolean;
  /** Why nobody can say that something in the namespace is not another Docker's; undefined when it can be said. */
  readonly shared: Unknown | undefined;
}

const DEFAULT_NAMESPACE = 'moby';

/** Absent: no Docker uses this containerd, and none has left its files. */
export const stageOf = (host: HostSnapshot): Observed<Stage> => {
  const endpoint = facet(host, 'docker.endpoint');
  const root = facet(host, 'docker.root');
  if (endpoint.state !== 'seen' && root.state !== 'seen') {
    return root.state === 'absent' && endpoint.state === 'offline' ? root : endpoint;
  }
  const discovery = seenValue(facet(host, 'docker.discovery'));
  const namespace =
    seenValue(endpoint)?.namespaces.containers ?? discovery?.chosen?.namespace ?? DEFAULT_NAMESPACE;
  const mode = firstKnown(seenValue(endpoint)?.mode, seenValue(root)?.mode, host);
  const filesDecide = endpoint.state === 'absent' || endpoint.state === 'offline';
  const stage: Stage = {
    host,
    namespace,
    mode,
    driver: driverOf(host, mode),
    silent: endpoint.state === 'seen' ? undefined : silenceOf(endpoint),
    filesDecide,
    shared: sharedBy(host, namespace, filesDecide),
  };
  return seen(stage, endpoint.state === 'seen' ? endpoint.from : root.from, host.at);
};

/** Whether something that the driver keeps is in use; undefined where that is not known. */
export const isActive = ({ mode, driver }: Stage, store: DockerMode, name: string): boolean | undefined => {
  if (mode.state !== 'seen') return undefined;
  if (mode.value !== store) return false;
  return driver.state === 'seen' ? driver.value === name : undefined;
};

/** How long two looks of one moment may be apart, and how long a start or an end takes to be known everywhere. */
const FLUX_MS = 5000;

/** Whether this happened so shortly before the look that the others may not know of it yet. */
export const isFresh = (host: HostSnapshot, time: string | null, ms: number = FLUX_MS): boolean => {
  if (time === null) return false;
  const age = Date.parse(host.at) - Date.parse(time);
  return Number.isFinite(age) && age < ms;
};

function silenceOf(endpoint: Absent | Unknown): Unknown {
  if (isUnknown(endpoint)) return endpoint;
  return unknown('offline', endpoint.from, endpoint.why ?? 'no Docker runs', endpoint.at, 0);
}

function firstKnown(
  live: Observed<DockerMode> | undefined,
  disk: Observed<DockerMode> | undefined,
  host: HostSnapshot,
): Observed<DockerMode> {
  const known = [live, disk].find((mode) => mode !== undefined && isKnown(mode));
  const why = 'neither Docker nor its files say where it keeps images';
  return known ?? live ?? disk ?? unknown('failed', 'docker.root', why, host.at, 0);
}

function driverOf(host: HostSnapshot, mode: Observed<DockerMode>): Observed<string> {
  const endpoint = facet(host, 'docker.endpoint');
  if (endpoint.state === 'seen') return seen(endpoint.value.driver, endpoint.from, endpoint.at);
  const root = facet(host, 'docker.root');
  if (root.state !== 'seen' || mode.state !== 'seen') {
    return unknown('failed', root.from, 'the driver in use is not known', host.at, 0);
  }
  const names = mode.value === 'graphdriver' ? root.value.graphDrivers : root.value.snapshotters;
  const [only] = names;
  if (only !== undefined && names.length === 1) return seen(only, root.from, root.at);
  const why =
    names.length === 0 ? 'there is no folder of a driver' : `there are several: ${names.join(', ')}`;
  return unknown('failed', root.from, why, root.at, 0);
}

// Two Dockers in one namespace: what the one does not have may be the other's.
function sharedBy(host: HostSnapshot, namespace: string, filesDecide: boolean): Unknown | undefined {
  const discovery = facet(host, 'docker.discovery');
  const other = discovery.state === 'seen' ? otherDockers(discovery.value)[0] : undefined;
  if (other !== undefined) {
    const why = `Docker at ${other.address} uses this containerd too, and only one is read`;
    return unknown('notCollected', discovery.from, why, host.at, 0);
  }
  const endpoint = facet(host, 'docker.endpoint');
  if (!filesDecide) {
    if (isUnknown(discovery)) return discovery;
    if (isUnknown(endpoint)) return endpoint;
  }
  const options = seenValue(endpoint)?.securityOptions ?? [];
  const remapped = options.some((option) => option.includes('userns')) || isRemapped(host);
  // A namespace of its own with user namespaces only since 26; before, all remappings share one, each with its own files.
  if (!remapped || namespace !== DEFAULT_NAMESPACE) return undefined;
  const why = 'with userns-remap, Dockers with other files may use the same namespace';
  return unknown('failed', 'GET /info', why, host.at, 0);
}

// Docker's data directory is then called after the first uid and gid.
function isRemapped(host: HostSnapshot): boolean {
  return /\/\d+\.\d+\/?$/.test(seenValue(facet(host, 'docker.root'))?.path ?? '');
}
