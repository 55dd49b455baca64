/** The items of `get KIND -o json` as ctr says they are. What ctr does not print comes from the bare API or the disk. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Timestamp } from '@bufbuild/protobuf/wkt';

import { Content } from '../../src/gen/containerd/services/content/v1/content_pb.js';
import { Images } from '../../src/gen/containerd/services/images/v1/images_pb.js';
import { Leases } from '../../src/gen/containerd/services/leases/v1/leases_pb.js';
import { Store } from '../../src/gen/containerd/services/sandbox/v1/store_pb.js';
import { Tasks } from '../../src/gen/containerd/services/tasks/v1/tasks_pb.js';
import type { CommandResult, Lab } from '../lab/lab.ts';
import { labelsOf, pluginBlocks, tableRows, tabRows } from './ctr-output.ts';
import { exactJson } from './exact-json.ts';
import type { Item } from './program.ts';
import { inFlight, type Wire } from './wire.ts';

/** Where the expectation comes from. */
export type Witnesses = { readonly lab: Lab; readonly wire: Wire };

/** More ctr processes at once than processors help nobody. */
const PROCESSES = 4;

/** Every kind, in the order of its items: by namespace, then by what names an object there. */
export const EXPECTED = {
  namespaces: async ({ lab }) =>
    (await namespaceRows(lab))
      .map(([name = '', labels = '']) => ({ name, labels: labelsOf(labels) }))
      .toSorted(by('name')),

  containers: async ({ lab }) => {
    const names = await dockerNames(lab);
    return await inEveryNamespace(lab, async (namespace) => {
      const tasks = new Map((await taskRows(lab, namespace)).map((task) => [task.id, task]));
      const ids = words(await lab.ctr(['containers', 'list', '--quiet'], { namespace }));
      const items = await inFlight(PROCESSES, ids.toSorted(), async (id) => {
        const info = await containerInfo(lab, namespace, id);
        const { status = null, pid = null } = tasks.get(id) ?? {};
        return {
          namespace,
          id: info.ID,
          name: names.get(info.ID) ?? null,
          status,
          pid,
          image: info.Image,
          runtime: info.Runtime.Name,
          snapshotter: info.Snapshotter,
          snapshotKey: info.SnapshotKey,
          sandbox: info.SandboxID || null,
          labels: info.Labels ?? {},
          createdAt: info.CreatedAt,
          updatedAt: info.UpdatedAt,
        };
      });
      return items;
    });
  },

  tasks: async ({ lab, wire }) => {
    const names = await dockerNames(lab);
    return await inEveryNamespace(lab, async (namespace) =>
      Promise.all(
        (await taskRows(lab, namespace)).map(async ({ id, pid, status }) => {
          const { process } = await wire.call(Tasks.method.get, { containerId: id }, namespace);
          return {
            namespace,
            id,
            name: names.get(id) ?? null,
            status,
            pid,
            exitStatus: status === 'STOPPED' ? process?.exitStatus : null,
            exitedAt: status === 'STOPPED' ? wireTime(process?.exitedAt) : null,
            stdin: process?.stdin,
            stdout: process?.stdout,
            stderr: process?.stderr,
            terminal: process?.terminal,
          };
        }),
      ),
    );
  },

  images: ({ lab, wire }) =>
    inEveryNamespace(lab, async (namespace) =>
      Promise.all(
        (await imageRows(lab, namespace)).map(async (row) => {
          const { image } = await wire.call(Images.method.get, { name: row.name }, namespace);
          return {
            namespace,
            name: row.name,
            digest: row.digest,
            mediaType: row.mediaType,
            targetSize: exactNumber(image?.target?.size),
            size: row.missing ? null : await sizeToRun(lab, namespace, row, Number(image?.target?.size)),
            platforms: row.missing ? null : row.platforms,
            labels: row.labels,
            annotations: { ...image?.target?.annotations },
            createdAt: wireTime(image?.createdAt),
            updatedAt: wireTime(image?.updatedAt),
          };
        }),
      ),
    ),

  content: ({ lab, wire }) =>
    inEveryNamespace(lab, async (namespace) =>
      inFlight(PROCESSES, await contentRows(lab, namespace), async ({ digest, labels }) => {
        const { info } = await wire.call(Content.method.info, { digest }, namespace);
        return {
          namespace,
          digest,
          size: (await stat(blobFile(lab, digest))).size,
          labels,
          createdAt: wireTime(info?.createdAt),
        };
      }),
    ),

  ingests: ({ lab }) =>
    inEveryNamespace(lab, async (namespace) => {
      const uploads = await uploadFolders(lab, namespace);
      return (await ingestRows(lab, namespace)).map(({ ref }) => {
        const { total, ...upload } = uploads.get(ref) ?? {};
        return { namespace, ref, total: total || null, expected: null, ...upload };
      });
    }),

  snapshots: ({ lab }) =>
    inEveryNamespace(lab, async (namespace) => {
      const items: Item[] = [];
      for (const snapshotter of (await loadedSnapshotters(lab)).toSorted()) {
        const ctr = (...args: string[]): Promise<CommandResult> =>
          lab.ctr(['snapshots', '--snapshotter', snapshotter, ...args], { namespace });
        const rows = tableRows((await ctr('list')).stdout, ['KEY', 'PARENT', 'KIND']);
        const infos = await inFlight(PROCESSES, rows.toSorted(), async ([key = '', parent = '', kind]) => {
          const info = exactJson((await ctr('info', key)).stdout) as SnapshotInfo;
          // ctr says the same thing twice; that it does is not for the program to prove.
          if (info.Name !== key || (info.Parent ?? '') !== parent || info.Kind !== kind) {
            throw new Error(`ctr's list and info disagree about snapshot ${namespace}/${key}`);
          }
          return {
            namespace,
            snapshotter,
            name: key,
            parent: parent || null,
            kind,
            labels: info.Labels ?? {},
            createdAt: info.Created,
            updatedAt: info.Updated,
          };
        });
        items.push(...infos);
      }
      return items;
    }),

  leases: ({ lab, wire }) =>
    inEveryNamespace(lab, async (namespace) => {
      const { leases } = await wire.call(Leases.method.list, {}, namespace);
      const rows = tableRows((await lab.ctr(['leases', 'list'], { namespace })).stdout, [
        'ID',
        'CREATED AT',
        'LABELS',
      ]);
      return rows
        .map(([id, created = '', cell = '']) => {
          const createdAt = wireTime(leases.find((lease) => lease.id === id)?.createdAt);
          if (Math.floor(Date.parse(createdAt ?? '') / 1000) * 1000 !== Date.parse(created)) {
            throw new Error(`ctr says lease ${id} was created at ${created}, the API ${createdAt}`);
          }
          const labels = labelsOf(cell);
          return { namespace, id, labels, createdAt, expiresAt: labels['containerd.io/gc.expire'] ?? null };
        })
        .toSorted(by('id'));
    }),

  plugins: async ({ lab }) => {
    const table = tableRows((await lab.ctr(['plugins', 'list'])).stdout, [
      'TYPE',
      'ID',
      'PLATFORMS',
      'STATUS',
    ]);
    const blocks = pluginBlocks((await lab.ctr(['plugins', 'list', '--detailed'])).stdout);
    if (table.map(([type, id]) => `${type} ${id}`).join() !== blocks.map((b) => `${b.type} ${b.id}`).join()) {
      throw new Error('"ctr plugins list" and its --detailed list other plugins');
    }
    return blocks
      .map((block, i) => ({ ...block, status: table[i]?.[3] }))
      .toSorted((a, b) => by('type')(a, b) || by('id')(a, b));
  },

  sandboxes: ({ lab, wire }) =>
    hasSandboxes(lab)
      ? inEveryNamespace(lab, async (namespace) =>
          Promise.all(
            tableRows((await lab.ctr(['sandboxes', 'list'], { namespace })).stdout, [
              'ID',
              'CREATED',
              'RUNTIME',
            ])
              .toSorted()
              .map(async ([id = '', created = '', runtime]) => {
                const { sandbox } = await wire.call(Store.method.get, { sandboxId: id }, namespace);
                return {
                  namespace,
                  id,
                  runtime,
                  sandboxer: sandbox?.sandboxer || null,
                  labels: { ...sandbox?.labels },
                  createdAt: created.replace(' ', 'T').replace(' +0000 UTC', 'Z'),
                  updatedAt: wireTime(sandbox?.updatedAt),
                };
              }),
          ),
        )
      : Promise.resolve([]),
} as const satisfies Readonly<Record<string, (witnesses: Witnesses) => Promise<readonly Item[]>>>;

