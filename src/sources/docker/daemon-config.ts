/** dockerd's daemon.json, as far as it says where the daemon serves, which containerd it uses and where its data is. */
import { fields, Malformed, nested, parseJson, textOrEmpty, texts } from './json.ts';

/** Larger files are no configuration. */
export const MAX_CONFIG = 1 << 20;

export interface DaemonConfig {
  /** As they are written: `unix:///path`, `fd://`, `tcp://…`. */
  readonly hosts: readonly string[];
  readonly containerd: string | null;
  readonly containerdNamespace: string | null;
  readonly execRoot: string | null;
  readonly dataRoot: string | null;
  readonly storageDriver: string | null;
  /** `features.containerd-snapshotter`, the image store; null where it is not said. */
  readonly containerdSnapshotter: boolean | null;
  /** Whether containers' users are mapped: then the data is in a folder of the data root, named by the mapped ids. */
  readonly remapsUsers: boolean;
}

/** @throws SyntaxError, Malformed */
export const parseDaemonConfig = (text: string, path: string): DaemonConfig => {
  const config = fields(parseJson(text), path);
  const told = (key: string): string | null => textOrEmpty(config, key) || null;
  const feature = nested(config, 'features')['containerd-snapshotter'];
  if (feature !== undefined && feature !== null && typeof feature !== 'boolean') {
    throw new Malformed('features.containerd-snapshotter is not true or false');
  }
  return {
    hosts: texts(config, 'hosts'),
    containerd: told('containerd'),
    containerdNamespace: told('containerd-namespace'),
    execRoot: told('exec-root'),
    // `graph` until 23.0.
    dataRoot: told('data-root') ?? told('graph'),
    storageDriver: told('storage-driver'),
    containerdSnapshotter: feature ?? null,
    remapsUsers: told('userns-remap') !== null,
  };
};
