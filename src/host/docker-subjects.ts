/** Every container that any layer knows: containerd's records, and what Docker has beside them. */
import type { DockerContainer } from './docker.ts';
import { dockersList } from './docker-join.ts';
import { type ContainerRow, containerRows } from './kinds/containers.ts';
import { compareText } from './kinds/kind.ts';
import { type Gap, isKnown, type Listing, type Observed, seenValue } from './observed.ts';
import { facet, type HostSnapshot } from './snapshot.ts';

/** A container by its id; at least one of the two layers has it. */
export interface Subject {
  readonly namespace: string;
  readonly id: string;
  /** containerd's record with its task. Null: it has none. Undefined: its containers could not be listed. */
  readonly row: ContainerRow | null | undefined;
  /** Null: Docker has none. Undefined: Docker could not be read. */
  readonly docker: DockerContainer | null | undefined;
}

/** In the order of `get containers`. Docker has a containerd record only while a container runs, in both image stores. */
export const subjects = (host: HostSnapshot): readonly Subject[] => {
  const rows = containerRows(host);
  const recorded = new Set(rows.flatMap(({ docker }) => (docker ? [docker] : [])));
  const listed = facet(host, 'containerd.containers');
  const others = (seenValue(dockersList(host))?.items ?? []).filter((container) => !recorded.has(container));
  return [
    ...rows.map((row) => ({
      namespace: row.container.namespace,
      id: row.container.id,
      row,
      docker: row.docker,
    })),
    ...others.map((docker) => ({
      namespace: docker.namespace,
      id: docker.id,
      row: isKnown(listed) && !lacks(listed, docker.namespace) ? null : undefined,
      docker,
    })),
  ].toSorted((a, b) => compareText(a.namespace, b.namespace) || compareText(a.id, b.id));
};

/** How messages call it; unique. */
export const subjectKey = ({ namespace, id }: Pick<Subject, 'namespace' | 'id'>): string =>
  `${namespace}/${id}`;

function lacks(listed: Observed<Listing<unknown>>, namespace: string): boolean {
  const gaps: readonly Gap[] = listed.state === 'seen' ? listed.value.gaps : [];
  return gaps.some(({ object }) => object?.namespace === namespace && object.id === undefined);
}
