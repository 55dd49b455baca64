/** One container followed through the layers: each link present, absent, disagreeing or unknown, with its evidence. */
import { age } from '../text/units.ts';
import type { Container, ContainerBody, Snapshot } from './containerd.ts';
import { type ContainerRow, containerRows } from './kinds/containers.ts';
import { items } from './kinds/listing.ts';
import { statusText, taskGaps, taskState } from './kinds/tasks.ts';
import { type Gap, isUnknown, type Observed } from './observed.ts';
import { facet, type HostSnapshot } from './snapshot.ts';

export type LinkState = 'present' | 'absent' | 'disagreeing' | 'unknown';

export interface Link {
  readonly layer: 'containerd' | 'task' | 'snapshot' | 'image';
  readonly state: LinkState;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly evidence: readonly { readonly source: string; readonly says: string }[];
}

export interface Chain {
  readonly row: ContainerRow;
  /** One sentence. */
  readonly verdict: string;
  readonly links: readonly Link[];
  readonly spec: Observed<unknown>;
  readonly gaps: readonly Gap[];
}

/** The chains of the containers, in the order of `get containers`. */
export const chains = (
  host: HostSnapshot,
  wanted: (row: ContainerRow) => boolean = () => true,
): readonly Chain[] => {
  const index = indexOf(host);
  return containerRows(host)
    .filter(wanted)
    .map((row) => chainOf(host, index, row));
};

interface Index {
  readonly bodies: ReadonlyMap<string, ContainerBody>;
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  readonly images: ReadonlyMap<string, string>;
}

function indexOf(host: HostSnapshot): Index {
  return {
    bodies: new Map(items(host, 'containerd.bodies').map((body) => [`${body.namespace}/${body.id}`, body])),
    snapshots: new Map(
      items(host, 'containerd.snapshots').map((s) => [snapshotPath(s.namespace, s.snapshotter, s.key), s]),
    ),
    images: new Map(
      items(host, 'containerd.images').map((image) => [
        `${image.namespace}/${image.name}`,
        image.target.digest,
      ]),
    ),
  };
}

const snapshotPath = (...parts: readonly [namespace: string, snapshotter: string, key: string]): string =>
  JSON.stringify(parts);

function chainOf(host: HostSnapshot, index: Index, row: ContainerRow): Chain {
  const { container } = row;
  const body = index.bodies.get(`${container.namespace}/${container.id}`);
  const bodies = facet(host, 'containerd.bodies');
  const spec: Observed<unknown> =
    body?.spec ??
    (isUnknown(bodies)
      ? bodies
      : { state: 'absent', at: host.at, from: bodies.from, why: 'the record went away while it was read' });
  const links = [
    recordLink(container, body),
    taskLink(host, row),
    snapshotLink(host, index, container),
    imageLink(host, index, container),
  ];
  return { row, verdict: verdictOf(host, row, links), links, spec, gaps: gapsOf(row, spec, links) };
}

function recordLink(container: Container, body: ContainerBody | undefined): Link {
  return {
    layer: 'containerd',
    state: 'present',
    facts: {
      labels: container.labels,
      runtime: container.runtime,
      runtimeOptions: body?.runtimeOptions.state === 'seen' ? body.runtimeOptions.value : null,
      sandbox: container.sandbox === '' ? null : container.sandbox,
      extensions: Object.fromEntries(
        Object.entries(body?.extensions ?? {}).flatMap(([key, value]) =>
          value.state === 'seen' ? [[key, value.value]] : [],
        ),
      ),
      createdAt: container.createdAt,
      updatedAt: container.updatedAt,
    },
    evidence: [{ source: 'Containers.Get', says: `record of ${container.createdAt ?? 'unknown age'}` }],
  };
}

function taskLink(host: HostSnapshot, { task }: ContainerRow): Link {
  if (task === undefined) {
    const tasks = facet(host, 'containerd.tasks');
    const says = isUnknown(tasks) ? tasks.why : 'the tasks of this namespace could not be listed';
    return { layer: 'task', state: 'unknown', facts: {}, evidence: [{ source: tasks.from, says }] };
  }
  if (task === null) {
    return {
      layer: 'task',
      state: 'absent',
      facts: {},
      evidence: [{ source: 'Tasks.List', says: 'no task; normal for a container that does not run' }],
    };
  }
  return {
    layer: 'task',
    state: isUnknown(task.status) ? 'unknown' : 'present',
    facts: {
      ...taskState(task),
      exitStatus: task.exitStatus,
      exitedAt: task.exitedAt,
      stdin: task.stdin,
      stdout: task.stdout,
      stderr: task.stderr,
      terminal: task.terminal,
    },
    evidence: [
      {
        source: task.status.from,
        says: isUnknown(task.status) ? task.status.why : statusText(task),
      },
    ],
  };
}

