/** One layer of a container's chain. */
export type LinkState = 'present' | 'absent' | 'disagreeing' | 'unknown';

export interface Link {
  readonly layer: 'docker' | 'containerd' | 'task' | 'snapshot' | 'image';
  readonly state: LinkState;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly evidence: readonly { readonly source: string; readonly says: string }[];
}
