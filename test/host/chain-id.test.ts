import { expect, test } from 'vitest';

import { chainId, chainIds } from '../../src/host/chain-id.ts';
import { digest } from '../../src/host/ids.ts';

// Layers of an image, and the names that a Docker 26.1 has given them in layerdb.
const LOW = digest('sha256:be91169460ad1b4cd6d07902d695d8abc5e1effab7879f90d6962e7d9d217457');
const HIGH = digest('sha256:5038af4870a0c23a684ca9476c7279dd70755b28117a9120c7ee874827b31d02');
const BOTH = 'sha256:427cb6da4a7f945d3eed6d8d8027375e225a48b12fef0fa42171b24c19743503';

test('the chain ID of the lowest layer is its diff ID, of one above the digest of both', () => {
  expect(chainId(null, LOW)).toBe(LOW);
  expect(chainId(LOW, HIGH)).toBe(BOTH);
});

test('an image has a chain ID for each of its layers, in their order', () => {
  expect(chainIds([LOW, HIGH])).toEqual([LOW, BOTH]);
  expect(chainIds([LOW, HIGH, LOW])[2]).toBe(chainId(digest(BOTH), LOW));
  expect(chainIds([])).toEqual([]);
});
