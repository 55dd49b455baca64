/**
 * What image targets point at: indexes, manifests and configs, read from the content store and kept as edges only.
 * All of it is foreign: sizes are bounded before reading, shapes checked, depth limited.
 */
import { arch } from 'node:os';
import type { Image, Manifest, ManifestChild, Platform } from '../../host/containerd.ts';
import { digest, namespaceName } from '../../host/ids.ts';
import { type Gap, type Listing, unknown } from '../../host/observed.ts';
import { jsonComplaint, parseExactJson } from '../../text/exact-json.ts';
import { duration } from '../../text/units.ts';
import type { CallOptions, Connection } from './connection.ts';
import { readBlob } from './content.ts';
import { CallFailure } from './failure.ts';
import { formatPlatform, normalizePlatform } from './platform.ts';

// containerd itself refuses manifests above 8 MiB; a config is as small.
const BLOB_LIMIT = 8 << 20;
const READS_IN_FLIGHT = 16;
const MAX_DEPTH = 4;
// Sizes are int64 in containerd.
const MAX_SIZE = (1n << 63n) - 1n;
/** Distinct manifests read per namespace; what is above is said to be cut. */
const MAX_MANIFESTS = 5000;

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

interface Wanted {
  readonly digest: string;
  readonly mediaType: string;
  readonly depth: number;
}

/** The manifests that tell the platforms of one namespace's images, each read once; those not read in time are a gap. */
export const listManifests = async (
  connection: Connection,
  images: readonly Image[],
  options: CallOptions & { readonly namespace: string },
): Promise<Listing<Manifest>> => {
  const items: Manifest[] = [];
  const gaps: Gap[] = [];
  const known = new Set<string>();
  const queue: Wanted[] = [];
  const endAt = performance.now() + options.deadlineMs;
  // The deadline is that of all reads together: each has what is left of it.
  const reads = {
    ...options,
    get deadlineMs() {
      return Math.max(1, endAt - performance.now());
    },
  };
  const want = (wanted: Wanted): void => {
    if (known.has(wanted.digest)) return;
    known.add(wanted.digest);
    if (known.size <= MAX_MANIFESTS) queue.push(wanted);
    else if (known.size === MAX_MANIFESTS + 1) gaps.push(cut(options.namespace));
  };
  for (const { target } of images) {
    want({ digest: target.digest, mediaType: target.mediaType, depth: 0 });
  }

  let reading = 0;
  let unread = 0;
  await new Promise<void>((resolve, reject) => {
    const pump = (): void => {
      while (reading < READS_IN_FLIGHT) {
        if (performance.now() >= endAt) unread += queue.splice(0).length;
        const wanted = queue.shift();
        if (wanted === undefined) break;
        reading += 1;
        readManifest(connection, wanted, reads)
          .then((manifest) => {
            items.push(manifest);
            if (wanted.depth >= MAX_DEPTH) return;
            for (const child of manifest.children) {
              // Of the manifests whose platform the index names, only the one that would run here is read.
              const read = child.platform === null || child.digest === manifest.here;
              if (child.role !== 'manifest' || !read) continue;
              want({ ...child, depth: wanted.depth + 1 });
            }
          })
          .catch((error: unknown) => {
            if (!(error instanceof CallFailure)) throw error;
            // One that had hardly begun when the time was over says nothing of the daemon.
            if (error.state === 'timeout' && error.ms < options.deadlineMs / 2) unread += 1;
            else gaps.push(gapOf(wanted, error, options.namespace));
          })
          .then(() => {
            reading -= 1;
            pump();
          })
          .catch(reject);
      }
      if (reading === 0) resolve();
    };
    pump();
  });
  if (unread > 0) gaps.push(late(unread, options));
  return { items, gaps };
};

// The child that containerd would choose on this host: the best match for its platform, else the first that names none.
function runsHere(children: readonly ManifestChild[]): Pick<Manifest, 'here'> {
  const manifests = children.filter(({ role }) => role === 'manifest');
  for (const platform of [...(RUNNABLE[arch()] ?? [`linux/${arch()}`]), null]) {
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

async function readManifest(
  connection: Connection,
  wanted: Wanted,
  options: CallOptions & { readonly namespace: string },
): Promise<Manifest> {
  const base = { namespace: namespaceName(options.namespace), digest: digest(wanted.digest) };
  const isIndex = INDEX_TYPES.has(wanted.mediaType);
  if (!isIndex && !MANIFEST_TYPES.has(wanted.mediaType)) {
    return { ...base, kind: 'other', platform: null, children: [] };
  }
  const json = await readJson(connection, wanted.digest, options);
  if (json === undefined) return { ...base, kind: 'absent', platform: null, children: [] };
  if (isIndex) {
    const children = descriptors(json['manifests'], 'manifest');
    return { ...base, kind: 'index', platform: null, children, ...runsHere(children) };
  }
  const config = descriptors([json['config']], 'config');
  const platform = await configPlatform(connection, config[0], options);
  return {
    ...base,
    kind: 'manifest',
    platform,
    children: [...config, ...descriptors(json['layers'], 'layer')],
  };
}

async function configPlatform(
  connection: Connection,
  config: ManifestChild | undefined,
  options: CallOptions & { readonly namespace: string },
): Promise<Platform | null> {
  if (config === undefined || !CONFIG_TYPES.has(config.mediaType)) return null;
  const json = await readJson(connection, config.digest, options);
  return json === undefined ? null : formatPlatform(normalizePlatform(platformParts(json)));
}

async function readJson(
  connection: Connection,
  blob: string,
  options: CallOptions & { readonly namespace: string },
): Promise<Record<string, unknown> | undefined> {
  const bytes = await readBlob(connection, blob, BLOB_LIMIT, options);
  if (bytes === undefined) return undefined;
  let value: unknown;
  try {
    value = parseExactJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw notManifest(blob, jsonComplaint(error));
  }
  if (!isObject(value)) throw notManifest(blob, 'it is no JSON object');
  return value;
}

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

function notManifest(blob: string, why: string): CallFailure {
  const method = 'containerd.services.content.v1.Content/Read';
  return new CallFailure({
    state: 'failed',
    code: 0,
    method,
    why: `${blob} is not valid JSON: ${why}`,
    ms: 0,
  });
}

function gapOf(wanted: Wanted, error: CallFailure, namespace: string): Gap {
  const at = new Date().toISOString();
  return {
    ...unknown(error.state, `Content.Read ${namespace}/${wanted.digest}`, error.message, at, error.ms),
    object: { kind: 'content', namespace, id: wanted.digest },
  };
}

function late(unread: number, { namespace, deadlineMs }: { namespace: string; deadlineMs: number }): Gap {
  const why = `${unread} manifests of namespace ${namespace} were not read within ${duration(deadlineMs)}; --timeout gives more`;
  return {
    ...unknown('timeout', `Content.Read ${namespace}`, why, new Date().toISOString(), deadlineMs),
    object: { kind: 'content', namespace },
  };
}

function cut(namespace: string): Gap {
  const why = `only the first ${MAX_MANIFESTS} distinct manifests of namespace ${namespace} are read`;
  return {
    ...unknown('truncated', `Content.Read ${namespace}`, why, new Date().toISOString(), 0),
    object: { kind: 'content', namespace },
  };
}
