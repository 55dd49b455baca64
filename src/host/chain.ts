/** One container followed through the layers: each link present, absent, disagreeing or unknown, with its evidence. */
import { age } from '../text/units.ts';
import { type Link, recordSource } from './chain-link.ts';
import type { Container, ContainerBody, Snapshot } from './containerd.ts';
import type { DockerBody } from './docker.ts';
import { type Agreement, agreement } from './docker-agreement.ts';
import { filesStandIn } from './docker-join.ts';
import { dockerLink, imageOf, type Located, missingRecordLink, snapshotOf } from './docker-link.ts';
import { type Subject, subjectKey, subjects } from './docker-subjects.ts';
import { items } from './kinds/listing.ts';
import { statusText, taskGaps, taskState } from './kinds/tasks.ts';
import { type Gap, isUnknown, type Observed } from './observed.ts';
import { facet, type HostSnapshot } from './snapshot.ts';

export type { Link, LinkState } from './chain-link.ts';

export interface Chain {
  readonly subject: Subject;
  /** One sentence. */
  readonly verdict: string;
  readonly links: readonly Link[];
  readonly spec: Observed<unknown>;
  readonly gaps: readonly Gap[];
}

/** The chains of the containers, in the order of `get containers`; those that only Docker has are among them. */
export const chains = (
  host: HostSnapshot,
  wanted: (subject: Subject) => boolean = () => true,
): readonly Chain[] => {
  const index = indexOf(host);
  return subjects(host)
    .filter(wanted)
    .map((subject) => chainOf(host, index, subject));
};

interface Index {
  readonly bodies: ReadonlyMap<string, ContainerBody>;
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  readonly images: ReadonlyMap<string, string>;
  /** By container id. */
  readonly dockerBodies: ReadonlyMap<string, DockerBody>;
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
    dockerBodies: new Map(items(host, 'docker.bodies').map((body) => [body.id, body])),
  };
}

const snapshotPath = (...parts: readonly [namespace: string, snapshotter: string, key: string]): string =>
  JSON.stringify(parts);

function chainOf(host: HostSnapshot, index: Index, subject: Subject): Chain {
  const { namespace, row, docker } = subject;
  const body = index.bodies.get(subjectKey(subject));
  const dockerBody = index.dockerBodies.get(subject.id);
  const said = docker ? saidOf(host, docker, dockerBody, row) : undefined;
  const links = [
    dockerLink(host, subject, dockerBody, said),
    row ? recordLink(host, row.container, body) : missingRecordLink(host, subject, said),
    taskLink(host, subject),
    snapshotLink(host, index, namespace, snapshotOf(host, subject, dockerBody)),
    imageLink(host, index, namespace, imageOf(host, subject)),
  ];
  const spec = specOf(host, subject, body);
  const verdict = verdictOf(host, subject, links, said);
  return { subject, verdict, links, spec, gaps: gapsOf(subject, spec, links) };
}

function specOf(host: HostSnapshot, { row }: Subject, body: ContainerBody | undefined): Observed<unknown> {
  const bodies = facet(host, 'containerd.bodies');
  if (body !== undefined) return body.spec;
  if (isUnknown(bodies)) return bodies;
  const why = row ? 'the record went away while it was read' : 'containerd has no record of it';
  return { state: 'absent', at: host.at, from: bodies.from, why };
}

function recordLink(host: HostSnapshot, container: Container, body: ContainerBody | undefined): Link {
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
    evidence: [{ source: recordSource(host), says: `record of ${container.createdAt ?? 'unknown age'}` }],
  };
}

// A file of a Docker that does not run may be older than what happened last: it contradicts nobody.
function saidOf(host: HostSnapshot, ...of: Parameters<typeof agreement>): Agreement {
  const said = agreement(...of);
  return said.state === 'disagree' && filesStandIn(host) ? { ...said, state: 'unknown' } : said;
}

