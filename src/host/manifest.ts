/**
 * What an index, a manifest or a config says, as edges: the same whether its bytes came over the API or from the disk.
 * All of it is foreign: sizes are bounded before reading, shapes checked, depth limited.
 */
import { jsonComplaint, parseExactJson } from '../text/exact-json.ts';
import type { Image, Manifest, ManifestChild, Platform } from './containerd.ts';
import { digest, type NamespaceName } from './ids.ts';
import { formatPlatform, normalizePlatform } from './platform.ts';

/** Bytes; containerd itself refuses manifests above 8 MiB, and a config is as small. */
export const MANIFEST_BYTES: number = 8 << 20;
/** Distinct manifests read per namespace; what is above is said to be cut. */
export const MAX_MANIFESTS = 5000;
const MAX_DEPTH = 4;
// Sizes are int64 in containerd.
const MAX_SIZE = (1n << 63n) - 1n;

const INDEX_TYPES = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);
const MANIFEST_TYPES = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]);
const CONFIG_TYPES = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

export interface WantedManifest {
  readonly digest: string;
  readonly mediaType: string;
  /** Of indexes above it. */
  readonly depth: number;
}

/** A blob that is no manifest, whatever its media type says. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

/** Where the bytes of manifests come from. */
export interface ManifestStore {
  readonly namespace: NamespaceName;
  /** Node's name for the processor of the host that images would run on. */
  readonly arch: string;
  /** The bytes of a blob; undefined where the namespace has none. */
  readonly read: (blob: string) => Promise<Uint8Array | undefined>;
}

/** What is to be read, each digest once and not without end. */
export interface ManifestQueue {
  want(wanted: WantedManifest): void;
  next(): WantedManifest | undefined;
  /** Takes out all that is left. @returns how many those were */
  drop(): number;
  /** Whether there were more than are read. */
  readonly isCut: boolean;
}

/** The targets of these images, and then whatever is wanted. */
export const manifestQueue = (images: readonly Image[]): ManifestQueue => {
  const known = new Set<string>();
  const queue: WantedManifest[] = [];
  const want = (wanted: WantedManifest): void => {
    if (known.has(wanted.digest)) return;
    known.add(wanted.digest);
    if (known.size <= MAX_MANIFESTS) queue.push(wanted);
  };
  for (const { target } of images) {
    want({ digest: target.digest, mediaType: target.mediaType, depth: 0 });
  }
  return {
    want,
    next: () => queue.shift(),
    drop: () => queue.splice(0).length,
    get isCut() {
      return known.size > MAX_MANIFESTS;
    },
  };
};

/** Reads an index, or a manifest with what its config says of the platform. @throws ManifestError, or as `read` does */
export const readManifest = async (store: ManifestStore, wanted: WantedManifest): Promise<Manifest> => {
  const base = { namespace: store.namespace, digest: digest(wanted.digest) };
  const isIndex = INDEX_TYPES.has(wanted.mediaType);
  if (!isIndex && !MANIFEST_TYPES.has(wanted.mediaType)) {
    return { ...base, kind: 'other', platform: null, children: [] };
  }
  const json = await readJson(store, wanted.digest);
  if (json === undefined) return { ...base, kind: 'absent', platform: null, children: [] };
  if (isIndex) {
    const children = descriptors(json['manifests'], 'manifest');
    return { ...base, kind: 'index', platform: null, children, ...runsHere(children, store.arch) };
  }
  const config = descriptors([json['config']], 'config');
  const platform = await configPlatform(store, config[0]);
  return {
    ...base,
    kind: 'manifest',
    platform,
    children: [...config, ...descriptors(json['layers'], 'layer')],
  };
};

/** What is read next: of the manifests whose platform the index names, only the one that would run here. */
export const manifestsBelow = (manifest: Manifest, { depth }: WantedManifest): WantedManifest[] =>
  depth >= MAX_DEPTH
    ? []
    : manifest.children
        .filter((child) => child.role === 'manifest')
        .filter((child) => child.platform === null || child.digest === manifest.here)
        .map((child) => ({ digest: child.digest, mediaType: child.mediaType, depth: depth + 1 }));

async function configPlatform(
  store: ManifestStore,
  config: ManifestChild | undefined,
): Promise<Platform | null> {
  if (config === undefined || !CONFIG_TYPES.has(config.mediaType)) return null;
  const json = await readJson(store, config.digest);
  return json === undefined ? null : formatPlatform(normalizePlatform(platformParts(json)));
}

async function readJson(store: ManifestStore, blob: string): Promise<Record<string, unknown> | undefined> {
  const bytes = await store.read(blob);
  if (bytes === undefined) return undefined;
  let value: unknown;
  try {
    value = parseExactJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ManifestError(`${blob} is not valid JSON: ${jsonComplaint(error)}`);
  }
  if (!isObject(value)) throw new ManifestError(`${blob} is not valid JSON: it is no JSON object`);
  return value;
}

// The child that containerd would choose on this host: the best match for its platform, else the first that names none.
function runsHere(children: readonly ManifestChild[], arch: string): Pick<Manifest, 'here'> {
  const manifests = children.filter(({ role }) => role === 'manifest');
  for (const platform of [...(RUNNABLE[arch] ?? [`linux/${arch}`]), null]) {
    const child = manifests.find((c) => (c.platform && normalPlatform(c.platform)) === platform);
    if (child !== undefined) return { here: child.digest };
  }
  return {};
}

function normalPlatform(platform: Platform): Platform {
  const [os = '', architecture = '', variant = ''] = platform.split('/');
  return formatPlatform(normalizePlatform({ os, architecture, variant }));
}

// In the order of platforms.Only; a variant that this list does not name needs a newer processor than is sure to be here.
const RUNNABLE: Readonly<Record<string, readonly Platform[]>> = {
  x64: ['linux/amd64', 'linux/386'],
  arm64: ['linux/arm64', 'linux/arm/v8', 'linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5'],
  arm: ['linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5'],
  ia32: ['linux/386'],
};

function descriptors(value: unknown, role: ManifestChild['role']): ManifestChild[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((descriptor) => ({
    role: isAttestation(descriptor) ? 'attestation' : role,
    mediaType: text(descriptor['mediaType']),
    digest: digest(text(descriptor['digest'])),
    size: size(descriptor['size']),
    platform: isObject(descriptor['platform']) ? formatPlatform(platformParts(descriptor['platform'])) : null,
  }));
}

function isAttestation(descriptor: Record<string, unknown>): boolean {
  const annotations = descriptor['annotations'];
  return isObject(annotations) && annotations['vnd.docker.reference.type'] === 'attestation-manifest';
}

function platformParts(value: Record<string, unknown>): {
  os: string;
  architecture: string;
  variant: string;
} {
  return {
    os: text(value['os']),
    architecture: text(value['architecture']),
    variant: text(value['variant']),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 512) : '';
}

function size(value: unknown): bigint {
  const bytes = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
  return typeof bytes === 'bigint' && bytes >= 0n && bytes <= MAX_SIZE ? bytes : 0n;
}