function snapshotLink(
  host: HostSnapshot,
  index: Index,
  { namespace, snapshotter, snapshotKey }: Container,
): Link {
  if (snapshotKey === '') {
    const says = "the record names none: Docker's graphdriver, or a root file system given by path";
    return { layer: 'snapshot', state: 'absent', facts: {}, evidence: [{ source: 'Containers.Get', says }] };
  }
  const facts = { snapshotter, name: snapshotKey };
  const listed = facet(host, 'containerd.snapshots');
  const snapshot = index.snapshots.get(snapshotPath(namespace, snapshotter, snapshotKey));
  if (snapshot === undefined) {
    const unread = isUnknown(listed) || partlyRead(listed, namespace);
    return {
      layer: 'snapshot',
      state: unread ? 'unknown' : 'disagreeing',
      facts,
      evidence: [
        { source: 'Containers.Get', says: `snapshot ${snapshotKey} of ${snapshotter}` },
        {
          source: listed.from,
          says: isUnknown(listed) ? listed.why : unread ? 'not read whole' : 'there is no such snapshot',
        },
      ],
    };
  }
  return {
    layer: 'snapshot',
    state: 'present',
    facts: {
      ...facts,
      kind: snapshot.kind,
      parent: snapshot.parent,
      layers: depth(index, snapshot),
      createdAt: snapshot.createdAt,
    },
    evidence: [{ source: listed.from, says: `${snapshot.kind} on ${snapshot.parent ?? 'nothing'}` }],
  };
}

function imageLink(host: HostSnapshot, index: Index, { namespace, image }: Container): Link {
  if (image === '') {
    const says = 'the record names none; Docker keeps the image itself where it uses a graphdriver';
    return { layer: 'image', state: 'absent', facts: {}, evidence: [{ source: 'Containers.Get', says }] };
  }
  const listed = facet(host, 'containerd.images');
  const digest = index.images.get(`${namespace}/${image}`);
  if (digest !== undefined) {
    return {
      layer: 'image',
      state: 'present',
      facts: { name: image, digest },
      evidence: [{ source: listed.from, says: `${image} is ${digest}` }],
    };
  }
  const unread = isUnknown(listed) || partlyRead(listed, namespace);
  return {
    layer: 'image',
    state: unread ? 'unknown' : 'absent',
    facts: { name: image },
    evidence: [
      {
        source: listed.from,
        says: isUnknown(listed)
          ? listed.why
          : unread
            ? 'not read whole'
            : `no image of this name any more; the container does not need it to run`,
      },
    ],
  };
}

function partlyRead(listed: Observed<{ readonly gaps: readonly Gap[] }>, namespace: string): boolean {
  return listed.state === 'seen' && listed.value.gaps.some(({ object }) => object?.namespace === namespace);
}

// Layers below the container's own; a cycle in a damaged store must not hold us.
function depth(index: Index, snapshot: Snapshot): number {
  const seenKeys = new Set<string>();
  let parent = snapshot.parent;
  while (parent !== null && !seenKeys.has(parent)) {
    seenKeys.add(parent);
    parent =
      index.snapshots.get(snapshotPath(snapshot.namespace, snapshot.snapshotter, parent))?.parent ?? null;
  }
  return seenKeys.size;
}

function verdictOf(host: HostSnapshot, row: ContainerRow, links: readonly Link[]): string {
  const lost = links.find(({ layer, state }) => layer === 'snapshot' && state === 'disagreeing');
  const broken =
    lost === undefined
      ? ''
      : `; broken: the record names snapshot ${String(lost.facts['name'])}, which ${String(lost.facts['snapshotter'])} does not have`;
  const { task } = row;
  if (task === undefined) return `unknown whether it runs: the tasks could not be listed${broken}`;
  if (task === null) return `not running: a record without a task, as every stopped container is${broken}`;
  if (isUnknown(task.status)) return `unknown whether it runs: ${task.status.why}${broken}`;
  const pid = task.pid.state === 'seen' ? `, pid ${task.pid.value}` : '';
  if (task.status.state !== 'seen' || task.status.value !== 'STOPPED')
    return `${statusText(task)}${pid}${broken}`;
  const ago = age(task.exitedAt, host.at);
  return `${statusText(task)}${ago === '' ? '' : ` ${ago} ago`}; the task was not deleted${broken}`;
}

function gapsOf(row: ContainerRow, spec: Observed<unknown>, links: readonly Link[]): Gap[] {
  const { namespace, id } = row.container;
  const object = { kind: 'container', namespace, id };
  const task = row.task === undefined || row.task === null ? [] : taskGaps(row.task);
  return [
    ...task.map((gap) => ({ ...gap, object })),
    ...(isUnknown(spec) ? [{ ...spec, object, fields: ['spec'] }] : []),
    ...links.flatMap(({ layer, state, evidence }): Gap[] => {
      if (state !== 'unknown' || layer === 'task') return [];
      const { source, says } = evidence.at(-1) ?? { source: layer, says: 'not read' };
      return [
        { state: 'failed', from: source, why: says, at: '', ms: 0, object, fields: [`links.${layer}`] },
      ];
    }),
  ];
}
