/** That nothing is called as somebody says: where it was looked for, and what may be tried. */
import { items } from '../host/kinds/listing.ts';
import { isKnown } from '../host/observed.ts';
import { rootsOf } from '../host/owner/place.ts';
import { facet, type HostSnapshot, type ListingFacet } from '../host/snapshot.ts';
import { escapeText } from '../text/escape.ts';
import { shellWord } from '../text/shell.ts';
import { count } from '../text/units.ts';

const LOOKED_AMONG: readonly (readonly [ListingFacet, string, string?])[] = [
  ['containerd.images', 'image'],
  ['containerd.content', 'blob'],
  ['containerd.snapshots', 'snapshot'],
  ['containerd.containers', 'container'],
  ['containerd.leases', 'lease'],
  ['containerd.ingests', 'ingest'],
  ['containerd.sandboxes', 'sandbox', 'sandboxes'],
  ['docker.images', "image of Docker's", "images of Docker's"],
  ['docker.containers', "container of Docker's", "containers of Docker's"],
];

/** Hints below "not found", of a reference to any object; escaped. `owner` also takes paths and cgroups. */
export const notFoundHints = (
  host: HostSnapshot,
  reference: string,
  command: 'why' | 'owner',
): readonly string[] => {
  if (command === 'owner' && reference.startsWith('/')) {
    const roots = rootsOf(host);
    return roots.length === 0 ? [] : [`looked below ${roots.map(escapeText).join(', ')}`];
  }
  const looked = LOOKED_AMONG.filter(([name]) => isKnown(facet(host, name))).map(([name, one, many]) =>
    count(items(host, name).length, one, many),
  );
  const namespaces = host.scope.namespaces?.join(', ');
  const place = namespaces === undefined ? '' : ` of namespace ${escapeText(namespaces)} only`;
  return [
    ...(looked.length === 0 ? [] : [`looked among ${looked.join(', ')}${place}`]),
    'try: a digest, a name, or 4 or more characters that an id begins with; `ctrscope get images`, `get content` and so on list them',
    ...(namespaces === undefined ? [] : ['without --namespace (CONTAINERD_NAMESPACE), all are looked at']),
    ...elsewhere(reference, command),
  ];
};

// What is no name of an object may be one of something that has an owner.
function elsewhere(reference: string, command: 'why' | 'owner'): readonly string[] {
  if (/^\d+$/.test(reference)) {
    return [`for process ${reference}: ctrscope owner "$(tail -n 1 /proc/${reference}/cgroup)"`];
  }
  if (command === 'why' && reference.startsWith('/')) {
    return [`for a path or a cgroup: ${escapeText(`ctrscope owner ${shellWord(reference)}`)}`];
  }
  return [];
}
