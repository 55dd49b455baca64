/**
 * Where the files of the chosen containerd are, whether it answers or not. Only what belongs to this daemon is taken: what its
 * plugins say or have said, else the database that its process has open, its command line or its config. Where it runs no more
 * and the user named its address, nothing says which files were its own.
 */
import { isUnknown, seenValue, type UnknownState } from '../host/observed.ts';
import { wellKnownAddresses } from '../sources/containerd/address.ts';
import { HERE } from '../sources/disk/disk.ts';
import { readContainerdConfig } from '../sources/system/containerd-config.ts';
import { DEFAULT_ADDRESS, DEFAULT_CONFIG, normalAddress } from './discover.ts';
import { chosenAddress, type ReaderContext } from './reader-context.ts';
import { METADATA_FOLDER, type StorageFiles, storageBelow, storageOfPlugins } from './storage-files.ts';

const DEFAULT_ROOT = '/var/lib/containerd';

/**
 * Its files, or why nobody can say where they are.
 * @param mayAsk whether its plugins are asked for it; where nobody answers, that only takes time
 * @throws NoContainerd; DiskError where its root cannot be listed
 */
export const filesOfDaemon = async (
  context: ReaderContext,
  mayAsk: boolean,
): Promise<StorageFiles | { readonly state: UnknownState; readonly why: string }> => {
  const { address: named, origin } = await chosenAddress(context);
  const address = normalAddress(named);
  const daemons = seenValue(await context.once('proc.daemons'))?.items ?? [];
  const own = daemons.filter(
    (daemon) =>
      daemon.role === 'containerd' && daemon.address !== null && normalAddress(daemon.address) === address,
  );
  if (own.some(({ sameRoot }) => sameRoot === false)) {
    return {
      state: 'unsupported',
      why: 'it runs in a root directory of its own, whose paths are others than ours',
    };
  }
  const asked = mayAsk || context.wants.includes('containerd.plugins');
  const plugins = asked ? await context.once('containerd.plugins') : undefined;
  const told = plugins?.state === 'seen' ? storageOfPlugins(plugins.value.items, HERE) : undefined;
  const known = told ?? context.known.get(address);
  if (known !== undefined) return known;
  for (const { database, argv, config } of own) {
    const told = await configured(config);
    const root = rootOfDatabase(seenValue(database)) ?? flagged(argv) ?? told?.root;
    if (root !== undefined) return storageBelow(root, HERE, told?.snapshotters);
  }
  const isNamed = origin === 'flag' || origin === 'environment';
  const usual = isNamed ? undefined : await usualRoot(address, context.options.environment);
  if (usual !== undefined) return storageBelow(usual.root, HERE, usual.snapshotters);
  const why = 'nothing says where its files are: its process does not run, or cannot be looked at';
  return { state: plugins !== undefined && isUnknown(plugins) ? plugins.state : 'unsupported', why };
};

function rootOfDatabase(path: string | undefined): string | undefined {
  const end = `/${METADATA_FOLDER}/meta.db`;
  return path?.endsWith(end) === true ? path.slice(0, -end.length) : undefined;
}

function flagged(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((arg) => arg === '--root' || arg === '-root');
  const value =
    at < 0 ? argv.find((arg) => arg.startsWith('--root='))?.slice('--root='.length) : argv[at + 1];
  return value?.startsWith('/') === true ? value : undefined;
}

interface Told {
  readonly root: string;
  readonly snapshotters?: ReadonlyMap<string, string>;
}

// One that names no file reads the default one, and has a default root where neither that nor the file says another.
async function configured(config: string | null): Promise<Told | undefined> {
  const told = await readContainerdConfig(HERE, config ?? DEFAULT_CONFIG);
  if (told.state === 'seen') {
    const { root, snapshotters } = told.value;
    return { root: root ?? DEFAULT_ROOT, snapshotters };
  }
  return told.state === 'absent' && config === null ? { root: DEFAULT_ROOT } : undefined;
}

async function usualRoot(address: string, environment: NodeJS.ProcessEnv): Promise<Told | undefined> {
  if (address === DEFAULT_ADDRESS) return configured(null);
  const known = wellKnownAddresses(environment['XDG_RUNTIME_DIR']).find(
    (place) => normalAddress(place.address) === address,
  );
  return known === undefined || known.root === null ? undefined : { root: known.root };
}
