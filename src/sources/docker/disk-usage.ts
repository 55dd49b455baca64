/** `docker system df`. Docker walks volumes and layers for it, which takes as long as it takes. */
import type { DockerDiskUsage } from '../../host/docker.ts';
import type { Gap } from '../../host/observed.ts';
import type { DockerCallOptions, DockerConnection } from './connection.ts';
import { eachRecord, type Fields, fields, flag, integer, list, nested, text } from './json.ts';

/** @throws DockerFailure */
export const readDiskUsage = (
  connection: DockerConnection,
  options: DockerCallOptions,
): Promise<DockerDiskUsage & { readonly gaps: readonly Gap[] }> =>
  connection.get(
    '/system/df',
    (document) => {
      const usage = fields(document, 'the answer');
      const gaps: Gap[] = [];
      const each = <T>(key: string, kind: string, read: (record: Fields) => T): readonly T[] => {
        const from = `GET /system/df at ${connection.address}`;
        const listing = eachRecord(list(usage, key), { kind, from }, read);
        gaps.push(...listing.gaps);
        return listing.items;
      };
      return {
        layersSize: counted(usage, 'LayersSize'),
        images: each('Images', 'image', (image) => ({
          id: text(image, 'Id'),
          size: integer(image, 'Size') ?? 0n,
          sharedSize: counted(image, 'SharedSize'),
        })),
        containers: each('Containers', 'container', (container) => ({
          id: text(container, 'Id'),
          // Docker leaves out what is zero.
          sizeRw: integer(container, 'SizeRw') ?? 0n,
          sizeRootFs: counted(container, 'SizeRootFs'),
        })),
        volumes: each('Volumes', 'volume', (volume) => ({
          name: text(volume, 'Name'),
          size: counted(nested(volume, 'UsageData'), 'Size'),
        })),
        buildCache: each('BuildCache', 'build cache', (record) => ({
          id: text(record, 'ID'),
          size: integer(record, 'Size') ?? 0n,
          inUse: flag(record, 'InUse'),
        })),
        gaps,
      };
    },
    options,
  );

// -1 is Docker's word for "not measured".
function counted(from: Fields, key: string): bigint | null {
  const value = integer(from, key);
  return value === null || value < 0n ? null : value;
}