function taskLink(host: HostSnapshot, { row }: Subject): Link {
  const task = row === undefined || row === null ? row : row.task;
  if (task === undefined) {
    const tasks = facet(host, 'containerd.tasks');
    const says = isUnknown(tasks) ? tasks.why : 'the tasks of this namespace could not be listed';
    return { layer: 'task', state: 'unknown', facts: {}, evidence: [{ source: tasks.from, says }] };
  }
  if (task === null) {
    const source = host.from === 'disk' ? facet(host, 'containerd.containers').from : 'Tasks.List';
    const says = 'no task; normal for a container that does not run';
    return { layer: 'task', state: 'absent', facts: {}, evidence: [{ source, says }] };
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
  namespace: string,
  located: ReturnType<typeof snapshotOf>,
): Link {
  if ('why' in located) return notThere('snapshot', located);
  const { snapshotter, key, source } = located;
  const facts = { snapshotter, name: key };
  const listed = facet(host, 'containerd.snapshots');
  const snapshot = index.snapshots.get(snapshotPath(namespace, snapshotter, key));
  if (snapshot === undefined) {
    const unread = isUnknown(listed) || partlyRead(listed, namespace);
    return {
      layer: 'snapshot',
      state: unread ? 'unknown' : 'disagreeing',
      facts,
      evidence: [
        { source, says: `snapshot ${key} of ${snapshotter}` },
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

const notThere = (
  layer: Link['layer'],
  { why, source, unread }: { readonly why: string; readonly source: string; readonly unread?: true },
): Link => ({
  layer,
  state: unread === true ? 'unknown' : 'absent',
  facts: {},
  evidence: [{ source, says: why }],
});

function imageLink(
  host: HostSnapshot,
  index: Index,
  namespace: string,
  located: Located<{ readonly name: string }>,
): Link {
  if ('why' in located) return notThere('image', located);
  const image = located.name;
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

function verdictOf(
  host: HostSnapshot,
  { row, docker }: Subject,
  links: readonly Link[],
  said: Agreement | undefined,
): string {
  const broken = troublesOf(links, said, row === null);
  const words = said?.docker ?? docker?.state ?? 'unknown';
  if (row === undefined) {
    return `unknown whether it runs: containerd could not be read; Docker says ${words}${broken}`;
  }
  if (row === null) {
    const both = `Docker says ${words}, and containerd has no record of it${broken}`;
    if (said?.state === 'disagree') return `broken: ${both}`;
    if (said?.state === 'unknown') return `unknown whether it runs: ${both}`;
    return `not running: ${words}, and only Docker keeps it${broken}`;
  }
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

// What is wrong beside the state itself, to follow it.
function troublesOf(links: readonly Link[], said: Agreement | undefined, recordless: boolean): string {
  const disagreeing = (name: Link['layer']): Link | undefined =>
    links.find(({ layer, state }) => layer === name && state === 'disagreeing');
  const lost = disagreeing('snapshot')?.facts;
  const docker = disagreeing('docker');
  return [
    docker === undefined || recordless
      ? ''
      : said === undefined
        ? '; Docker made the record and has no such container'
        : `; Docker disagrees: it says ${said.docker}, containerd has ${said.containerd}`,
    lost === undefined
      ? ''
      : `; broken: the record names snapshot ${String(lost['name'])}, which ${String(lost['snapshotter'])} does not have`,
  ].join('');
}

function gapsOf({ namespace, id, row }: Subject, spec: Observed<unknown>, links: readonly Link[]): Gap[] {
  const object = { kind: 'container', namespace, id };
  const task = row?.task === undefined || row.task === null ? [] : taskGaps(row.task);
  return [
    ...task.map((gap) => ({ ...gap, object })),
    ...(isUnknown(spec) ? [{ ...spec, object, fields: ['spec'] }] : []),
    ...links.flatMap(({ layer, state, evidence }): Gap[] => {
      // What nobody could be listed of is said of the lists.
      if (state !== 'unknown' || layer === 'task' || layer === 'docker' || layer === 'containerd') return [];
      const { source, says } = evidence.at(-1) ?? { source: layer, says: 'not read' };
      return [
        { state: 'failed', from: source, why: says, at: '', ms: 0, object, fields: [`links.${layer}`] },
      ];
    }),
  ];
}
