/** Ways in which Docker and containerd come to disagree, on made-up hosts, and what has to be said of each. */
import { recordOf, taskOf } from '../../sources/docker/hosts.ts';
import { run, type World } from './containers.ts';
import { BEFORE, container, digestOf, directoryOf, idOf, leaseOf, snapshotOf } from './objects.ts';
import { graphdriverWorld, storeWorld } from './world.ts';

/** Hosts on which they agree. */
export const WORLDS: readonly (readonly [string, () => World])[] = [
  ['graphdriver', () => graphdriverWorld()],
  ['graphdriver, after a switch back', () => graphdriverWorld({ before: true })],
  ["containerd's store", () => storeWorld()],
  ["containerd's store, after a switch", () => storeWorld({ before: true })],
];

/** Makes the fault. */
type Break = (world: World) => void;

/** The list without some of its items. */
export const without = <T>(list: readonly T[], is: (item: T) => boolean): T[] => {
  const left = list.filter((item) => !is(item));
  if (left.length === list.length) throw new Error('nothing was taken away');
  return left;
};

const GRAPH_FAULTS: readonly (readonly [fault: string, alarms: readonly string[], does: Break])[] = [
  [
    'the config of an image with a name is gone',
    [`image ghcr.io/x/y:3: reference-without-config`, `lease moby-image-${digestOf('pulled')}: lease-leaked`],
    (w) => {
      w.configs = without(w.configs, ({ imageId }) => imageId === digestOf('pulled'));
      w.images = without(w.images, ({ id }) => id === digestOf('pulled'));
    },
  ],
  [
    'the config of an image that Docker still lists is gone, with its names',
    ['image built:latest: config-missing'],
    (w) => {
      w.configs = without(w.configs, ({ imageId }) => imageId === digestOf('built'));
      w.references = without(w.references, ({ imageId }) => imageId === digestOf('built'));
    },
  ],
  [
    'a config is not what its name says',
    ['image built:latest: config-damaged'],
    (w) => {
      w.configs = w.configs.map((c) => (c.imageId === digestOf('built') ? { ...c, intact: false } : c));
    },
  ],
  [
    'layerdb has lost a layer',
    ['image built:latest: layer-missing', 'directory overlay2/cache-base-step-built: directory-orphaned'],
    (w) => {
      w.layers = without(w.layers, ({ cacheId }) => cacheId === 'cache-base-step-built');
    },
  ],
  [
    "a layer's folder is gone",
    [
      'image built:latest: image-layer-broken',
      'layer overlay2/cache-base-step-built: layer-directory-missing',
    ],
    (w) => {
      w.directories = without(w.directories, ({ id }) => id === 'cache-base-step-built');
    },
  ],
  [
    "a layer's folder is empty",
    [
      'image built:latest: image-layer-broken',
      'layer overlay2/cache-base-step-built: layer-directory-missing',
    ],
    (w) => {
      w.directories = w.directories.map((d) =>
        d.id === 'cache-base-step-built' ? { ...d, complete: false } : d,
      );
    },
  ],
  [
    'a name is in the file and not in memory',
    ['reference other:1: reference-unread'],
    (w) => {
      w.references.push({
        driver: 'overlay2',
        repository: 'other',
        reference: 'other:1',
        imageId: digestOf('app'),
      });
    },
  ],
  [
    'a name is in memory and not in the file',
    ['reference app:1: reference-unwritten'],
    (w) => {
      w.references = without(w.references, ({ reference }) => reference === 'app:1');
    },
  ],
  [
    'a lease is left of an image',
    [`lease moby-image-${digestOf('gone')}: lease-leaked`],
    (w) => void w.leases.push(leaseOf(`moby-image-${digestOf('gone')}`)),
  ],
  [
    "a container's mount is gone",
    [
      'container g-exited: mount-missing',
      `directory overlay2/mount-${container('g-exited')}: directory-orphaned`,
      `directory overlay2/mount-${container('g-exited')}-init: directory-orphaned`,
    ],
    (w) => {
      w.mounts = without(w.mounts, ({ containerId }) => containerId === container('g-exited'));
    },
  ],
  [
    "a container's folder in the driver is gone",
    ['container g-exited: mount-directory-missing'],
    (w) => {
      w.directories = without(w.directories, ({ id }) => id === `mount-${container('g-exited')}`);
    },
  ],
  [
    'a writable layer is left of a container',
    [`mount overlay2/${idOf('gone')}: mount-leaked`],
    (w) => {
      const [mount] = w.mounts;
      if (mount !== undefined) w.mounts.push({ ...mount, containerId: recordOf(idOf('gone')).id });
    },
  ],
  [
    'a folder that nothing names',
    ['directory overlay2/nobodys: directory-orphaned'],
    (w) => void w.directories.push(directoryOf('overlay2', 'nobodys')),
  ],
];

