/**
 * What BuildKit keeps in a graphdriver (builder/builder-next/adapters/snapshot): `buildkit/snapshots.db`, a bucket for each
 * snapshot. Where containerd is the image store there is no such file: BuildKit's snapshots are containerd's.
 *
 *     <key>
 *     ├── parent      another key, empty for none: made here, and its folder in the graphdriver is called as the key
 *     ├── committed   the key that it was made as, and so its folder
 *     ├── chainid     the layer of layerdb that it is, too
 *     └── size        decimal
 */
import type { Database } from '../../../bolt/database.ts';
import type { DockerBuildSnapshot } from '../../../host/docker-disk.ts';
import type { Listing } from '../../../host/observed.ts';
import { textOfValue } from './database.ts';
import { Draft } from './listing.ts';

export const BUILD_SNAPSHOTS_DB = 'buildkit/snapshots.db';

const COMMITTED = Buffer.from('committed');
const PARENT = Buffer.from('parent');

export function* readBuildSnapshots(database: Database): Generator<void, Listing<DockerBuildSnapshot>> {
  const draft = new Draft<DockerBuildSnapshot>();
  for (const snapshots = database.root(); snapshots.next(); yield) {
    if (!snapshots.isBucket) continue;
    const key = snapshots.keyText();
    const snapshot = snapshots.child();
    let own = false;
    let committed: string | undefined;
    while (snapshot.next()) {
      if (snapshot.keyIs(PARENT)) own = true;
      else if (snapshot.keyIs(COMMITTED)) committed = textOfValue(snapshot);
    }
    draft.items.push({ key, graphId: committed ?? (own ? key : null) });
  }
  return draft.done();
}
