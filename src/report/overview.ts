/** The first screen of a report: what is here, by namespace, and what deserves a look. */
import { type ContainerRow, containerRows } from '../host/kinds/containers.ts';
import { items } from '../host/kinds/listing.ts';
import { statusText, taskTone } from '../host/kinds/tasks.ts';
import { isUnknown, seenValue } from '../host/observed.ts';
import { facet, type HostSnapshot, type ListingFacet } from '../host/snapshot.ts';
import { bytes } from '../text/units.ts';

/** Facts of the machine and its containerd, as label and value. */
export const hostFacts = (host: HostSnapshot): readonly (readonly [label: string, value: string])[] => {
  const system = seenValue(facet(host, 'host.system'));
  const endpoint = seenValue(facet(host, 'containerd.endpoint'));
  const version = seenValue(facet(host, 'containerd.version'));
  const daemons = seenValue(facet(host, 'proc.daemons'))?.items ?? [];
  const mine = daemons.filter(({ role, address }) => role === 'shim' && address === endpoint?.address);
  const docker = daemons.filter(({ role, address }) => role === 'dockerd' && address === endpoint?.address);
  const facts: [string, string][] = [];
  if (system !== undefined) {
    facts.push([
      'host',
      `${system.hostname}, ${system.os}, kernel ${system.kernel}, ${system.arch}, ${system.cpus} CPUs, ${bytes(system.memory)}, cgroup ${system.cgroups}`,
    ]);
  }
  if (endpoint !== undefined) {
    const said = version === undefined ? 'does not answer' : `${version.version} (${version.revision})`;
    facts.push(['containerd', `${said} at ${endpoint.address}`]);
  }
  const pids = seenValue(endpoint?.listeners ?? absentListeners) ?? [];
  if (pids.length > 0) facts.push(['daemon', `pid ${pids.join(', ')}, ${mine.length} shims`]);
  if (docker.length > 0)
    facts.push(['docker', `dockerd pid ${docker.map(({ pid }) => pid).join(', ')} uses this containerd`]);
  return facts;
};

const absentListeners = { state: 'absent', at: '', from: '' } as const;

export const OVERVIEW_HEADER = [
  'namespace',
  'containers',
  'running',
  'images',
  'blobs',
  'bytes',
  'snapshots',
  'leases',
  'ingests',
] as const;

/** One line for each namespace; a number that is not known is `?`. */
export const overviewRows = (host: HostSnapshot): readonly (readonly string[])[] => {
  const rows = containerRows(host);
  return items(host, 'containerd.namespaces').map(({ name }) => {
    const own = rows.filter(({ container }) => container.namespace === name);
    const unsure = own.some(({ task }) => task === undefined || (task !== null && isUnknown(task.status)));
    const running = own.filter(({ task }) => task && seenValue(task.status) === 'RUNNING').length;
    const blobs = items(host, 'containerd.content').filter(({ namespace }) => namespace === name);
    const number = (facetName: ListingFacet): string => countIn(host, facetName, name);
    return [
      name,
      number('containerd.containers'),
      `${running}${unsure ? '?' : ''}`,
      number('containerd.images'),
      number('containerd.content'),
      number('containerd.content') === '?' ? '?' : bytes(blobs.reduce((sum, { size }) => sum + size, 0n)),
      number('containerd.snapshots'),
      number('containerd.leases'),
      number('containerd.ingests'),
    ];
  });
};

/** Containers whose state a reader should see first: failed, or not known. */
export const remarkable = (host: HostSnapshot): readonly (readonly [row: ContainerRow, state: string])[] =>
  containerRows(host).flatMap((row): [ContainerRow, string][] => {
    if (row.task === null) return [];
    if (row.task === undefined) return [[row, 'unknown']];
    const tone = taskTone(row.task);
    return tone === 'bad' || tone === 'unknown' ? [[row, statusText(row.task)]] : [];
  });

function countIn(host: HostSnapshot, name: ListingFacet, namespace: string): string {
  const listing = facet(host, name);
  if (isUnknown(listing)) return '?';
  const value = seenValue(listing);
  if (value === undefined) return '0';
  const lost = value.gaps.some(
    ({ object }) => object?.namespace === namespace && object.id === undefined && object.kind === undefined,
  );
  if (lost) return '?';
  return String(value.items.filter((item) => 'namespace' in item && item.namespace === namespace).length);
}