const STORE_FAULTS: readonly (readonly [fault: string, alarms: readonly string[], does: Break])[] = [
  [
    'the target of an image is gone',
    ['image app:1, app:2: content-missing'],
    (w) => {
      w.content = without(w.content, ({ digest }) => digest === digestOf('s-app'));
    },
  ],
  [
    'the config of an image is gone',
    ['image app:1, app:2: content-missing'],
    (w) => {
      w.content = without(w.content, ({ digest }) => digest === digestOf('s-app-config'));
    },
  ],
  [
    'containerd has no record of an image that Docker lists',
    ['image registry.test:5000/a/b:2: record-missing'],
    (w) => {
      w.imageRecords = without(w.imageRecords, ({ name }) => name === 'registry.test:5000/a/b:2');
    },
  ],
  [
    'containerd has no record of a name that Docker lists',
    ['reference app:2: record-missing'],
    (w) => {
      w.imageRecords = without(w.imageRecords, ({ name }) => name === 'docker.io/library/app:2');
    },
  ],
  [
    'a name means another image to containerd',
    ['reference app:2: record-elsewhere'],
    (w) => {
      const other = w.imageRecords.find(({ name }) => name === 'registry.test:5000/a/b:2');
      w.imageRecords = w.imageRecords.map((record) =>
        record.name === 'docker.io/library/app:2' && other !== undefined
          ? { ...record, target: other.target }
          : record,
      );
    },
  ],
  [
    "a container's snapshot is gone",
    ['container s-exited: snapshot-missing'],
    (w) => {
      w.snapshots = without(w.snapshots, ({ key }) => key === container('s-exited'));
    },
  ],
  [
    "a container's lease is gone",
    ['container s-created: lease-missing'],
    (w) => {
      w.leases = without(w.leases, ({ id }) => id === container('s-created'));
    },
  ],
  [
    "a container's lease keeps something else",
    ['container s-created: lease-missing'],
    (w) => {
      w.resources = w.resources.map((r) => (r.id === container('s-created') ? { ...r, snapshots: [] } : r));
    },
  ],
  [
    'a snapshot is left of a container',
    [`snapshot overlayfs/${idOf('gone')}: snapshot-leaked`],
    (w) => void w.snapshots.push(snapshotOf('overlayfs', idOf('gone'), 'Active', null)),
  ],
  [
    'a snapshot is left of a container, with its lease',
    [`lease ${idOf('gone')}: lease-leaked`],
    (w) => {
      w.snapshots.push(snapshotOf('overlayfs', idOf('gone'), 'Active', `${idOf('gone')}-init`));
      w.leases.push(leaseOf(idOf('gone')));
    },
  ],
  [
    'a lease is left of a container',
    [`lease ${idOf('gone')}: lease-leaked`],
    (w) => void w.leases.push(leaseOf(idOf('gone'))),
  ],
  [
    'a lease is left of an image of a graphdriver',
    [`lease moby-image-${digestOf('gone')}: lease-leaked`],
    (w) => void w.leases.push(leaseOf(`moby-image-${digestOf('gone')}`)),
  ],
];

