/** What a user may call a container: exact id, namespace/id, the start of an id, the pid of its init. */
import type { ContainerRow } from './kinds/containers.ts';

/** Fewer characters than this are no prefix: they match by accident. */
const LEAST_PREFIX = 4;

/**
 * The rows that the reference means: all exact matches, else all whose id begins with it.
 * More than one row is an ambiguity that the caller has to show.
 */
export const resolveContainers = (
  rows: readonly ContainerRow[],
  reference: string,
): readonly ContainerRow[] => {
  const exact = rows.filter(
    ({ container: { namespace, id }, task }) =>
      id === reference ||
      `${namespace}/${id}` === reference ||
      (/^\d+$/.test(reference) && task?.pid.state === 'seen' && String(task.pid.value) === reference),
  );
  if (exact.length > 0 || reference.length < LEAST_PREFIX) return exact;
  return rows.filter(
    ({ container: { namespace, id } }) =>
      id.startsWith(reference) || `${namespace}/${id}`.startsWith(reference),
  );
};