/** A kind that `get` lists. */
export type KindName = keyof typeof EXPECTED;

/** Whether this containerd has the sandbox service, and its ctr the command. */
export const hasSandboxes = ({ suite }: Lab): boolean => suite !== 'bookworm';

/** What Docker calls its containers, by their whole ids. */
const dockerNames = async (lab: Lab): Promise<ReadonlyMap<string, string>> => {
  if (lab.store === false) return new Map();
  const { stdout } = await lab.docker(['ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.Names}}']);
  return new Map(stdout.split('\n').map((line) => line.split(' ') as [string, string]));
};

/** The names of all namespaces. */
export const namespacesOf = async (lab: Lab): Promise<string[]> =>
  (await namespaceRows(lab)).map(([name = '']) => name).toSorted();

/** `ctr containers info` of one container. */
export const containerInfo = async (lab: Lab, namespace: string, id: string): Promise<ContainerInfo> =>
  exactJson((await lab.ctr(['containers', 'info', id], { namespace })).stdout) as ContainerInfo;

export type ContainerInfo = {
  readonly ID: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Image: string;
  readonly Runtime: { readonly Name: string };
  readonly Snapshotter: string;
  readonly SnapshotKey: string;
  /** Since 1.7. */
  readonly SandboxID?: string;
  readonly CreatedAt: string;
  readonly UpdatedAt: string;
  readonly Spec: Readonly<Record<string, unknown>> | null;
};

