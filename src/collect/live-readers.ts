/** How each facet of a live host is read. */
import { realpath } from 'node:fs/promises';
import type { ContainerBody, Plugin } from '../host/containerd.ts';
import type { DaemonProcess } from '../host/daemon.ts';
import {
  type Absent,
  absent,
  type Gap,
  type Listing,
  type Observed,
  seenValue,
  type Unknown,
  unknown,
} from '../host/observed.ts';
import type { Scope } from '../host/snapshot.ts';
import type { CallOptions, Connection } from '../sources/containerd/connection.ts';
import { CallFailure } from '../sources/containerd/failure.ts';
import { addressOf, ask, discover, namedAddress, normalAddress } from './discover.ts';
import { liveDockerDisk } from './docker-disk-readers.ts';
import { dockerReaders } from './docker-readers.ts';
import { readEndpoint } from './endpoint-reader.ts';
import { chosenAddress, now, type ReaderContext, type Readers } from './reader-context.ts';
import { withDatabases } from './storage.ts';
import { storageReaders } from './storage-readers.ts';
import {
  bodyWithoutSecrets,
  daemonWithoutSecrets,
  imageWithoutSecrets,
  withoutSecretLabels,
} from './withhold.ts';

/** How long a collector has for its answer. */
const DEFAULT_TIMEOUT_MS = 2000;
// containerd itself waits 2 s for a silent shim, after the 300 ms in which Tasks.List may answer for all.
const DEFAULT_TASKS_TIMEOUT_MS = 3500;
const NAMESPACES_IN_FLIGHT = 8;
const LEAST_DEADLINE_MS = 50;
// How long namespaces are still asked, with that least of a deadline, when a slow daemon has taken the time of all.
const OVERTIME_MS = 500;

