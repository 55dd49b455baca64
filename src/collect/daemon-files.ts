/**
 * Where the files of the chosen containerd are, whether it answers or not. Only what belongs to this daemon is taken: what its
 * plugins say or have said; the database that its process has open, its command line or its config; where it runs no more,
 * the links that it has left for its shims, or the root that goes with its address and that no other daemon has.
 */
import { dirname } from 'node:path';
import type { DaemonProcess } from '../host/daemon.ts';
import type { Disk } from '../host/disk.ts';
import { isUnknown, seenValue, type UnknownState } from '../host/observed.ts';
import { socketPath, wellKnownAddresses } from '../sources/containerd/address.ts';
import { HERE } from '../sources/disk/disk.ts';
import { MAX_CONFIG, parseDaemonConfig } from '../sources/docker/daemon-config.ts';
import { LIVE_PROC, type ProcRoot } from '../sources/proc/proc-root.ts';
import { rootOfShim, rootsOfBundles } from '../sources/proc/shim-root.ts';
import { readContainerdConfig } from '../sources/system/containerd-config.ts';
import { addressOf, DEFAULT_ADDRESS, DEFAULT_CONFIG, normalAddress } from './discover.ts';
import { chosenAddress, type ReaderContext } from './reader-context.ts';
import { METADATA_FOLDER, type StorageFiles, storageBelow, storageOfPlugins } from './storage-files.ts';

const DEFAULT_ROOT = '/var/lib/containerd';
const DOCKERS_ROOT = '/var/lib/docker/containerd/daemon';
const DAEMON_JSON = '/etc/docker/daemon.json';

export interface DaemonFiles {
  readonly files: StorageFiles;
  /** By what they were found, where it is neither the daemon nor its process that says so. */
  readonly by: string | null;
}

/** Why nobody can say where they are. */
export interface NoFiles {
  readonly state: UnknownState;
  readonly why: string;
}

/** Where this machine's things are looked for. */
export interface Machine {
  readonly disk: Disk;
  readonly proc: ProcRoot;
}

/**
 * Its files, or why nobody can say where they are.
 * @param mayAsk whether its plugins are asked for it; where nobody answers, that only takes time
 * @throws NoContainerd; DiskError where its root cannot be listed
 */
export const filesOfDaemon = async (
  context: ReaderContext,
  mayAsk: boolean,
  machine: Machine = { disk: HERE, proc: LIVE_PROC },
): Promise<DaemonFiles | NoFiles> => {
  const { disk } = machine;
  const { address: named, origin } = await chosenAddress(context);
  const address = normalAddress(named);
  const daemons = seenValue(await context.once('proc.daemons'))?.items ?? [];
  const own: DaemonProcess[] = [];
  const others: DaemonProcess[] = [];
  for (const daemon of daemons.filter(({ role }) => role === 'containerd')) {
    ((await addressOf(daemon)) === address ? own : others).push(daemon);
  }
  if (own.some(({ sameRoot }) => sameRoot === false)) {
    return {
      state: 'unsupported',
      why: 'it runs in a root directory of its own, whose paths are others than ours',
    };
  }
  const asked = mayAsk || context.wants.includes('containerd.plugins');
  const plugins = asked ? await context.once('containerd.plugins') : undefined;
  const told = plugins?.state === 'seen' ? storageOfPlugins(plugins.value.items, disk) : undefined;
  const known = told ?? context.known.get(address);
  if (known !== undefined) return { files: known, by: null };
  for (const daemon of own) {
    const root = await rootOf(daemon, disk);
    if (root !== undefined) return { files: storageBelow(root.path, disk, root.snapshotters), by: null };
  }
  const left = await leftRoot(address, named, daemons, machine);
  if (left !== undefined) return filesBelow(left, disk);
  // One that runs and does not say where its root is may have it anywhere; one that was named by -a is read where it says itself.
  const isSought = own.length === 0 && origin !== 'flag';
  const { environment } = context.options;
  const usual = isSought ? await usualRoot(address, environment, daemons, disk) : undefined;
  if (usual !== undefined && holdsDatabase(usual.path, disk) && !(await isOf(others, usual.path, disk))) {
    return filesBelow(usual, disk);
  }
  const why = 'nothing says where its files are: its process does not run, or cannot be looked at';
  return { state: plugins !== undefined && isUnknown(plugins) ? plugins.state : 'unsupported', why };
};

interface Root {
  readonly path: string;
  readonly snapshotters?: ReadonlyMap<string, string>;
}

interface FoundRoot extends Root {
  readonly by: string;
}

function filesBelow({ path, snapshotters, by }: FoundRoot, disk: Disk): DaemonFiles {
  return { files: storageBelow(path, disk, snapshotters), by };
}

