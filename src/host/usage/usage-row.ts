/** What an answer about the use of a disk is made of. Sizes are bytes. */
import type { Timestamp } from '../observed.ts';

/** Bytes of one kind in one namespace, or, without a namespace, on the host. */
export interface UsageRow {
  readonly kind: 'content' | 'snapshots' | 'ingests' | 'dockerLayers';
  readonly namespace: string | null;
  readonly snapshotter: string | null;
  readonly objects: number;
  readonly size: bigint;
  /** Of what several holders keep, or another namespace too. */
  readonly shared: bigint;
  /** Of what one holder alone keeps: it goes with it. */
  readonly unique: bigint;
  /** Of what nothing holds: the next collection frees it. */
  readonly reclaimable: bigint;
  /** Of what may be held: what would decide it could not be read. */
  readonly undecided: bigint;
  /** On the disk without a record; only of the host. Undefined: not known. */
  readonly orphaned: bigint | null | undefined;
  /** Objects whose size is not known, and not in any of the numbers. */
  readonly unmeasured: number;
  /** How the numbers were obtained. */
  readonly how: string;
}

/** Something that takes room for nobody. */
export interface Loose {
  readonly state: 'reclaimable' | 'orphaned';
  readonly kind: 'content' | 'snapshot' | 'ingest' | 'directory';
  readonly namespace: string | null;
  readonly snapshotter: string | null;
  readonly id: string;
  /** Undefined: not measured. */
  readonly size: bigint | undefined;
  readonly createdAt: Timestamp | null;
}

export interface Usage {
  readonly rows: readonly UsageRow[];
  /** The largest first. */
  readonly loose: readonly Loose[];
}