type SnapshotInfo = {
  readonly Kind: string;
  readonly Name: string;
  readonly Parent?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly Created: string;
  readonly Updated: string;
};

/** One line of `ctr images ls`. */
export type ImageRow = {
  readonly name: string;
  readonly mediaType: string;
  readonly digest: string;
  /** As ctr rounds it. */
  readonly sizeWords: string;
  readonly platforms: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** ctr has complained that the target's blob is not there. */
  readonly missing: boolean;
};

export const imageRows = async (lab: Lab, namespace: string): Promise<ImageRow[]> => {
  const { stdout, stderr } = await lab.ctr(['images', 'list'], { namespace });
  return tableRows(stdout, ['REF', 'TYPE', 'DIGEST', 'SIZE', 'PLATFORMS', 'LABELS'])
    .map(([name = '', mediaType = '', digest = '', sizeWords = '', platforms = '', labels = '']) => ({
      name,
      mediaType,
      digest,
      sizeWords,
      platforms: platforms === '-' ? [] : platforms.split(',').filter(isPlatform).toSorted(),
      labels: labelsOf(labels),
      missing: stderr.includes(`failed resolving platform for image ${name}"`),
    }))
    .toSorted(by('name'));
};

// 1.6 lists what attestations call their platform; later ones and the program do not.
const isPlatform = (platform: string): boolean => platform !== 'unknown/unknown';

/** One line of `ctr content ls`. */
export type ContentRow = {
  readonly digest: string;
  readonly sizeWords: string;
  readonly ageWords: string;
  readonly labels: Readonly<Record<string, string>>;
};

export const contentRows = async (lab: Lab, namespace: string): Promise<ContentRow[]> =>
  tabRows((await lab.ctr(['content', 'list'], { namespace })).stdout, ['DIGEST', 'SIZE', 'AGE', 'LABELS'])
    .map(([digest = '', sizeWords = '', ageWords = '', labels = '']) => ({
      digest,
      sizeWords,
      ageWords,
      labels: labelsOf(labels),
    }))
    .toSorted(by('digest'));

/** One line of `ctr content active`. */
export type IngestRow = { readonly ref: string; readonly sizeWords: string; readonly ageWords: string };

export const ingestRows = async (lab: Lab, namespace: string): Promise<IngestRow[]> =>
  tabRows((await lab.ctr(['content', 'active'], { namespace })).stdout, ['REF', 'SIZE', 'AGE'])
    .map(([ref = '', sizeWords = '', ageWords = '']) => ({ ref, sizeWords, ageWords }))
    .toSorted(by('ref'));

type TaskRow = { readonly id: string; readonly pid: number; readonly status: string };

const taskRows = async (lab: Lab, namespace: string): Promise<TaskRow[]> =>
  tableRows((await lab.ctr(['tasks', 'list'], { namespace })).stdout, ['TASK', 'PID', 'STATUS'])
    .map(([id = '', pid = '', status = '']) => ({ id, pid: Number(pid), status }))
    .toSorted(by('id'));

const namespaceRows = async (lab: Lab): Promise<string[][]> =>
  tableRows((await lab.ctr(['namespaces', 'list'])).stdout, ['NAME', 'LABELS']);

const loadedSnapshotters = async (lab: Lab): Promise<string[]> =>
  tableRows((await lab.ctr(['plugins', 'list'])).stdout, ['TYPE', 'ID', 'PLATFORMS', 'STATUS']).flatMap(
    ([type, id = '', , status]) => (type === 'io.containerd.snapshotter.v1' && status === 'ok' ? [id] : []),
  );