/** Gives a container's task another status, since long. */
export const setTask = (world: World, id: string, status: Parameters<typeof taskOf>[1]): void => {
  world.tasks = world.tasks.map((task) =>
    task.id === id ? { ...taskOf(id, status), exitedAt: BEFORE } : task,
  );
};

/** In either mode; `p` is what its containers' names begin with. */
const stateFaults = (
  p: string,
): readonly (readonly [fault: string, alarms: readonly string[], does: Break])[] => {
  const [running, exited] = [container(`${p}running`), container(`${p}exited`)];
  return [
    [
      'Docker says running, and there is neither record nor task',
      [`container ${p}running: running-without-task`],
      (w) => {
        w.records = without(w.records, ({ id }) => id === running);
        w.tasks = without(w.tasks, ({ id }) => id === running);
      },
    ],
    [
      'Docker says running, and the task has ended',
      [`container ${p}running: running-without-task`],
      (w) => setTask(w, running, 'STOPPED'),
    ],
    [
      'Docker says running, and it is paused',
      [`container ${p}running: pause-unseen`],
      (w) => setTask(w, running, 'PAUSED'),
    ],
    [
      'it runs, and its record is gone',
      [`container ${p}running: record-lost`],
      (w) => {
        w.records = without(w.records, ({ id }) => id === running);
      },
    ],
    [
      'Docker says exited, and it runs',
      [`container ${p}exited: stopped-with-task`],
      (w) => run(w, exited, 'RUNNING'),
    ],
    [
      'Docker says exited, and its task was not deleted',
      [`container ${p}exited: task-left`],
      (w) => {
        run(w, exited, 'STOPPED');
        setTask(w, exited, 'STOPPED');
      },
    ],
    [
      'Docker says exited, and its record was not deleted',
      [`container ${p}exited: record-left`],
      (w) => {
        run(w, exited, 'STOPPED');
        w.tasks = without(w.tasks, ({ id }) => id === exited);
      },
    ],
    [
      'Docker has it in memory only',
      [`container ${p}exited: container-unwritten`],
      (w) => {
        w.files = without(w.files, ({ id }) => id === exited);
      },
    ],
    [
      'Docker has not loaded it',
      [`container ${p}exited: container-unloaded`],
      (w) => {
        w.listed = without(w.listed, ({ id }) => id === exited);
      },
    ],
    [
      'a task of Docker runs that it has no container of',
      [`container ${idOf('gone')}: task-unowned`],
      (w) => run(w, idOf('gone'), 'RUNNING'),
    ],
    [
      'a task runs that nobody has a record of',
      [`task ${idOf('gone')}: task-unowned`],
      (w) => void w.tasks.push(taskOf(idOf('gone'), 'RUNNING')),
    ],
    [
      'a record of Docker is left of a container',
      [`container ${idOf('gone')}: record-unowned`],
      (w) => {
        run(w, idOf('gone'), 'STOPPED');
        w.tasks = without(w.tasks, ({ id }) => id === idOf('gone'));
      },
    ],
  ];
};

/** Kind of host, how to make it, the fault, the rows that it is told by, and how to make it happen. */
export const FAULTS = [
  ...GRAPH_FAULTS.map((fault) => ['graphdriver', () => graphdriverWorld(), ...fault] as const),
  ...stateFaults('g-').map((fault) => ['graphdriver', () => graphdriverWorld(), ...fault] as const),
  ...GRAPH_FAULTS.filter(([fault]) => !fault.includes('memory')).map(
    (fault) => ['graphdriver after a switch', () => graphdriverWorld({ before: true }), ...fault] as const,
  ),
  ...STORE_FAULTS.map((fault) => ["containerd's store", () => storeWorld(), ...fault] as const),
  ...stateFaults('s-').map((fault) => ["containerd's store", () => storeWorld(), ...fault] as const),
  ...STORE_FAULTS.map(
    (fault) => ["containerd's store after a switch", () => storeWorld({ before: true }), ...fault] as const,
  ),
];