/** The reader of each facet. */
export const liveReaders = (context: ReaderContext): Readers => {
  const { options, scope, once } = context;
  const shown = <T>(item: T, withhold: (item: T) => T): T => (options.showSecrets ? item : withhold(item));
  const labelled = <T extends { readonly labels: Readonly<Record<string, string>> }>(item: T): T =>
    shown(item, withoutSecretLabels);
  const docker = { ...context, containerd: () => chosenAddress(context) };
  const storage = storageReaders(context);
  const dockerDisk = liveDockerDisk(docker);

  return {
    'host.system': async () => {
      const { readMachine } = await import('../sources/system/machine.ts');
      return now(await readMachine(), 'os-release, uname, /proc/meminfo, /proc/self/mounts');
    },
    'proc.daemons': async () => {
      const { listDaemons } = await import('../sources/proc/daemons.ts');
      const { items, gaps } = await listDaemons();
      const daemons = await Promise.all(items.map(withAddress));
      return now({ items: daemons.map((daemon) => shown(daemon, daemonWithoutSecrets)), gaps }, '/proc');
    },
    'containerd.discovery': async () => {
      const named = namedAddress(options.address, options.environment);
      if (named !== undefined) {
        const candidate = await ask(named);
        return now({ candidates: [candidate], chosen: candidate }, named.named);
      }
      const daemons = seenValue(await once('proc.daemons'))?.items ?? [];
      return now(await discover(daemons, options.environment), '/proc, well-known paths');
    },
    'containerd.endpoint': () => readEndpoint(context),
    'containerd.version': async () => {
      const { readVersion } = await import('../sources/containerd/introspection.ts');
      return call(context, 'Version.Version', readVersion);
    },
    'containerd.identity': async () => {
      const { readIdentity } = await import('../sources/containerd/introspection.ts');
      const [identity, plugins] = await Promise.all([
        call(context, 'Introspection.Server', readIdentity),
        once('containerd.plugins'),
      ]);
      if (identity.state !== 'seen') return identity;
      return { ...identity, value: { ...identity.value, database: await databaseNamed(plugins) } };
    },
    'containerd.plugins': async () => {
      const { listPlugins } = await import('../sources/containerd/introspection.ts');
      return call(context, 'Introspection.Plugins', async (connection, deadline) => ({
        items: await listPlugins(connection, deadline),
        gaps: [],
      }));
    },
    'containerd.namespaces': async () => {
      const { listNamespaces } = await import('../sources/containerd/namespaces.ts');
      return call(context, 'Namespaces.List', async (connection, deadline) => {
        const all = await listNamespaces(connection, deadline);
        return { items: all.filter(({ name }) => inScope(scope, name)).map(labelled), gaps: [] };
      });
    },
    'containerd.containers': async () => {
      const { listContainers } = await import('../sources/containerd/containers.ts');
      return perNamespace(context, 'Containers.List', async (connection, deadline) =>
        complete((await listContainers(connection, deadline)).map(labelled)),
      );
    },
    'containerd.bodies': async () => {
      const { readBodies, unreadBody } = await import('../sources/containerd/containers.ts');
      const wanted = scope.containers ?? [];
      const namespaces = [...new Set(wanted.map(({ namespace }) => namespace))];
      return call(context, 'Containers.Get', async (connection, { deadlineMs }) => {
        const items: ContainerBody[] = [];
        const failures: CallFailure[] = [];
        await eachLimited(namespaces, NAMESPACES_IN_FLIGHT, async (namespace) => {
          const ids = wanted.filter((container) => container.namespace === namespace).map(({ id }) => id);
          try {
            const bodies = await readBodies(connection, ids, { namespace, deadlineMs });
            for (const body of bodies) items.push(shown(body, bodyWithoutSecrets));
          } catch (error) {
            if (!(error instanceof CallFailure)) throw error;
            failures.push(error);
            for (const id of ids) items.push(unreadBody(id, namespace, error));
          }
        });
        if (failures[0] !== undefined && failures.length === namespaces.length) throw failures[0];
        return complete(items);
      });
    },
    'containerd.tasks': async () => {
      const { listTasks } = await import('../sources/containerd/tasks.ts');
      const answerWithinMs = options.timeoutMs ?? DEFAULT_TASKS_TIMEOUT_MS;
      return perNamespace(
        context,
        'Tasks.List',
        (connection, { namespace, deadlineMs }) =>
          listTasks(connection, {
            namespace,
            answerWithinMs: deadlineMs,
            containerIds: async () => {
              const listing = seenValue(await once('containerd.containers'));
              return (listing?.items ?? []).filter((c) => c.namespace === namespace).map((c) => c.id);
            },
          }),
        answerWithinMs,
      );
    },
    'containerd.images': async () => {
      const { listImages } = await import('../sources/containerd/images.ts');
      return perNamespace(context, 'Images.List', async (connection, deadline) =>
        complete((await listImages(connection, deadline)).map((image) => shown(image, imageWithoutSecrets))),
      );
    },
    'containerd.manifests': async () => {
      const { listManifests } = await import('../sources/containerd/manifests.ts');
      const images = await once('containerd.images');
      if (images.state !== 'seen') return images;
      return perNamespace(context, 'Content.Read', (connection, deadline) =>
        listManifests(
          connection,
          images.value.items.filter(({ namespace }) => namespace === deadline.namespace),
          deadline,
        ),
      );
    },
    'containerd.content': async () => {
      const { listContent } = await import('../sources/containerd/content.ts');
      return perNamespace(context, 'Content.List', async (connection, deadline) =>
        complete((await listContent(connection, deadline)).map(labelled)),
      );
    },
    'containerd.ingests': async () => {
      const { listIngests } = await import('../sources/containerd/content.ts');
      return perNamespace(context, 'Content.ListStatuses', async (connection, deadline) =>
        complete(await listIngests(connection, deadline)),
      );
    },
    'containerd.snapshots': async () => {
      const { listSnapshots } = await import('../sources/containerd/snapshots.ts');
      const plugins = await once('containerd.plugins');
      if (plugins.state !== 'seen') return plugins;
      const snapshotters = plugins.value.items
        .filter(({ type, status }) => type === 'io.containerd.snapshotter.v1' && status === 'ok')
        .map(({ id }) => id);
      return perNamespace(context, 'Snapshots.List', async (connection, deadline) =>
        perSnapshotter(snapshotters, deadline.namespace, async (snapshotter) =>
          (await listSnapshots(connection, snapshotter, deadline)).map(labelled),
        ),
      );
    },
    'containerd.leases': async () => {
      const { listLeases } = await import('../sources/containerd/leases.ts');
      return perNamespace(context, 'Leases.List', async (connection, deadline) =>
        complete((await listLeases(connection, deadline)).map(labelled)),
      );
    },
    'containerd.sandboxes': async () => {
      const { listSandboxes } = await import('../sources/containerd/sandboxes.ts');
      const listed = await perNamespace(context, 'sandbox.Store.List', async (connection, deadline) =>
        complete((await listSandboxes(connection, deadline)).map(labelled)),
      );
      // A daemon without the service keeps no sandboxes anywhere: that is known, not unread.
      return listed.state === 'unsupported'
        ? absent(listed.from, listed.at, 'this containerd has no sandbox store; the service came with 1.7')
        : listed;
    },
    ...storage,
    'metadata.databases': async () =>
      withDatabases(await storage['metadata.databases'](), await dockerDisk.databases()),
    ...dockerDisk.readers,
    ...dockerReaders(docker),
  };
};

