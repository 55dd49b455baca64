/** One object read by itself, as its facet's list would give it, secrets withheld alike. */
import type { Image } from '../host/containerd.ts';
import { type Change, needsManifests, type ObjectChange } from '../host/event-changes.ts';
import { itemKeys, keyText, type ObjectKey } from '../host/event-objects.ts';
import type { HostSnapshot } from '../host/snapshot.ts';
import type { Connection } from '../sources/containerd/connection.ts';
import { readContainer } from '../sources/containerd/containers.ts';
import { readContentInfo } from '../sources/containerd/content.ts';
import { readImage } from '../sources/containerd/images.ts';
import { listManifests } from '../sources/containerd/manifests.ts';
import { readNamespace } from '../sources/containerd/namespaces.ts';
import { readSnapshot } from '../sources/containerd/snapshots.ts';
import { readTask } from '../sources/containerd/tasks.ts';
import type { LiveOptions } from './reader-context.ts';
import { imageWithoutSecrets, withoutSecretLabels } from './withhold.ts';

const DEFAULT_TIMEOUT_MS = 2000;
/** containerd itself waits 2 s for a shim that is silent. */
const TASK_TIMEOUT_MS = 2500;

/**
 * What the object is now.
 * @param host the picture so far: it tells which manifests are known
 * @throws CallFailure
 */
export const readObject = async (
  connection: Connection,
  key: ObjectKey,
  host: HostSnapshot,
  options: Pick<LiveOptions, 'timeoutMs' | 'showSecrets'>,
): Promise<readonly Change[]> => {
  const { namespace, id } = key;
  const deadlineMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const within = { namespace, deadlineMs };
  const shown = <T>(item: T | undefined, withhold: (item: T) => T): T | null =>
    item === undefined ? null : options.showSecrets === true ? item : withhold(item);
  const labelled = <T extends { readonly labels: Readonly<Record<string, string>> }>(
    item: T | undefined,
  ): T | null => shown(item, withoutSecretLabels);
  const one = keyText(key);
  switch (key.facet) {
    case 'containerd.namespaces': {
      // Namespaces.Get answers for one that is not there, too: who touched it has to know.
      const item = key.gone === true ? null : labelled(await readNamespace(connection, id, { deadlineMs }));
      return [{ facet: key.facet, key: one, item }];
    }
    case 'containerd.containers': {
      const item = labelled(await readContainer(connection, id, within));
      return [{ facet: key.facet, key: one, item }];
    }
    case 'containerd.tasks': {
      const item = await readTask(connection, id, { namespace, deadlineMs: TASK_TIMEOUT_MS });
      return [{ facet: key.facet, key: one, item: item ?? null }];
    }
    case 'containerd.content': {
      const item = labelled(await readContentInfo(connection, id, within));
      return [{ facet: key.facet, key: one, item }];
    }
    case 'containerd.snapshots': {
      const item = labelled(await readSnapshot(connection, key.snapshotter ?? '', id, within));
      return [{ facet: key.facet, key: one, item }];
    }
    case 'containerd.images': {
      const item = shown(await readImage(connection, id, within), imageWithoutSecrets);
      const manifests = item === null ? [] : await manifestsOf(connection, item, host, within);
      return [{ facet: key.facet, key: one, item }, ...manifests];
    }
  }
};

async function manifestsOf(
  connection: Connection,
  image: Image,
  host: HostSnapshot,
  within: { readonly namespace: string; readonly deadlineMs: number },
): Promise<readonly ObjectChange[]> {
  if (!needsManifests(host, image)) return [];
  const { items: read, gaps } = await listManifests(connection, [image], within);
  const name = 'containerd.manifests';
  return [
    ...read.map((item): ObjectChange => ({ facet: name, key: itemKeys[name](item), item })),
    ...gaps.map(
      (gap): ObjectChange => ({
        facet: name,
        key: `${within.namespace}/${gap.object?.id ?? ''}`,
        item: null,
        gap,
      }),
    ),
  ];
}
