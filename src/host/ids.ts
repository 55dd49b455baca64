/**
 * Identifiers whose mix-up would hurt: a container id is not a snapshot key, though both are often the same text.
 * The brands exist only for the compiler.
 */
declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A containerd namespace, e.g. `moby`, `k8s.io`, `default`. */
export type NamespaceName = Branded<string, 'NamespaceName'>;
/** A containerd container id; its task has the same one. */
export type ContainerId = Branded<string, 'ContainerId'>;
/** `algorithm:hex`, whole. */
export type Digest = Branded<string, 'Digest'>;
/** A snapshot's key (active, view) or name (committed); unique within a namespace and snapshotter. */
export type SnapshotKey = Branded<string, 'SnapshotKey'>;
/** A process id in our own pid namespace. */
export type Pid = Branded<number, 'Pid'>;

export const namespaceName = (text: string): NamespaceName => text as NamespaceName;
export const containerId = (text: string): ContainerId => text as ContainerId;
export const digest = (text: string): Digest => text as Digest;
export const snapshotKey = (text: string): SnapshotKey => text as SnapshotKey;
export const pid = (number: number): Pid => number as Pid;
