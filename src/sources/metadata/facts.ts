/** What the files tell that the API does not, in the words of the host model. */
import type { NamespaceName } from '../../host/ids.ts';
import type { Listing, Observed } from '../../host/observed.ts';
import type { Facets } from '../../host/snapshot.ts';

/** All that can be asked of the files, by name: facets that the API gives as well, and what only they have. */
export interface MetadataFacts
  extends Pick<
    Facets,
    | 'containerd.namespaces'
    | 'containerd.containers'
    | 'containerd.bodies'
    | 'containerd.images'
    | 'containerd.content'
    | 'containerd.ingests'
    | 'containerd.snapshots'
    | 'containerd.leases'
    | 'containerd.sandboxes'
    | 'containerd.leaseResources'
    | 'metadata.snapshots'
    | 'metadata.backends'
    | 'metadata.ingests'
  > {
  'metadata.sandboxBodies': Listing<SandboxBody>;
}

export type FactName = keyof MetadataFacts;

/** A sandbox's spec and what else is too large to hold for every sandbox. */
export interface SandboxBody {
  readonly namespace: NamespaceName;
  readonly id: string;
  /** `root` is 1.7's place, beside the schema's bucket instead of in it. */
  readonly place: 'v1' | 'root';
  readonly spec: Observed<unknown>;
  readonly runtimeOptions: Observed<unknown>;
  readonly extensions: Readonly<Record<string, Observed<unknown>>>;
}
