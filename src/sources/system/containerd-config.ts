/**
 * containerd's config file, as far as it says where the daemon is and keeps its things, with what it imports
 * (cmd/containerd/server/config). Versions 1 to 4.
 */
import { posix } from 'node:path';
import type { Disk } from '../../host/disk.ts';
import { absent, type Observed, seen, type Unknown, unknown } from '../../host/observed.ts';
import { glob } from './glob.ts';

const MAX_CONFIG = 1 << 20;
const MAX_WHY = 300;
/** Files that one config is made of. */
const MAX_FILES = 64;
/** Snapshotters that a config says something of. */
const MAX_SNAPSHOTTERS = 64;

export interface ContainerdConfig {
  readonly version: number;
  readonly root: string | null;
  readonly state: string | null;
  /** The gRPC address: `[grpc]` up to version 3, a plugin of its own in version 4. */
  readonly address: string | null;
  /** Where snapshotters keep their things instead of below the root, by name. */
  readonly snapshotters: ReadonlyMap<string, string>;
}

const SNAPSHOTTER = 'io.containerd.snapshotter.v1.';
/** Version 1 calls plugins by their ids alone. */
const SHORT = ['overlayfs', 'native', 'btrfs', 'zfs', 'devmapper', 'aufs'];

/**
 * Reads and parses a config file and all that it imports; what a later one says holds. Up to 1.7 a later section of a plugin
 * stands for the whole earlier one, since 2.0 they are merged: here they are merged, and whoever takes a path from it looks
 * whether anything is there. Where a file cannot be read or found, nothing is known: 1.7 does not start then, 2.x reads no further.
 * @param top what stands before every path of the system that the file is of; '' for this one
 */
export const readContainerdConfig = async (
  disk: Disk,
  path: string,
  top = '',
): Promise<Observed<ContainerdConfig>> => {
  const at = new Date().toISOString();
  const first = path.slice(top.length);
  const pending = [first];
  const read = new Set<string>();
  const draft: Draft = { version: null, root: null, state: null, address: null, rootPaths: new Map() };
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    if (read.has(next)) continue;
    if (read.size === MAX_FILES) {
      return unknown('truncated', path, `it imports more than ${MAX_FILES} files`, at, 0);
    }
    read.add(next);
    const file = `${top}${next}`;
    const one = await readToml(disk, file, at);
    if (one.state === 'absent' && next === first) return absent(path, at);
    if (one.state === 'absent')
      return unknown('failed', file, `${path} imports it, and it is not there`, at, 0);
    if (one.state !== 'seen') return one;
    merge(draft, one.value);
    try {
      for (const more of importsOf(disk, top, next, one.value)) pending.push(more);
    } catch (error) {
      return refused(error, file, at);
    }
  }
  const { version, rootPaths, ...told } = draft;
  return seen({ version: version ?? 1, ...told, snapshotters: named(rootPaths, version ?? 1) }, path, at);
};

interface Draft {
  version: number | null;
  root: string | null;
  state: string | null;
  address: string | null;
  /** Of snapshotters, by the names that they have in the file. */
  readonly rootPaths: Map<string, string>;
}

async function readToml(disk: Disk, path: string, at: string): Promise<Observed<unknown>> {
  try {
    const { size, bytes } = disk.read(path, MAX_CONFIG);
    if (size > MAX_CONFIG) return unknown('truncated', path, `${size} bytes are no config file`, at, 0);
    const { parse } = await import('smol-toml');
    // A limit above 2^53 is a sound one.
    return seen<unknown>(parse(new TextDecoder().decode(bytes), { integersAsBigInt: 'asNeeded' }), path, at);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? absent(path, at) : refused(error, path, at);
  }
}

function refused(error: unknown, path: string, at: string): Unknown {
  const { code } = error as NodeJS.ErrnoException;
  const state = code === 'EACCES' ? 'denied' : 'failed';
  // The parser's message goes on with the lines around, however long they are.
  const [why = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return unknown(state, path, why.slice(0, MAX_WHY), at, 0);
}

function merge(draft: Draft, toml: unknown): void {
  const version = member(toml, 'version');
  if (typeof version === 'number' && version !== 0) draft.version = version;
  draft.root = text(member(toml, 'root')) ?? draft.root;
  draft.state = text(member(toml, 'state')) ?? draft.state;
  const plugins = member(toml, 'plugins');
  draft.address =
    text(member(member(toml, 'grpc'), 'address')) ??
    text(member(member(plugins, 'io.containerd.server.v1.grpc'), 'address')) ??
    draft.address;
  if (typeof plugins !== 'object' || plugins === null) return;
  for (const [name, section] of Object.entries(plugins)) {
    const rootPath = text(member(section, 'root_path'));
    if (rootPath === null || draft.rootPaths.size === MAX_SNAPSHOTTERS) continue;
    if (SHORT.includes(name) || name.startsWith(SNAPSHOTTER)) draft.rootPaths.set(name, rootPath);
  }
}

// Relative to the file that has them, below the root of its system.
function importsOf(disk: Disk, top: string, path: string, toml: unknown): string[] {
  const imports = member(toml, 'imports');
  if (!Array.isArray(imports)) return [];
  return (
    imports
      .flatMap((each: unknown) => text(each) ?? [])
      .slice(0, MAX_FILES)
      .map((each) => (each.startsWith('/') ? posix.normalize(each) : posix.join(posix.dirname(path), each)))
      // As containerd does: without a `*`, a path is one file's, whatever else is in it.
      .flatMap((each) => (each.includes('*') ? glob(disk, top, each) : [each]))
  );
}

// Of version 1, 2.x takes the long names too.
function named(rootPaths: ReadonlyMap<string, string>, version: number): Map<string, string> {
  const paths = new Map<string, string>();
  for (const [name, path] of rootPaths) {
    const isLong = name.startsWith(SNAPSHOTTER);
    const id = isLong ? name.slice(SNAPSHOTTER.length) : name;
    if ((isLong || version === 1) && path.startsWith('/') && !id.includes('/')) {
      paths.set(id, path.replace(/(?<=.)\/+$/, ''));
    }
  }
  return paths;
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
