/** containerd's leases in the namespace of Docker's containers, and what they keep. */
import type { Lease } from '../containerd.ts';
import type { LeaseResources } from '../storage.ts';
import { type Book, bookOf } from './book.ts';
import type { Stage } from './stage.ts';

export interface LeaseBooks {
  readonly leases: Book<Lease>;
  readonly resources: Book<LeaseResources>;
}

export const leaseBooks = ({ host, namespace }: Stage): LeaseBooks => ({
  leases: bookOf(host, 'containerd.leases', {
    keys: ({ id }) => [id],
    kinds: ['lease'],
    only: (lease) => lease.namespace === namespace,
    namespace,
  }),
  resources: bookOf(host, 'containerd.leaseResources', {
    keys: ({ id }) => [id],
    kinds: ['lease'],
    only: (lease) => lease.namespace === namespace,
    namespace,
  }),
});
