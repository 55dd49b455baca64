/** Which of the collector's rules a containerd has (metadata/gc.go, core/metadata/gc.go of each version). */
import { seenValue } from '../observed.ts';
import { facet, type HostSnapshot } from '../snapshot.ts';

/** `perhaps`: the version is not known well enough. */
export type Applies = boolean | 'perhaps';

export interface GcRules {
  /** 2.0: an image with containerd.io/gc.expire goes when that time is over. */
  readonly imagesExpire: Applies;
  /** 2.0: containerd.io/gc.ref.image. */
  readonly imageReferences: Applies;
  /**
   * 2.0: the labels of sandboxes. 1.7's collector looks for them too, but below `v1`, where 1.7 keeps no sandboxes
   * (metadata/buckets.go, createSandboxBucket): there they keep nothing.
   */
  readonly sandboxReferences: Applies;
  /** 2.2: containerd.io/gc.bref.… by which a child names the parent that keeps it. */
  readonly backReferences: Applies;
  /** 2.2: every label that begins with containerd.io/gc.root makes a root; before, that label alone. */
  readonly rootPrefix: Applies;
  /** 2.3: containerd.io/gc.cond.snapshot. */
  readonly conditions: Applies;
}

/** The rules of the daemon's version; without it, as far as the database's schema tells. */
export const gcRules = (host: HostSnapshot): GcRules => {
  const version = seenValue(facet(host, 'containerd.version'))?.version;
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version ?? '') ?? [];
  if (major !== undefined && minor !== undefined) {
    const known = Number(major) * 1000 + Number(minor);
    return rulesFrom((since) => known >= since);
  }
  // 4 came with 2.0; an older daemon would have kept 3.
  const schema = seenValue(facet(host, 'metadata.databases'))?.items.find(
    ({ owner }) => owner === 'metadata',
  );
  const number = schema?.file.state === 'seen' ? schema.file.value.version : null;
  if (number === null) return rulesFrom(() => 'perhaps');
  return rulesFrom((since) => (number < 4 ? false : since <= 2000 ? true : 'perhaps'));
};

const rulesFrom = (since: (version: number) => Applies): GcRules => ({
  imagesExpire: since(2000),
  imageReferences: since(2000),
  sandboxReferences: since(2000),
  backReferences: since(2002),
  rootPrefix: since(2002),
  conditions: since(2003),
});