/** The connection to the chosen containerd. @throws NoContainerd */
async function connected(context: ReaderContext): Promise<Connection> {
  return context.connect((await chosenAddress(context)).address);
}

async function call<T>(
  context: ReaderContext,
  from: string,
  read: (connection: Connection, options: CallOptions) => Promise<T>,
): Promise<Observed<T>> {
  const connection = await connected(context);
  const deadlineMs = context.options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return now(await read(connection, { deadlineMs }), `${from} at ${connection.address}`);
}

type InNamespace = CallOptions & { readonly namespace: string };

// One namespace that cannot be read is a gap; when none can be, the facet as a whole is unknown, for the first reason.
async function perNamespace<T>(
  context: ReaderContext,
  from: string,
  read: (connection: Connection, options: InNamespace) => Promise<Listing<T>>,
  timeoutMs: number = context.options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
): Promise<Observed<Listing<T>>> {
  const endAt = performance.now() + timeoutMs;
  const connection = await connected(context);
  const names = await namespacesInScope(context);
  if (!Array.isArray(names)) return names;
  const items: T[] = [];
  const gaps: Gap[] = [];
  const failures: Unknown[] = [];
  await eachLimited(names, NAMESPACES_IN_FLIGHT, async (namespace) => {
    const left = endAt - performance.now();
    const deadlineMs = Math.max(LEAST_DEADLINE_MS, left);
    try {
      if (left < -OVERTIME_MS) throw unasked(connection, from, namespace);
      const listing = await read(connection, { namespace, deadlineMs });
      for (const item of listing.items) items.push(item);
      for (const gap of listing.gaps) gaps.push(gap);
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      const at = new Date().toISOString();
      const fact = unknown(error.state, `${from} ${namespace}`, error.message, at, error.ms);
      failures.push(fact);
      gaps.push({ ...fact, object: { namespace } });
    }
  });
  const first = failures[0];
  if (first !== undefined && failures.length === names.length) return { ...first, from };
  return now({ items, gaps }, `${from} at ${connection.address}`);
}

function unasked(connection: Connection, from: string, namespace: string): CallFailure {
  const why = `${from} at ${connection.address}: the time was over before namespace ${namespace} could be asked; --timeout gives more`;
  return new CallFailure({ state: 'timeout', code: 0, method: from, why, ms: 0 });
}

async function namespacesInScope(context: ReaderContext): Promise<string[] | Absent | Unknown> {
  const { scope, once, unanswered } = context;
  if (scope.namespaces !== undefined) return [...scope.namespaces];
  const namespaces = await once('containerd.namespaces');
  // Known from the disk: who did not answer this is not asked for what is in each.
  const failure = unanswered.get('containerd.namespaces');
  if (failure !== undefined) return failure;
  return namespaces.state === 'seen' ? namespaces.value.items.map(({ name }) => name) : namespaces;
}

async function perSnapshotter<T>(
  snapshotters: readonly string[],
  namespace: string,
  list: (snapshotter: string) => Promise<readonly T[]>,
): Promise<Listing<T>> {
  const items: T[] = [];
  const gaps: Gap[] = [];
  await Promise.all(
    snapshotters.map(async (snapshotter) => {
      try {
        for (const item of await list(snapshotter)) items.push(item);
      } catch (error) {
        if (!(error instanceof CallFailure)) throw error;
        // Loaded, but in no state to list: other snapshotters still can.
        const from = `Snapshots.List ${namespace} ${snapshotter}`;
        const fact = unknown(error.state, from, error.message, new Date().toISOString(), error.ms);
        gaps.push({ ...fact, object: { kind: 'snapshotter', namespace, id: snapshotter } });
      }
    }),
  );
  return { items, gaps };
}

async function withAddress(daemon: DaemonProcess): Promise<DaemonProcess> {
  if (daemon.role === 'containerd') return { ...daemon, address: await addressOf(daemon) };
  return daemon.address === null ? daemon : { ...daemon, address: normalAddress(daemon.address) };
}

async function databaseNamed(plugins: Observed<Listing<Plugin>>): Promise<string | null> {
  const bolt = seenValue(plugins)?.items.find(({ type }) => type === 'io.containerd.metadata.v1');
  const path = bolt?.exports['path'];
  return path === undefined ? null : realpath(path).catch(() => path);
}

function inScope(scope: Scope, namespace: string): boolean {
  return scope.namespaces === undefined || scope.namespaces.includes(namespace);
}

function complete<T>(items: readonly T[]): Listing<T> {
  return { items, gaps: [] };
}

async function eachLimited<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) {
      const item = items[i];
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
