import { expect, test } from 'vitest';

import { deadDockerDisk } from '../../src/collect/docker-disk-readers.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { HERE } from '../../src/sources/docker/disk/files.ts';
import { FACETS } from '../sources/docker/disk/read.ts';
import { CONTAINERD, GRAPHDRIVER, hex, scratch } from '../sources/docker/disk/tree.ts';
import { bundleOf, opened } from './bundles.ts';
import { madeHost } from './hosts.ts';

const made = scratch();

test('a bundle gives back all that a data directory of Docker holds, and what could not be read of it', async () => {
  const root = made({
    ...CONTAINERD,
    ...GRAPHDRIVER,
    [`containers/${hex('broken')}/config.v2.json`]: '{',
    [`image/overlay2/layerdb/sha256/${hex('broken')}/size`]: 'large',
    [`containers/${hex('job')}/hostconfig.json`]: 'x',
  });
  const { readers } = deadDockerDisk({ disk: HERE, root, showSecrets: false });
  const facets: HostSnapshot['facets'] = Object.fromEntries(
    await Promise.all(FACETS.map(async (name) => [name, await readers[name]()] as const)),
  );
  const host = { ...madeHost(), facets };
  const recorded = await opened(await bundleOf(host));
  const back = await recorded.collect(FACETS);
  for (const name of FACETS) {
    expect(facet(host, name).state, name).toBe('seen');
    expect(facet(back, name), name).toStrictEqual(facet(host, name));
  }
});
