/** Docker's part of a container's chain: its own link, and what it means for those below that containerd has no record. */
import { type Link, recordSource } from './chain-link.ts';
import type { DockerBody } from './docker.ts';
import type { Agreement } from './docker-agreement.ts';
import { DOCKERS_LABEL } from './docker-join.ts';
import type { Subject } from './docker-subjects.ts';
import { items } from './kinds/listing.ts';
import { type Gap, isUnknown, type Observed, seenValue } from './observed.ts';
import { facet, type HostSnapshot } from './snapshot.ts';

/** What Docker says of the container, with what containerd says against it. */
export const dockerLink = (
  host: HostSnapshot,
  subject: Subject,
  body: DockerBody | undefined,
  said: Agreement | undefined,
): Link => {
  const { docker, row } = subject;
  if (docker === undefined || docker === null || said === undefined) return linkWithout(host, subject);
  const listed = facet(host, 'docker.containers');
  const endpoint = seenValue(facet(host, 'docker.endpoint'));
  const bodies = facet(host, 'docker.bodies');
  return {
    layer: 'docker',
    state: said.state === 'disagree' ? 'disagreeing' : 'present',
    facts: {
      name: docker.names[0] ?? null,
      otherNames: docker.names.slice(1),
      state: body?.state.status ?? docker.state,
      status: docker.status,
      exitCode: body === undefined ? docker.exitCode : body.state.exitCode,
      image: docker.image,
      imageId: docker.imageId,
      ...(endpoint?.mode.state === 'seen' ? { mode: endpoint.mode.value } : {}),
      ...(body === undefined ? {} : factsOf(body)),
      createdAt: body?.createdAt ?? docker.createdAt,
      labels: docker.labels,
    },
    evidence: [
      { source: body === undefined ? listed.from : bodies.from, says: said.docker },
      { source: row ? 'Tasks.List' : 'Containers.List', says: said.containerd },
    ],
  };
};

/** containerd's link of a container that only Docker has. */
export const missingRecordLink = (
  host: HostSnapshot,
  { row }: Subject,
  said: Agreement | undefined,
): Link => {
  const listed = facet(host, 'containerd.containers');
  const link = (state: Link['state'], says: string): Link => ({
    layer: 'containerd',
    state,
    facts: {},
    evidence: [{ source: listed.from, says }],
  });
  if (row === undefined) {
    return link('unknown', isUnknown(listed) ? listed.why : 'the namespace could not be listed');
  }
  if (said?.state === 'disagree') return link('disagreeing', `no record; Docker says ${said.docker}`);
  return link(
    'absent',
    'no record, which is normal: Docker makes one at each start and deletes it at the end, whichever image store it uses',
  );
};

/** Where the layers or the image of a container are in containerd, or why they are not. */
export type Located<Place> =
  | (Place & { readonly source: string })
  | { readonly why: string; readonly source: string };

/** The snapshot: what the record names, else the one that Docker mounts itself. */
export const snapshotOf = (
  host: HostSnapshot,
  { id, row, docker }: Subject,
  body: DockerBody | undefined,
): Located<{ readonly snapshotter: string; readonly key: string }> => {
  if (row && row.container.snapshotKey !== '') {
    const { snapshotter, snapshotKey } = row.container;
    return { snapshotter, key: snapshotKey, source: recordSource(host) };
  }
  const endpoint = docker ? seenValue(facet(host, 'docker.endpoint')) : undefined;
  if (endpoint?.mode.state !== 'seen') {
    const why = "the record names none: Docker's graphdriver, or a root file system given by path";
    return { why: row ? why : 'it is not known where Docker keeps its layers', source: recordSource(host) };
  }
  const { mode } = endpoint;
  const driver = body === undefined || body.driver === '' ? endpoint.driver : body.driver;
  if (mode.value === 'containerd') return { snapshotter: driver, key: id, source: mode.from };
  return { why: `Docker keeps its layers itself, in the graphdriver ${driver}`, source: mode.from };
};

/** The image's name in containerd: what the record names, else that of the target that Docker names. */
export const imageOf = (
  host: HostSnapshot,
  { namespace, row, docker }: Subject,
): Located<{ readonly name: string }> => {
  if (row && row.container.image !== '') return { name: row.container.image, source: recordSource(host) };
  const mode = docker ? seenValue(facet(host, 'docker.endpoint'))?.mode : undefined;
  if (!docker || mode?.state !== 'seen') {
    const why = 'the record names none; Docker keeps the image itself where it uses a graphdriver';
    return { why: row ? why : 'it is not known where Docker keeps its image', source: recordSource(host) };
  }
  if (mode.value === 'graphdriver') {
    return { why: `Docker keeps the image itself: ${docker.image}, ${docker.imageId}`, source: mode.from };
  }
  const image = items(host, 'containerd.images').find(
    (candidate) => candidate.namespace === namespace && candidate.target.digest === docker.imageId,
  );
  return { name: image?.name ?? docker.image, source: mode.from };
};

function linkWithout(host: HostSnapshot, { docker, row }: Subject): Link {
  const listed = facet(host, 'docker.containers');
  const evidence = { source: listed.from, says: whyWithout(listed, docker) };
  if (docker === undefined) return { layer: 'docker', state: 'unknown', facts: {}, evidence: [evidence] };
  const claimed = listed.state === 'seen' && row?.container.labels[DOCKERS_LABEL] !== undefined;
  if (!claimed) return { layer: 'docker', state: 'absent', facts: {}, evidence: [evidence] };
  const label = {
    source: recordSource(host),
    says: `Docker made the record: it has the label ${DOCKERS_LABEL}`,
  };
  return { layer: 'docker', state: 'disagreeing', facts: {}, evidence: [evidence, label] };
}

function whyWithout(listed: Observed<{ readonly gaps: readonly Gap[] }>, docker: Subject['docker']): string {
  if (isUnknown(listed)) return docker === null ? "not in the namespace of Docker's containers" : listed.why;
  if (listed.state === 'absent') return listed.why ?? 'no Docker uses this containerd';
  if (docker === null) return 'Docker has no container of this id';
  return listed.value.gaps[0]?.why ?? 'its record could not be read';
}

function factsOf({ state, restartCount, restartPolicy, driver, limits, ...body }: DockerBody): Link['facts'] {
  return {
    pid: state.pid,
    oomKilled: state.oomKilled,
    error: state.error,
    health: state.health,
    startedAt: state.startedAt,
    finishedAt: state.finishedAt,
    restartCount,
    restartPolicy,
    driver,
    limits,
    networkMode: body.networkMode,
    logDriver: body.logDriver,
    logPath: body.logPath,
  };
}
