/** What the files of a lab say, and what it takes to compare that with what its daemon says. */
import { Leases } from '../../../src/gen/containerd/services/leases/v1/leases_pb.js';
import { Store } from '../../../src/gen/containerd/services/sandbox/v1/store_pb.js';
import { KINDS } from '../../../src/host/kinds/index.ts';
import type { Listing, Observed } from '../../../src/host/observed.ts';
import { type HostSnapshot, SCHEMA_VERSION } from '../../../src/host/snapshot.ts';
import { decodeAny } from '../../../src/sources/containerd/any.ts';
import { HERE } from '../../../src/sources/disk/disk.ts';
import { filesBelow } from '../../../src/sources/metadata/disk.ts';
import { type MetadataAnswer, readMetadata } from '../../../src/sources/metadata/read.ts';
import type { Lab } from '../../lab/lab.ts';
import { hasSandboxes } from '../../live/expected-items.ts';
import type { Wire } from '../../live/wire.ts';
import { EVERYTHING } from './everything.ts';

export const read = async (lab: Lab): Promise<MetadataAnswer> => {
  const files = filesBelow(lab.containerdRoot, HERE);
  const wants = EVERYTHING;
  const first = await readMetadata({
    files,
    disk: HERE,
    wants: ['containerd.containers'],
    decode: decodeAny,
  });
  const containers = itemsOf(first.facts['containerd.containers']).map(({ namespace, id }) => ({
    namespace,
    id,
  }));
  return await readMetadata({ files, disk: HERE, wants, scope: { containers }, decode: decodeAny });
};

/** What the files say when they say it twice: containerd collects garbage a moment after the last change. */
export const settled = async (lab: Lab): Promise<MetadataAnswer> => {
  let last = await read(lab);
  for (let i = 0; i < 100; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const next = await read(lab);
    if (txidOf(next) === txidOf(last)) return next;
    last = next;
  }
  throw new Error('meta.db of a quiet host keeps changing');
};

const txidOf = ({ metaDb }: MetadataAnswer): bigint | undefined =>
  metaDb.state === 'seen' ? metaDb.value.txid : undefined;

/** Objects that the seed and the crafted ones lack: a lease that holds something of each kind, a sandbox with payloads. */
export const craftMore = async (lab: Lab, wire: Wire): Promise<void> => {
  const { namespace } = lab;
  const digests = (await lab.ctr(['content', 'list', '--quiet'])).stdout.split('\n').slice(0, 2);
  const resources = [
    ...digests.map((id) => ({ type: 'content', id })),
    { type: 'snapshots/overlayfs', id: 'web' },
    { type: 'ingests', id: 'seed-ingest' },
  ];
  for (const resource of resources) {
    await wire.call(Leases.method.addResource, { id: 'odd-lease', resource }, namespace);
  }
  if (!hasSandboxes(lab)) return;
  const json = (value: unknown): { typeUrl: string; value: Uint8Array } => ({
    typeUrl: 'types.containerd.io/opencontainers/runtime-spec/1/Spec',
    value: Buffer.from(JSON.stringify(value)),
  });
  await wire.call(
    Store.method.create,
    {
      sandbox: {
        sandboxId: 'payloads',
        runtime: { name: 'io.containerd.runc.v2' },
        spec: json({ ociVersion: '1.1.0', hostname: 'pod' }),
        extensions: { 'a/b': json({ c: 1 }) },
      },
    },
    namespace,
  );
};

type Facts = MetadataAnswer['facts'];

export const itemsOf = <T>(fact: Observed<Listing<T>> | undefined): T[] => {
  if (fact?.state !== 'seen') throw new Error(`not seen: ${JSON.stringify(fact)}`);
  return sorted(fact.value.items);
};

export const gapsOf = (facts: Facts): unknown[] => {
  const observed: readonly Observed<Listing<unknown>>[] = Object.values(facts);
  return observed.flatMap((fact): readonly unknown[] => (fact.state === 'seen' ? fact.value.gaps : [fact]));
};

/** In an order that both sides can be put in. */
export const sorted = <T>(items: readonly T[]): T[] =>
  items
    .map(
      (item) =>
        [JSON.stringify(item, (_, value) => (typeof value === 'bigint' ? `${value}` : value)), item] as const,
    )
    .map(([text, item]) => [keyOf(item) || text, item] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, item]) => item);

const keyOf = (item: unknown): string => {
  const { namespace, snapshotter, id, key, name, digest, ref } = item as Record<string, unknown>;
  return [namespace, snapshotter, id, key, name, digest, ref].join('|');
};

/** Where and when a payload was read differs between the sources. */
export const withoutProvenance = (body: unknown): unknown =>
  JSON.parse(
    JSON.stringify(body, (key, value) =>
      key === 'from' || key === 'at' || key === 'ms'
        ? undefined
        : typeof value === 'bigint'
          ? `${value}n`
          : value,
    ),
  );

export const withoutTimes = ({ facts, metaDb, snapshotters }: MetadataAnswer): unknown =>
  withoutProvenance({ facts, metaDb, snapshotters });

export const without = (
  item: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): Record<string, unknown> => Object.fromEntries(Object.entries(item).filter(([key]) => !keys.includes(key)));

/** The items of a kind as the command line would print them, had it read the disk. */
export const itemsOfKind = ({ facts }: MetadataAnswer, name: string): Record<string, unknown>[] => {
  const at = new Date().toISOString();
  const facets = Object.fromEntries(Object.entries(facts).filter(([fact]) => fact.startsWith('containerd.')));
  const host = {
    schemaVersion: SCHEMA_VERSION,
    at,
    from: 'disk',
    scope: {},
    facets,
    timings: [],
  } as HostSnapshot;
  const kind = KINDS.find((k) => k.name === name);
  if (kind === undefined) throw new Error(`no kind ${name}`);
  const items = kind.use((k) => k.rows(host).map((row) => k.item(row)));
  return JSON.parse(JSON.stringify(items, (_, value) => (typeof value === 'bigint' ? Number(value) : value)));
};
