/** Which images need a blob, and as what. */
import type { Container, ContentInfo, Image, Manifest } from './containerd.ts';
import { contentReferences } from './content-labels.ts';
import { items } from './kinds/listing.ts';
import type { HostSnapshot } from './snapshot.ts';

export interface BlobUser {
  readonly image: Image;
  readonly role: 'target' | 'manifest' | 'config' | 'layer' | 'attestation' | 'other';
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
    const queue: { digest: string; role: BlobUser['role'] }[] = [
      { digest: image.target.digest, role: 'target' },
    ];
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
      if (seen.has(step.digest)) continue;
      seen.add(step.digest);
      const key = `${image.namespace}/${step.digest}`;
      const known = users.get(key);
      if (known === undefined) users.set(key, [{ image, role: step.role }]);
      else known.push({ image, role: step.role });
      queue.push(...childrenOf(key, manifests, records));
    }
  }
  return { of: (namespace, digest) => users.get(`${namespace}/${digest}`) ?? [] };
};

/** Containers that were made of an image, by its name. */
export const containersOf = (host: HostSnapshot, image: Image): Container[] =>
  items(host, 'containerd.containers').filter(
    (container) => container.namespace === image.namespace && container.image === image.name,
  );

function childrenOf(
  key: string,
  manifests: ReadonlyMap<string, Manifest>,
  records: ReadonlyMap<string, ContentInfo>,
): readonly { digest: string; role: BlobUser['role'] }[] {
  const children = manifests.get(key)?.children ?? [];
  if (children.length > 0) return children;
  const record = records.get(key);
  return record === undefined ? [] : contentReferences(record.labels);
}

function byBlob<T extends { readonly namespace: string; readonly digest: string }>(
  all: readonly T[],
): ReadonlyMap<string, T> {
  return new Map(all.map((item) => [`${item.namespace}/${item.digest}`, item]));
}
