/** What a path is a part of, by where containerd and Docker keep their things; nothing is read. */
import { items } from '../kinds/listing.ts';
import { seenValue } from '../observed.ts';
import { facet, type HostSnapshot } from '../snapshot.ts';

export type Place =
  | { readonly what: 'blob'; readonly digest: string }
  | { readonly what: 'ingest'; readonly folder: string }
  /** `name`: a number in the snapshotter's database, or `new-…`. */
  | { readonly what: 'snapshot'; readonly snapshotter: string; readonly name: string; readonly path: string }
  | { readonly what: 'bundle'; readonly namespace: string; readonly id: string }
  | { readonly what: 'database'; readonly owner: string }
  | { readonly what: 'criObject'; readonly id: string }
  | { readonly what: 'dockerContainer'; readonly id: string; readonly relation: string }
  | { readonly what: 'dockerVolume'; readonly name: string }
  | { readonly what: 'dockerLayer'; readonly driver: string; readonly id: string }
  /** A layer's record in layerdb. */
  | { readonly what: 'dockerChain'; readonly driver: string; readonly id: string }
  | { readonly what: 'dockerImageConfig'; readonly driver: string; readonly id: string }
  | { readonly what: 'dockerRoot'; readonly path: string }
  | { readonly what: 'containerdRoot'; readonly path: string }
  /** It looks like a containerd's, but below another directory than this one's. */
  | { readonly what: 'elsewhere'; readonly root: string; readonly ours: string };

/** What the places are known by. */
export const PLACE_WANTS = [
  'containerd.plugins',
  'metadata.databases',
  'docker.endpoint',
  'docker.root',
] as const;

