/**
 * How a stack of layers is named, by Docker's layerdb and containerd's snapshots alike (OCI image spec, layer ChainID):
 * the lowest by its diff ID, each above by the digest of `CHAIN_ID_BELOW DIFF_ID`.
 */
import { createHash } from 'node:crypto';
import { type Digest, digest } from './ids.ts';

/** @param below the chain ID of what it lies on; null for the lowest */
export const chainId = (below: Digest | null, diffId: Digest): Digest =>
  below === null
    ? diffId
    : digest(`sha256:${createHash('sha256').update(`${below} ${diffId}`).digest('hex')}`);

/** Of each layer of an image, the lowest first; as many as there are diff IDs. */
export const chainIds = (diffIds: readonly Digest[]): readonly Digest[] => {
  const chain: Digest[] = [];
  for (const diffId of diffIds) chain.push(chainId(chain.at(-1) ?? null, diffId));
  return chain;
};