/** What a process shows of its root. */
async function rootOf({ database, argv, config }: DaemonProcess, disk: Disk): Promise<Root | undefined> {
  const told = await configured(config, disk);
  const path = rootOfDatabase(seenValue(database)) ?? flagged(argv);
  if (path === undefined) return told;
  return told?.snapshotters === undefined ? { path } : { path, snapshotters: told.snapshotters };
}

// Shims outlive their containerd, and say by its address whose they are; their bundles outlive them, too, until the machine is
// started again. Where they name several roots, it had one after the other.
async function leftRoot(
  address: string,
  named: string,
  daemons: readonly DaemonProcess[],
  { disk, proc }: Machine,
): Promise<FoundRoot | undefined> {
  const shims = daemons.filter(
    (daemon) =>
      daemon.role === 'shim' && daemon.address !== null && normalAddress(daemon.address) === address,
  );
  const ofShims = await Promise.all(shims.map((shim) => rootOfShim(shim, proc)));
  const spellings = new Set([socketPath(named) ?? named, address, address.replace(/^\/run\//, '/var/run/')]);
  const ofBundles = await rootsOfBundles(disk, dirname(address), [...spellings]);
  const left = [...ofShims.filter((each) => each !== undefined), ...ofBundles];
  const roots = new Set(left.map(({ root }) => root));
  const [first] = left;
  if (first === undefined || roots.size !== 1 || !holdsDatabase(first.root, disk)) return undefined;
  const found = { path: first.root, by: `found by ${first.link}, its link for the shim of ${first.id}` };
  const told = await configured(null, disk);
  const isSame = told?.path === found.path && told.snapshotters !== undefined;
  return isSame ? { ...found, snapshotters: told.snapshotters } : found;
}

/** The root that goes with an address: by the config that names both, else as it is set up by default. */
async function usualRoot(
  address: string,
  environment: NodeJS.ProcessEnv,
  daemons: readonly DaemonProcess[],
  disk: Disk,
): Promise<FoundRoot | undefined> {
  const config = await readContainerdConfig(disk, DEFAULT_CONFIG);
  const named = seenValue(config);
  const serves = normalAddress(named?.address ?? DEFAULT_ADDRESS);
  if (!isUnknown(config) && serves === address) {
    const { root, snapshotters } = named ?? { root: null, snapshotters: new Map<string, string>() };
    const says = named === undefined ? 'a containerd without a config' : DEFAULT_CONFIG;
    const by = `found as the root that ${says} has for the address ${address}`;
    return { path: root ?? DEFAULT_ROOT, snapshotters, by };
  }
  const known = wellKnownAddresses(environment['XDG_RUNTIME_DIR']).find(
    (place) => normalAddress(place.address) === address && address !== DEFAULT_ADDRESS,
  );
  if (known === undefined || known.root === null) return undefined;
  if (known.root === DOCKERS_ROOT && movesData(daemons, disk)) return undefined;
  return { path: known.root, by: `found as the root that ${known.named} has by default` };
}

// dockerd keeps its containerd's root below its own, which may be elsewhere by its config or its arguments.
function movesData(daemons: readonly DaemonProcess[], disk: Disk): boolean {
  const isTold = daemons.some(
    ({ role, argv, config }) =>
      role === 'dockerd' &&
      (config !== null || argv.some((arg) => /^(--data-root|--graph|-g)(=|$)/.test(arg))),
  );
  if (isTold) return true;
  try {
    const { bytes } = disk.read(DAEMON_JSON, MAX_CONFIG);
    return parseDaemonConfig(new TextDecoder().decode(bytes), DAEMON_JSON).dataRoot !== null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

async function isOf(others: readonly DaemonProcess[], root: string, disk: Disk): Promise<boolean> {
  for (const daemon of others) {
    // The paths of a container are not ours.
    if (daemon.sameRoot !== false && (await rootOf(daemon, disk))?.path === root) return true;
  }
  return false;
}

function holdsDatabase(root: string, disk: Disk): boolean {
  try {
    return disk.stat(`${root}/${METADATA_FOLDER}/meta.db`).kind === 'file';
  } catch (error) {
    // Who may not look says so where it is read.
    return ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}

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

// One that names no file reads the default one, and has a default root where neither that nor the file says another.
async function configured(config: string | null, disk: Disk): Promise<Root | undefined> {
  const told = await readContainerdConfig(disk, config ?? DEFAULT_CONFIG);
  if (told.state === 'seen') {
    const { root, snapshotters } = told.value;
    return { path: root ?? DEFAULT_ROOT, snapshotters };
  }
  return told.state === 'absent' && config === null ? { path: DEFAULT_ROOT } : undefined;
}
