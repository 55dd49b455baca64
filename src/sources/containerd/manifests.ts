/** What image targets point at: indexes, manifests and configs, read over the API and kept as edges only. */
import { arch } from 'node:os';
import type { Image, Manifest } from '../../host/containerd.ts';
import { namespaceName } from '../../host/ids.ts';
import {
  MANIFEST_BYTES,
  MAX_MANIFESTS,
  ManifestError,
  type ManifestStore,
  manifestQueue,
  manifestsBelow,
  readManifest,
  type WantedManifest,
} from '../../host/manifest.ts';
import { type Gap, type Listing, unknown } from '../../host/observed.ts';
import { duration } from '../../text/units.ts';
import type { CallOptions, Connection } from './connection.ts';
import { readBlob } from './content.ts';
import { CallFailure } from './failure.ts';

const READS_IN_FLIGHT = 16;

/** The manifests that tell the platforms of one namespace's images, each read once; those not read in time are a gap. */
export const listManifests = async (
  connection: Connection,
  images: readonly Image[],
  options: CallOptions & { readonly namespace: string },
): Promise<Listing<Manifest>> => {
  const items: Manifest[] = [];
  const gaps: Gap[] = [];
  const queue = manifestQueue(images);
  const endAt = performance.now() + options.deadlineMs;
  // The deadline is that of all reads together: each has what is left of it.
  const reads = {
    ...options,
    get deadlineMs() {
      return Math.max(1, endAt - performance.now());
    },
  };
  const store: ManifestStore = {
    namespace: namespaceName(options.namespace),
    arch: arch(),
    read: (blob) => readBlob(connection, blob, MANIFEST_BYTES, reads),
  };

  let reading = 0;
  let unread = 0;
  await new Promise<void>((resolve, reject) => {
    const pump = (): void => {
      while (reading < READS_IN_FLIGHT) {
        if (performance.now() >= endAt) unread += queue.drop();
        const wanted = queue.next();
        if (wanted === undefined) break;
        reading += 1;
        readManifest(store, wanted)
          .then((manifest) => {
            items.push(manifest);
            for (const below of manifestsBelow(manifest, wanted)) queue.want(below);
          })
          .catch((error: unknown) => {
            const failure = error instanceof ManifestError ? notManifest(error) : error;
            if (!(failure instanceof CallFailure)) throw error;
            // One that had hardly begun when the time was over says nothing of the daemon.
            if (failure.state === 'timeout' && failure.ms < options.deadlineMs / 2) unread += 1;
            else gaps.push(gapOf(wanted, failure, options.namespace));
          })
          .then(() => {
            reading -= 1;
            pump();
          })
          .catch(reject);
      }
      if (reading === 0) resolve();
    };
    pump();
  });
  if (queue.isCut) gaps.push(cut(options.namespace));
  if (unread > 0) gaps.push(late(unread, options));
  return { items, gaps };
};

function notManifest({ message }: ManifestError): CallFailure {
  const method = 'containerd.services.content.v1.Content/Read';
  return new CallFailure({ state: 'failed', code: 0, method, why: message, ms: 0 });
}

function gapOf(wanted: WantedManifest, error: CallFailure, namespace: string): Gap {
  const at = new Date().toISOString();
  return {
    ...unknown(error.state, `Content.Read ${namespace}/${wanted.digest}`, error.message, at, error.ms),
    object: { kind: 'content', namespace, id: wanted.digest },
  };
}

function late(unread: number, { namespace, deadlineMs }: { namespace: string; deadlineMs: number }): Gap {
  const why = `${unread} manifests of namespace ${namespace} were not read within ${duration(deadlineMs)}; --timeout gives more`;
  return {
    ...unknown('timeout', `Content.Read ${namespace}`, why, new Date().toISOString(), deadlineMs),
    object: { kind: 'content', namespace },
  };
}

function cut(namespace: string): Gap {
  const why = `only the first ${MAX_MANIFESTS} distinct manifests of namespace ${namespace} are read`;
  return {
    ...unknown('truncated', `Content.Read ${namespace}`, why, new Date().toISOString(), 0),
    object: { kind: 'content', namespace },
  };
}
