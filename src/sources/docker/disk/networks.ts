/**
 * Docker's networks, out of libnetwork's database `network/files/local-kv.db`. One bucket, `libnetwork`, and paths as keys:
 *
 *     docker/network/v1.0/<kind>/<id>/    → 8 bytes of a counter, then JSON
 */
import type { Database } from '../../../bolt/database.ts';
import type { DockerNetwork } from '../../../host/docker-disk.ts';
import type { Listing } from '../../../host/observed.ts';
import { labels, Malformed, text, textOrEmpty } from '../json.ts';
import { bytesOfValue } from './database.ts';
import { documentIn } from './image-configs.ts';
import { Draft } from './listing.ts';

export const NETWORKS_DB = 'network/files/local-kv.db';

const PREFIX = 'docker/network/v1.0/network/';
const COUNTER = 8;

export function* readNetworks(database: Database): Generator<void, Listing<DockerNetwork>> {
  const draft = new Draft<DockerNetwork>();
  const { path } = database;
  const entries = database.bucket('libnetwork');
  // Straight to the first: endpoints and sandboxes of many containers are in the same bucket. No key is the prefix alone.
  entries?.find(Buffer.from(PREFIX));
  for (; entries?.next() === true; yield) {
    const key = entries.keyText();
    if (!key.startsWith(PREFIX)) break;
    const id = key.slice(PREFIX.length).replace(/\/$/, '');
    const network = draft.attempt({ kind: 'network', id }, path, () => {
      const value = bytesOfValue(entries);
      if (value === undefined) throw new Malformed('the record is far too large');
      if (value.length < COUNTER) throw new Malformed(`a record of ${value.length} bytes`);
      const record = documentIn(value.subarray(COUNTER));
      return {
        id: text(record, 'id'),
        name: text(record, 'name'),
        driver: textOrEmpty(record, 'networkType'),
        labels: labels(record, 'labels'),
      };
    });
    if (network !== undefined) draft.items.push(network);
  }
  return draft.done();
}
