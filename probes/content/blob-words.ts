/** Whom a blob's loss hits, and what to do about it. */
import { type BlobUser, type BlobUsers, containersOf } from '../../src/host/blob-users.ts';
import { storeFolder } from '../../src/host/blobs.ts';
import type { Image } from '../../src/host/containerd.ts';
import type { NextStep } from '../../src/host/finding.ts';
import { facet, type HostSnapshot } from '../../src/host/snapshot.ts';
import { shellWord } from '../../src/text/shell.ts';
import { count } from '../../src/text/units.ts';
import { ctr, named } from '../storage-claims.ts';

/** The images that need a blob in any of the namespaces. */
export const usersOf = (users: BlobUsers, digest: string, namespaces: readonly string[]): BlobUser[] =>
  namespaces.flatMap((namespace) => users.of(namespace, digest));

/** What does not work without the blob, and what does. */
export const lossImpact = (host: HostSnapshot, users: readonly BlobUser[]): string => {
  if (users.length === 0) {
    return 'No image here leads to it: whoever reads it by its digest fails, and everything else goes on.';
  }
  const images = named([...new Set(users.map(({ image }) => image.name))]);
  const roles = new Set(users.map(({ role }) => role));
  const containers = users.flatMap(({ image }) => containersOf(host, image));
  const untouched =
    containers.length === 0
      ? 'No container here was made of it.'
      : `${count(containers.length, 'container')} made of it (${named(containers.map(({ id }) => id))}) ${containers.length === 1 ? 'is' : 'are'} not touched: what is unpacked does not need the blob.`;
  if (!users.some(({ here }) => here)) {
    return `It belongs to ${images}, to a platform that this host does not run: exporting and pushing that fail. ${untouched}`;
  }
  const only = roles.size === 1 ? [...roles][0] : undefined;
  switch (only) {
    case 'layer':
      return `It is a layer of ${images}: unpacking, exporting and pushing fail; a container can still be made where the layer is unpacked. ${untouched}`;
    case 'config':
      return `It is the config of ${images}: no new container can be made of that, and Docker then tries to pull the image and shows it as decades old. ${untouched}`;
    case 'target':
    case 'manifest':
      return `It is a manifest of ${images}: no new container can be made of that, and it cannot be exported or pushed. ${untouched}`;
    default:
      return `It belongs to ${images}: what needs it fails. ${untouched}`;
  }
};

/** From looking to repairing: only this blob is touched, and only where an image needs it. */
export const repairSteps = (
  host: HostSnapshot,
  digest: string,
  namespaces: readonly string[],
  users: readonly BlobUser[],
): NextStep[] => {
  const images = [...new Map(users.map(({ image }) => [image.namespace, image])).values()];
  const isLayer = users.every(({ role }) => role === 'layer');
  return [
    {
      text: 'see what the kernel says of the disk first: one lost file is often not the only one',
      command: 'dmesg --level err,warn | tail -n 50',
      effect: 'reads',
    },
    { text: 'hash the rest of the content store', command: 'ctrscope verify --full', effect: 'reads' },
    {
      text: `put the same bytes back, mode 0444: another host with this image has them (ctr content get ${digest}). Nothing else is touched, and containerd need not be stopped`,
      command: null,
      effect: 'writes',
    },
    ...namespaces.map((namespace): NextStep => {
      const image = images.find((each) => each.namespace === namespace);
      const forget = ctr(host, namespace, 'content', 'rm', digest);
      const command = image === undefined ? forget : `${forget} && ${pullOf(host, image)}`;
      return isLayer
        ? {
            text: `or forget the record in ${namespace} and pull again, which fetches what is not recorded`,
            command,
            effect: 'writes',
          }
        : {
            text: `or forget the record in ${namespace} and pull again: containerd then also collects the config and layers that only this leads to, so be sure that the image can be pulled`,
            command,
            effect: 'disrupts',
          };
    }),
  ];
};

/** Pulling only fetches what is not here. */
export const pullAgain = (host: HostSnapshot, image: Image): NextStep => ({
  text: 'pull the image again: only what is not here is fetched. An image that was built or imported here has to be built or imported again',
  command: pullOf(host, image),
  effect: 'writes',
});

function pullOf(host: HostSnapshot, image: Image): string {
  return image.namespace === 'moby'
    ? `docker pull ${shellWord(image.name)}`
    : ctr(host, image.namespace, 'images', 'pull', image.name);
}

/** Where the content store would keep a blob; where that is not known, how the store was read. */
export const placeOf = (host: HostSnapshot, digest: string): string => {
  const folder = storeFolder(host);
  return folder === null ? facet(host, 'content.blobs').from : `${folder}/${digest.replace(':', '/')}`;
};
