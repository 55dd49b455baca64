/** containerd's config file, as far as it says where the daemon is and keeps its things. Versions 1 to 4. */
import type { Disk } from '../../host/disk.ts';
import { absent, type Observed, seen, unknown } from '../../host/observed.ts';

const MAX_CONFIG = 1 << 20;
const MAX_WHY = 300;

export interface ContainerdConfig {
  readonly version: number;
  readonly root: string | null;
  readonly state: string | null;
  /** The gRPC address: `[grpc]` up to version 3, a plugin of its own in version 4. */
  readonly address: string | null;
}

/** Reads and parses one config file; imports are not followed. */
export const readContainerdConfig = async (disk: Disk, path: string): Promise<Observed<ContainerdConfig>> => {
  const at = new Date().toISOString();
  try {
    const { size, bytes } = disk.read(path, MAX_CONFIG);
    if (size > MAX_CONFIG) return unknown('truncated', path, `${size} bytes are no config file`, at, 0);
    const { parse } = await import('smol-toml');
    const toml: unknown = parse(new TextDecoder().decode(bytes));
    return seen(configOf(toml), path, at);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return absent(path, at);
    const state = code === 'EACCES' ? 'denied' : 'failed';
    // The parser's message goes on with the lines around, however long they are.
    const [why = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return unknown(state, path, why.slice(0, MAX_WHY), at, 0);
  }
};

function configOf(toml: unknown): ContainerdConfig {
  const version = member(toml, 'version');
  return {
    version: typeof version === 'number' ? version : 1,
    root: text(member(toml, 'root')),
    state: text(member(toml, 'state')),
    address:
      text(member(member(toml, 'grpc'), 'address')) ??
      text(member(member(member(toml, 'plugins'), 'io.containerd.server.v1.grpc'), 'address')),
  };
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