/** The path without what means nothing in it; `/var/run` is `/run`. */
export const normalPath = (path: string): string => {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`.replace(/^\/var\/run(?=\/|$)/, '/run');
};

/**
 * The place of a path on a disk, undefined where it is below no directory that is known. A disk's files have two paths
 * each: the one that it had on its own machine, and that with the folder `root` before it, where it is mounted now.
 */
export const placeOnDisk = (host: HostSnapshot, path: string, root: string): Place | undefined => {
  const here = placeOf(host, path);
  if (here !== undefined && here.what !== 'elsewhere') return here;
  // A folder that is containerd's or Docker's own does not say where it was.
  const isSystem = placeOf(host, root) === undefined;
  return (isSystem ? placeOf(host, `${root}${normalPath(path)}`) : undefined) ?? here;
};

/** The place of a path, undefined where it is below no directory that is known. */
export const placeOf = (host: HostSnapshot, path: string): Place | undefined => {
  const wanted = normalPath(path);
  const docker = dockerRoots(host).find((root) => below(root, wanted) !== undefined);
  // Docker's own containerd keeps its root below Docker's.
  return (
    containerdPlace(host, wanted) ??
    (docker === undefined ? undefined : dockerPlace(docker, below(docker, wanted) ?? [])) ??
    containerdRoot(host, wanted)
  );
};

/** Folders below a plugin's, as containerd names them: TYPE.ID. */
const PLUGIN = /^(.*?)\/(io\.containerd\.[^/]+)(?:\/(.*))?$/;

function containerdPlace(host: HostSnapshot, path: string): Place | undefined {
  const own = ownPlace(host, path);
  if (own !== undefined) return own;
  const [, root = '', plugin = '', rest = ''] = PLUGIN.exec(path) ?? [];
  const parts = rest.split('/');
  if (plugin === 'io.containerd.runtime.v2.task' || plugin === 'io.containerd.runtime.v1.linux') {
    const [namespace, id] = parts;
    return namespace && id ? { what: 'bundle', namespace, id } : undefined;
  }
  if (plugin === 'io.containerd.grpc.v1.cri') {
    const [, id] = parts;
    return id ? { what: 'criObject', id } : undefined;
  }
  const ours = pluginRoots(host);
  const known = ours[0];
  const kind = storeOf(plugin);
  if (kind === undefined) return undefined;
  if (known !== undefined && !ours.some(({ path: at }) => at.startsWith(`${root}/`))) {
    return { what: 'elsewhere', root, ours: known.path.slice(0, known.path.lastIndexOf('/')) };
  }
  return storePlace(kind, `${root}/${plugin}`, parts);
}

type Store =
  | { readonly type: 'content' | 'metadata' }
  | { readonly type: 'snapshotter'; readonly id: string };

function storeOf(plugin: string): Store | undefined {
  if (plugin === 'io.containerd.content.v1.content') return { type: 'content' };
  if (plugin === 'io.containerd.metadata.v1.bolt') return { type: 'metadata' };
  const id = /^io\.containerd\.snapshotter\.v1\.(.+)$/.exec(plugin)?.[1];
  return id === undefined ? undefined : { type: 'snapshotter', id };
}

// By the folders that the plugins themselves say they use, wherever a configuration has put them.
function ownPlace(host: HostSnapshot, path: string): Place | undefined {
  for (const { store, path: root } of pluginRoots(host)) {
    const parts = below(root, path);
    const place = parts && storePlace(store, root, parts);
    if (place !== undefined) return place;
  }
  return undefined;
}

function storePlace(store: Store, root: string, parts: readonly string[]): Place | undefined {
  const [folder, name, hex] = parts;
  switch (store.type) {
    case 'metadata':
      return { what: 'database', owner: 'metadata' };
    case 'content':
      if (folder === 'blobs' && name && hex) return { what: 'blob', digest: `${name}:${hex}` };
      return folder === 'ingest' && name ? { what: 'ingest', folder: name } : undefined;
    case 'snapshotter':
      if (folder === 'metadata.db') return { what: 'database', owner: store.id };
      // btrfs has a folder for each kind.
      if (!name || !['snapshots', 'active', 'view'].includes(folder ?? '')) return undefined;
      return { what: 'snapshot', snapshotter: store.id, name, path: `${root}/${folder}/${name}` };
  }
}

function pluginRoots(host: HostSnapshot): { readonly store: Store; readonly path: string }[] {
  const roots: { store: Store; path: string }[] = [];
  for (const { type, id, exports } of items(host, 'containerd.plugins')) {
    const { root, path } = exports as { readonly root?: string; readonly path?: string };
    if (type === 'io.containerd.content.v1' && root) roots.push({ store: { type: 'content' }, path: root });
    if (type === 'io.containerd.snapshotter.v1' && root) {
      roots.push({ store: { type: 'snapshotter', id }, path: root });
    }
    if (type === 'io.containerd.metadata.v1' && path) {
      roots.push({ store: { type: 'metadata' }, path: path.slice(0, path.lastIndexOf('/')) });
    }
  }
  // Without a daemon, the databases say where things are.
  for (const { owner, path } of items(host, 'metadata.databases')) {
    const folder = path.slice(0, path.lastIndexOf('/'));
    if (owner.includes('/') || roots.some((root) => root.path === folder)) continue;
    roots.push({
      store: owner === 'metadata' ? { type: 'metadata' } : { type: 'snapshotter', id: owner },
      path: folder,
    });
  }
  return roots.map(({ store, path }) => ({ store, path: normalPath(path) }));
}

/** The directories below which a path is known to be containerd's or Docker's, each once. */
export const rootsOf = (host: HostSnapshot): readonly string[] => {
  const all = [...new Set([...pluginRoots(host).map(({ path }) => path), ...dockerRoots(host)])];
  const folders = all.map((path) => path.replace(/\/io\.containerd\.[^/]+$/, ''));
  return [...new Set(folders)];
};

function containerdRoot(host: HostSnapshot, path: string): Place | undefined {
  const metadata = pluginRoots(host).find(({ store }) => store.type === 'metadata');
  const root = metadata?.path.slice(0, metadata.path.lastIndexOf('/'));
  return root && below(root, path) !== undefined ? { what: 'containerdRoot', path: root } : undefined;
}

function dockerRoots(host: HostSnapshot): string[] {
  const onDisk = seenValue(facet(host, 'docker.root'))?.path;
  const said = seenValue(facet(host, 'docker.endpoint'))?.rootDir;
  return [onDisk, said].flatMap((root) => (root ? [normalPath(root)] : []));
}

/** Folders of a data directory that are no graphdriver's. */
const NO_DRIVERS: ReadonlySet<string> = new Set(
  'image containers volumes rootfs buildkit network plugins runtimes swarm tmp trust containerd builder'.split(
    ' ',
  ),
);

function dockerPlace(root: string, parts: readonly string[]): Place {
  const [folder = '', second = '', third = '', fourth = '', fifth = ''] = parts;
  if (folder === 'containers' && second)
    return { what: 'dockerContainer', id: second, relation: 'its files' };
  if (folder === 'rootfs' && third) {
    return { what: 'dockerContainer', id: third, relation: 'its root file system' };
  }
  if (folder === 'volumes' && second && second !== 'metadata.db' && second !== 'backingFsBlockDev') {
    return { what: 'dockerVolume', name: second };
  }
  if (folder === 'image' && third === 'layerdb' && fourth === 'mounts' && fifth) {
    return { what: 'dockerContainer', id: fifth, relation: "its layer's record" };
  }
  if (folder === 'image' && third === 'layerdb' && fourth !== 'tmp' && fifth) {
    return { what: 'dockerChain', driver: second, id: `${fourth}:${fifth}` };
  }
  if (folder === 'image' && third === 'imagedb' && fifth) {
    const hex = parts[5];
    if (hex) return { what: 'dockerImageConfig', driver: second, id: `${fifth}:${hex}` };
  }
  // `l` holds short names of layers, as links.
  if (second && second !== 'l' && folder !== '' && !NO_DRIVERS.has(folder)) {
    return { what: 'dockerLayer', driver: folder, id: second };
  }
  return { what: 'dockerRoot', path: root };
}

function below(root: string, path: string): string[] | undefined {
  if (path === root) return [];
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1).split('/') : undefined;
}
