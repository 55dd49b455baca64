/** Which objects of a snapshot an event is about: what has to be read again, and nothing else. */
import type { HostEvent } from './event.ts';
import type { FacetName, ItemOf } from './snapshot.ts';

/** The facets whose objects are read one by one. */
export interface Tracked {
  'containerd.namespaces': ItemOf<'containerd.namespaces'>;
  'containerd.containers': ItemOf<'containerd.containers'>;
  'containerd.tasks': ItemOf<'containerd.tasks'>;
  'containerd.images': ItemOf<'containerd.images'>;
  'containerd.manifests': ItemOf<'containerd.manifests'>;
  'containerd.content': ItemOf<'containerd.content'>;
  'containerd.snapshots': ItemOf<'containerd.snapshots'>;
}

export type TrackedFacet = keyof Tracked;

/** One object of a facet. */
export interface ObjectKey {
  readonly facet: Exclude<TrackedFacet, 'containerd.manifests'>;
  readonly namespace: string;
  readonly id: string;
  /** Of a snapshot. */
  readonly snapshotter?: string;
  /** A namespace that is known to be deleted. */
  readonly gone?: true;
}

/** The object within its facet, as text. A namespace has no slash in it, nor has a snapshotter. */
export const keyText = ({ facet, namespace, id, snapshotter }: ObjectKey): string => {
  if (facet === 'containerd.namespaces') return id;
  return snapshotter === undefined ? `${namespace}/${id}` : `${namespace}/${snapshotter}/${id}`;
};

/** The key of an item that was read; the same as {@link keyText} of its key. */
export const itemKeys: { readonly [K in TrackedFacet]: (item: Tracked[K]) => string } = {
  'containerd.namespaces': ({ name }) => name,
  'containerd.containers': ({ namespace, id }) => `${namespace}/${id}`,
  'containerd.tasks': ({ namespace, id }) => `${namespace}/${id}`,
  'containerd.images': ({ namespace, name }) => `${namespace}/${name}`,
  'containerd.manifests': ({ namespace, digest }) => `${namespace}/${digest}`,
  'containerd.content': ({ namespace, digest }) => `${namespace}/${digest}`,
  'containerd.snapshots': ({ namespace, snapshotter, key }) => `${namespace}/${snapshotter}/${key}`,
};

/** The key of a namespace itself. */
export const namespaceKey = (name: string, gone: boolean = false): ObjectKey => ({
  facet: 'containerd.namespaces',
  namespace: name,
  id: name,
  ...(gone ? { gone } : {}),
});

/**
 * The objects that may have changed. What says nothing of the picture (an exec, an event of Docker) touches none.
 * @param snapshotters those that there are: 1.6 does not say which of them a snapshot belongs to
 */
export const touchedBy = (event: HostEvent, snapshotters: readonly string[]): readonly ObjectKey[] => {
  const { source, namespace, object, type, details } = event;
  if (source !== 'containerd' || namespace === null || object === null) return [];
  const { id } = object;
  switch (object.kind) {
    case 'namespace':
      return [namespaceKey(id, type === 'namespace.delete')];
    case 'container':
      return [
        { facet: 'containerd.containers', namespace, id },
        // Its task went before it, but a shim that ends at once may not get to say so.
        ...(type === 'container.delete' ? [{ facet: 'containerd.tasks', namespace, id } as const] : []),
      ];
    case 'task':
      // What an exec does is not its task's state, and an out-of-memory kill is told by the exit that it causes.
      if (details['execId'] !== undefined || type === 'task.oom') return [];
      return [{ facet: 'containerd.tasks', namespace, id }];
    case 'image':
      return [{ facet: 'containerd.images', namespace, id }];
    case 'blob':
      return [{ facet: 'containerd.content', namespace, id }];
    case 'snapshot': {
      const { snapshotter, name } = details;
      const among = typeof snapshotter === 'string' && snapshotter !== '' ? [snapshotter] : snapshotters;
      const keys = type === 'snapshot.commit' && typeof name === 'string' ? [id, name] : [id];
      return among.flatMap((of) =>
        keys.map(
          (key): ObjectKey => ({
            facet: 'containerd.snapshots',
            namespace,
            id: key,
            snapshotter: of,
          }),
        ),
      );
    }
    default:
      return [];
  }
};

// What Docker tells of a container without it becoming another: who looks into it, and what is run in it.
const WITHOUT_CHANGE =
  /^container\.(exec_|top$|attach$|detach$|resize$|archive-path$|extract-to-dir$|copy$|export$)/;

/** The lists of Docker's that an event of Docker may have changed. Its records cannot be read one by one as its lists give them. */
export const dockerListsOf = ({ type, object }: HostEvent): readonly FacetName[] => {
  switch (object?.kind) {
    case 'container':
      return WITHOUT_CHANGE.test(type) ? [] : ['docker.containers'];
    case 'image':
      return ['docker.images'];
    case 'daemon':
      return ['docker.endpoint'];
    default:
      return [];
  }
};
