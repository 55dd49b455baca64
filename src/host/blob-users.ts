/** Which images need a blob, and as what. */
import type { Container, ContentInfo, Image, Manifest } from './containerd.ts';
import { contentReferences } from './content-labels.ts';
import { items } from './kinds/listing.ts';
import type { HostSnapshot } from './snapshot.ts';

export interface BlobUser {
  readonly image: Image;
  readonly role: 'target' | 'manifest' | 'config' | 'layer' | 'attestation' | 'other';
  /** Whether what runs on the host needs it; false for a part of another platform only. */
  readonly here: boolean;
}

export interface BlobUsers {
  /** Images of the namespace that lead to the blob, as far as manifests and labels tell. */
  of(namespace: string, digest: string): readonly BlobUser[];
}

/** Every image followed down to its layers; what a manifest that was not read points at, the labels of its record say. */
export const blobUsers = (host: HostSnapshot): BlobUsers => {
  const manifests = byBlob(items(host, 'containerd.manifests'));
  const records = byBlob(items(host, 'containerd.content'));
  const users = new Map<string, BlobUser[]>();
  for (const image of items(host, 'containerd.images')) {
    const seen = new Set<string>();
    const queue: Step[] = [{ digest: image.target.digest, role: 'target', here: true }];
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
      const { digest, role, here } = step;
      if (seen.has(digest)) continue;
      seen.add(digest);
      const key = `${image.namespace}/${digest}`;
      const known = users.get(key);
      if (known === undefined) users.set(key, [{ image, role, here }]);
      else known.push({ image, role, here });
      // A manifest may name more than one call takes as arguments.
      for (const child of childrenOf(key, here, manifests, records)) queue.push(child);
    }
  }
  return { of: (namespace, digest) => users.get(`${namespace}/${digest}`) ?? [] };
};

/** Containers that were made of an image, by its name. */
export const containersOf = (host: HostSnapshot, image: Image): Container[] =>
  items(host, 'containerd.containers').filter(
    (container) => container.namespace === image.namespace && container.image === image.name,
  );

interface Step {
  readonly digest: string;
  readonly role: BlobUser['role'];
  readonly here: boolean;
}

// What runs here comes first: a layer that platforms share is needed by that one.
function childrenOf(
  key: string,
  here: boolean,
  manifests: ReadonlyMap<string, Manifest>,
  records: ReadonlyMap<string, ContentInfo>,
): Step[] {
  const manifest = manifests.get(key);
  if (manifest !== undefined && manifest.children.length > 0) {
    const steps = manifest.children.map(({ digest, role }): Step => {
      const elsewhere = manifest.here !== undefined && digest !== manifest.here;
      return { digest, role, here: here && !elsewhere };
    });
    return steps.toSorted((a, b) => Number(b.here) - Number(a.here));
  }
  const record = records.get(key);
  return record === undefined
    ? []
    : contentReferences(record.labels).map((reference) => ({ ...reference, here }));
}

function byBlob<T extends { readonly namespace: string; readonly digest: string }>(
  all: readonly T[],
): ReadonlyMap<string, T> {
  return new Map(all.map((item) => [`${item.namespace}/${item.digest}`, item]));
}
