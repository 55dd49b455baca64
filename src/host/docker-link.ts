/** Docker's part of a container's chain: its own link, and what it means for those below that containerd has no record. */
import { type Link, recordSource } from './chain-link.ts';
import type { DockerBody, DockerMode } from './docker.ts';
import type { Agreement } from './docker-agreement.ts';
import { DOCKERS_LABEL, dockersList, fileOf, recordInstead } from './docker-join.ts';
import { storeOfRecord } from './docker-scope.ts';
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
  const listed = dockersList(host);
  const endpoint = seenValue(facet(host, 'docker.endpoint'));
  const bodies = facet(host, 'docker.bodies');
  const record = recordInstead(host, docker.id);
  const list = record === undefined ? listed.from : fileOf(record);
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
      { source: body === undefined ? list : bodies.from, says: said.docker },
      { source: besideIt(host, row), says: said.containerd },
    ],
  };
};

// The call, or where a disk has what it would say.
function besideIt(host: HostSnapshot, row: Subject['row']): string {
  if (host.from !== 'disk') return row ? 'Tasks.List' : 'Containers.List';
  return facet(host, row ? 'containerd.tasks' : 'containerd.containers').from;
}

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
  if (said?.state === 'unknown') return link('absent', `no record; Docker says ${said.docker}`);
  return link(
    'absent',
    'no record, which is normal: Docker makes one at each start and deletes it at the end, whichever image store it uses',
  );
};

/** Where the layers or the image of a container are in containerd, or why they are not. */
export type Located<Place> =
  | (Place & { readonly source: string })
  /** Unread: that they are not there is not said either. */
  | { readonly why: string; readonly source: string; readonly unread?: true };

interface Store {
  readonly mode: DockerMode;
  readonly driver: string;
  readonly source: string;
}

/** Where Docker keeps what the container is made of: by Docker's word, else by the container's file. */
function storeOf(
  host: HostSnapshot,
  { id, docker }: Subject,
  body: DockerBody | undefined,
): Store | undefined {
  if (!docker) return undefined;
  const endpoint = seenValue(facet(host, 'docker.endpoint'));
  if (endpoint?.mode.state === 'seen') {
    const driver = body === undefined || body.driver === '' ? endpoint.driver : body.driver;
    return { mode: endpoint.mode.value, driver, source: endpoint.mode.from };
  }
  const record = recordInstead(host, id);
  const mode = record && storeOfRecord(record);
  return mode && { mode, driver: record.driver, source: fileOf(record) };
}

/** The snapshot: what the record names, else the one that Docker mounts itself. */
export const snapshotOf = (
  host: HostSnapshot,
  subject: Subject,
  body: DockerBody | undefined,
): Located<{ readonly snapshotter: string; readonly key: string }> => {
  const { id, row, docker } = subject;
  if (row && row.container.snapshotKey !== '') {
    const { snapshotter, snapshotKey } = row.container;
    return { snapshotter, key: snapshotKey, source: recordSource(host) };
  }
  const store = storeOf(host, subject, body);
  if (store === undefined) {
    const why = 'it is not known where Docker keeps its layers';
    if (docker) return { why, source: recordSource(host), unread: true };
    const named = "the record names none: Docker's graphdriver, or a root file system given by path";
    return { why: row ? named : why, source: recordSource(host) };
  }
  const { mode, driver, source } = store;
  if (mode === 'containerd') return { snapshotter: driver, key: id, source };
  return { why: `Docker keeps its layers itself, in the graphdriver ${driver}`, source };
};

/** The image's name in containerd: what the record names, else that of the target that Docker names. */
export const imageOf = (host: HostSnapshot, subject: Subject): Located<{ readonly name: string }> => {
  const { namespace, row, docker } = subject;
  if (row && row.container.image !== '') return { name: row.container.image, source: recordSource(host) };
  const store = storeOf(host, subject, undefined);
  if (!docker || store === undefined) {
    const why = 'it is not known where Docker keeps its image';
    if (docker) return { why, source: recordSource(host), unread: true };
    const named = 'the record names none; Docker keeps the image itself where it uses a graphdriver';
    return { why: row ? named : why, source: recordSource(host) };
  }
  if (store.mode === 'graphdriver') {
    return {
      why: `Docker keeps the image itself: ${docker.image}, ${docker.imageId}`,
      source: store.source,
    };
  }
  const image = items(host, 'containerd.images').find(
    (candidate) => candidate.namespace === namespace && candidate.target.digest === docker.imageId,
  );
  return { name: image?.name ?? docker.image, source: store.source };
};

function linkWithout(host: HostSnapshot, { docker, row }: Subject): Link {
  const listed = dockersList(host);
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
