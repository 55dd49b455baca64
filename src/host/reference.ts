/** What a user may call a container: Docker's name, exact id, namespace/id, the start of an id, the pid of its init. */
import type { Subject } from './docker-subjects.ts';

/** Fewer characters than this are no prefix: they match by accident. */
const LEAST_PREFIX = 4;

/**
 * The containers that the reference means: all exact matches, else all whose id begins with it.
 * More than one is an ambiguity that the caller has to show.
 */
export const resolveContainers = (subjects: readonly Subject[], reference: string): readonly Subject[] => {
  const exact = subjects.filter(
    ({ namespace, id, row, docker }) =>
      id === reference ||
      `${namespace}/${id}` === reference ||
      (docker?.names.some((name) => name === reference || `${namespace}/${name}` === reference) ?? false) ||
      (/^\d+$/.test(reference) &&
        row?.task?.pid.state === 'seen' &&
        String(row.task.pid.value) === reference),
  );
  if (exact.length > 0 || reference.length < LEAST_PREFIX) return exact;
  return subjects.filter(
    ({ namespace, id }) => id.startsWith(reference) || `${namespace}/${id}`.startsWith(reference),
  );
};
