/** Docker's containers by id, from the running Docker and from its files. */
import type { DockerContainer } from '../docker.ts';
import type { DockerContainerRecord } from '../docker-disk.ts';
import { type Absent, absent, isUnknown, type Seen, type Unknown } from '../observed.ts';
import { type Book, bookOf } from './book.ts';
import type { Stage } from './stage.ts';

export interface Owners {
  /** As the running Docker lists them. */
  readonly live: Book<DockerContainer>;
  /** The folders in its data directory; those of a store that is not in use are among them, and Docker does not list them. */
  readonly files: Book<DockerContainerRecord>;
}

export const ownersOf = ({ host, namespace, silent }: Stage): Owners => ({
  live: bookOf(host, 'docker.containers', {
    keys: ({ id }) => [id],
    kinds: ['container'],
    namespace,
    silent,
  }),
  files: bookOf(host, 'docker.containerRecords', { keys: ({ id }) => [id], kinds: ['container'] }),
});

/** Whether Docker has a container of this id, hidden or not. Absent only where both say so, or no Docker runs that could. */
export const ownerOf = (
  { live, files }: Owners,
  { filesDecide, shared }: Stage,
  id: string,
): Seen<unknown> | Absent | Unknown => {
  const listed = live.look(id);
  const file = files.look(id);
  if (listed.state === 'seen') return listed;
  if (file.state === 'seen' || isUnknown(file)) return file;
  if (isUnknown(listed) && !filesDecide) return listed;
  return shared ?? absent(file.from, file.at, file.why);
};

/** Whether this is how Docker calls a container; BuildKit's snapshots and mounts have shorter names. */
export const isContainerId = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);
