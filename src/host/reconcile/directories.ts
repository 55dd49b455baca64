/** A graphdriver's folders that nothing names. */
import type { GraphDirectory } from '../docker-disk.ts';
import { isUnknown, type Observed } from '../observed.ts';
import type { FacetName } from '../snapshot.ts';
import { bookOf } from './book.ts';
import { NO_PART } from './layers.ts';
import { type Check, type ReconcileRow, rowOf, unread } from './row.ts';
import { isFresh, type Stage } from './stage.ts';

export const DIRECTORY_WANTS: readonly FacetName[] = [
  'docker.graphDirectories',
  'docker.layers',
  'docker.layerMounts',
  'docker.buildSnapshots',
];

/** A folder is there before the layer that it is for: a pull or a build fills it first, which may take long. */
const FILLING_MS = 3_600_000;

/** One row for each folder that no layer, no container and no build names, or of which that is not known. */
export const directoryRows = (stage: Stage): readonly ReconcileRow[] => {
  const { host } = stage;
  const directories = bookOf(host, 'docker.graphDirectories', { keys: keyOf, kinds: ['graph directory'] });
  const named = [
    // A removal that was interrupted still says which folder was its own.
    bookOf(host, 'docker.layers', {
      keys: ({ driver, cacheId }) => (cacheId === null ? [] : [`${driver}/${cacheId}`]),
      kinds: [],
      keysMayBeUnread: true,
    }),
    bookOf(host, 'docker.layerMounts', {
      keys: ({ driver, mountId, initId }) =>
        [mountId, mountId && `${mountId}-init`, initId].flatMap((id) =>
          id === null ? [] : [`${driver}/${id}`],
        ),
      kinds: [],
      keysMayBeUnread: true,
    }),
    bookOf(host, 'docker.buildSnapshots', {
      // Under whichever driver: the database does not say.
      keys: ({ key, graphId }) => [
        key,
        `${key}-init`,
        ...(graphId === null ? [] : [graphId, `${graphId}-init`]),
      ],
      kinds: [],
      keysMayBeUnread: true,
    }),
  ] as const;
  const [layers, mounts, builds] = named;
  return directories.items.flatMap((directory): ReconcileRow[] => {
    if (!isStore(directory)) return [];
    const facts: readonly Observed<unknown>[] = [
      layers.look(keyOf(directory)[0]),
      mounts.look(keyOf(directory)[0]),
      builds.look(directory.id),
    ];
    if (facts.some(({ state }) => state === 'seen')) return [];
    const doubt = facts.find(isUnknown);
    const { driver, id, path, modifiedAt } = directory;
    const filling = isFresh(host, modifiedAt, FILLING_MS);
    const check: Check =
      doubt !== undefined
        ? unread(doubt, 'whether something names it')
        : filling
          ? { rule: 'changing', detail: 'a pull or a build may still fill it' }
          : { rule: 'directory-orphaned', detail: path };
    const value = `not touched since ${modifiedAt}`;
    const at = host.at;
    const docker = {
      has: true,
      says: `a folder of ${driver}`,
      evidence: [
        { layer: 'snapshot', source: path, field: 'modified', value, at },
        ...(doubt === undefined
          ? [
              {
                layer: 'docker',
                source: facts[0]?.from ?? 'docker.layers',
                field: 'cache-id, mount-id',
                value: `none is ${id}`,
                at,
              } as const,
            ]
          : []),
      ],
    } as const;
    const object = {
      kind: 'directory',
      namespace: null,
      name: `${driver}/${id}`,
      id: `${driver}/${id}`,
    } as const;
    return [rowOf(object, { docker, containerd: NO_PART }, [check])];
  });
};

const keyOf = ({ driver, id }: GraphDirectory): readonly [string] => [`${driver}/${id}`];

/** What overlay2 keeps beside its layers, and removals that are under way. */
const isStore = ({ id }: GraphDirectory): boolean =>
  id !== 'l' && id !== 'lost+found' && id !== 'backingFsBlockDev' && !id.endsWith('-removing');
