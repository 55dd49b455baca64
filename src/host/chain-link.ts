/** One layer of a container's chain. */
import { facet, type HostSnapshot } from './snapshot.ts';

export type LinkState = 'present' | 'absent' | 'disagreeing' | 'unknown';

export interface Link {
  readonly layer: 'docker' | 'containerd' | 'task' | 'snapshot' | 'image';
  readonly state: LinkState;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly evidence: readonly { readonly source: string; readonly says: string }[];
}

/** Where containerd's records of containers come from: its API, where each can be asked for, or the file that was read. */
export const recordSource = (host: HostSnapshot): string => {
  const { from } = facet(host, 'containerd.containers');
  return from.startsWith('/') ? from : 'Containers.Get';
};
