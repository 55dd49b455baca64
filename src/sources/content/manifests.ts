/** What image targets point at, read from the content store's files. */

import type { Image, Manifest } from '../../host/containerd.ts';
import type { Disk } from '../../host/disk.ts';
import type { NamespaceName } from '../../host/ids.ts';
import {
  MANIFEST_BYTES,
  MAX_MANIFESTS,
  ManifestError,
  manifestQueue,
  manifestsBelow,
  readManifest,
} from '../../host/manifest.ts';
import { type Gap, type Listing, type UnknownState, unknown } from '../../host/observed.ts';
import { duration } from '../../text/units.ts';
import { blobPath } from './blobs.ts';
import { wordsOf } from './listing.ts';

export interface ManifestsOnDisk {
  readonly disk: Disk;
  /** The content store's folder. */
  readonly root: string;
  readonly namespace: NamespaceName;
  /** Of this namespace. */
  readonly images: readonly Image[];
  /** Whether the namespace has a record of a blob: without one, its file is no matter of this namespace. */
  readonly has: (blob: string) => boolean;
  readonly arch: string;
  readonly deadlineMs: number;
}

class TooLarge extends Error {}

/** The manifests that tell the platforms of one namespace's images, each read once. */
export const manifestsOnDisk = async (request: ManifestsOnDisk): Promise<Listing<Manifest>> => {
  const { disk, root, namespace, images, has, arch, deadlineMs } = request;
  const items: Manifest[] = [];
  const gaps: Gap[] = [];
  const queue = manifestQueue(images);
  const endAt = performance.now() + deadlineMs;
  const gap = (state: UnknownState, why: string, id?: string): void => {
    const object = { kind: 'content', namespace, ...(id === undefined ? {} : { id }) };
    gaps.push({ ...unknown(state, root, why, new Date().toISOString(), 0), object });
  };
  const read = async (blob: string): Promise<Uint8Array | undefined> => {
    const path = has(blob) ? blobPath(root, blob) : undefined;
    return path === undefined ? undefined : readBlob(disk, path);
  };
  for (let wanted = queue.next(); wanted !== undefined; wanted = queue.next()) {
    if (performance.now() >= endAt) {
      const unread = queue.drop() + 1;
      gap(
        'timeout',
        `${unread} manifests of namespace ${namespace} were not read within ${duration(deadlineMs)}`,
      );
      break;
    }
    try {
      const manifest = await readManifest({ namespace, arch, read }, wanted);
      items.push(manifest);
      for (const below of manifestsBelow(manifest, wanted)) queue.want(below);
    } catch (error) {
      gap(stateOf(error), wordsOf(error), wanted.digest);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (queue.isCut) {
    gap('truncated', `only the first ${MAX_MANIFESTS} distinct manifests of namespace ${namespace} are read`);
  }
  return { items, gaps };
};

// A file that is larger than any manifest is not read at all: it may have any size.
function readBlob(disk: Disk, path: string): Uint8Array | undefined {
  try {
    const { size } = disk.read(path, 0);
    if (size > BigInt(MANIFEST_BYTES)) {
      throw new TooLarge(
        `${path} is larger than the ${MANIFEST_BYTES} bytes that are read of a manifest or config`,
      );
    }
    return disk.read(path, MANIFEST_BYTES).bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function stateOf(error: unknown): UnknownState {
  if (error instanceof TooLarge) return 'truncated';
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') return 'denied';
  if (typeof code !== 'string' && !(error instanceof ManifestError)) throw error;
  return 'failed';
}