const inEveryNamespace = async (
  lab: Lab,
  items: (namespace: string) => Promise<readonly Item[]>,
): Promise<Item[]> => {
  const all: Item[] = [];
  for (const namespace of await namespacesOf(lab)) all.push(...(await items(namespace)));
  return all;
};

type JsonDescriptor = {
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
};
type JsonManifest = {
  readonly manifests?: readonly JsonDescriptor[];
  readonly config?: JsonDescriptor;
  readonly layers?: readonly JsonDescriptor[];
};

/** Bytes of target, manifest, config and layers for this host, added up from the blobs as ctr adds them. */
const sizeToRun = async (
  lab: Lab,
  namespace: string,
  { digest, mediaType }: Pick<ImageRow, 'digest' | 'mediaType'>,
  targetSize: number,
): Promise<number> => {
  if (!/index|manifest/.test(mediaType)) return targetSize;
  const target = await readManifest(lab, namespace, digest);
  if (target.manifests === undefined) return targetSize + partsSize(target);
  const runs =
    target.manifests.find(({ platform }) => isThisHosts(platform)) ??
    target.manifests.find(({ platform }) => platform === undefined);
  if (runs === undefined) return targetSize;
  return targetSize + runs.size + partsSize(await readManifest(lab, namespace, runs.digest));
};

const partsSize = ({ config, layers = [] }: JsonManifest): number =>
  [...(config === undefined ? [] : [config]), ...layers].reduce((sum, { size }) => sum + size, 0);

const isThisHosts = (platform: JsonDescriptor['platform']): boolean =>
  platform?.os === 'linux' &&
  platform.architecture === ({ x64: 'amd64' }[process.arch as string] ?? process.arch) &&
  (platform.variant === undefined || platform.variant === 'v8');

/** A manifest, or nothing where its blob is not there. */
const readManifest = async (lab: Lab, namespace: string, digest: string): Promise<JsonManifest> => {
  const { stdout, stderr, exitCode } = await lab.ctr(['content', 'get', digest], {
    namespace,
    reject: false,
  });
  if (exitCode === 0) return JSON.parse(stdout) as JsonManifest;
  if (stderr.endsWith('not found')) return {};
  throw new Error(`ctr content get ${digest} in ${namespace}: ${stderr}`);
};

const blobFile = (lab: Lab, digest: string): string =>
  join(lab.containerdRoot, 'io.containerd.content.v1.content/blobs', digest.replace(':', '/'));

type Upload = {
  readonly offset: number;
  readonly total: number;
  readonly startedAt: string;
  readonly updatedAt: string;
};

/** The uploads of a namespace as the content store keeps them: a folder each, `ref` holding NAMESPACE/N/REF. */
const uploadFolders = async (lab: Lab, namespace: string): Promise<ReadonlyMap<string, Upload>> => {
  const ingest = join(lab.containerdRoot, 'io.containerd.content.v1.content/ingest');
  const uploads = new Map<string, Upload>();
  for (const name of await readdir(ingest)) {
    const text = (file: string): Promise<string> => readFile(join(ingest, name, file), 'utf8');
    const [owner, , ...ref] = (await text('ref')).split('/');
    if (owner !== namespace) continue;
    uploads.set(ref.join('/'), {
      offset: (await stat(join(ingest, name, 'data'))).size,
      total: Number(await text('total')),
      startedAt: await text('startedat'),
      updatedAt: await text('updatedat'),
    });
  }
  return uploads;
};

/** A time of the API in Go's words, worked out apart from the program's own. */
const wireTime = (time: Timestamp | undefined): string | null => {
  if (time === undefined || time.seconds < 0n) return null;
  const [seconds] = new Date(Number(time.seconds * 1000n)).toISOString().split('.');
  const nanos = (time.nanos / 1e9)
    .toFixed(9)
    .slice(1)
    .replace(/\.?0+$/, '');
  return `${seconds}${nanos}Z`;
};

/** As {@link exactJson} gives it. */
const exactNumber = (value: bigint | undefined): number | bigint | undefined =>
  value !== undefined && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;

const words = ({ stdout }: CommandResult): string[] => stdout.split('\n').filter((word) => word !== '');

const by =
  <Key extends string>(key: Key) =>
  (a: Readonly<Record<Key, unknown>>, b: Readonly<Record<Key, unknown>>): number => {
    const [left, right] = [String(a[key]), String(b[key])];
    return left < right ? -1 : left > right ? 1 : 0;
  };
