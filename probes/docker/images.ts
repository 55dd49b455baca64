/** Can every image that Docker has a name for still be used? */
import type { NextStep, Probe } from '../../src/host/finding.ts';
import { reconcileWants } from '../../src/host/reconcile/reconcile.ts';
import type { ReconcileRow } from '../../src/host/reconcile/row.ts';
import { shellWord } from '../../src/text/shell.ts';
import { type Advice, compared, type Tools } from './compared.ts';

export const dockerImages: Probe = {
  id: 'docker-image-broken',
  title: 'the images that Docker names are there, with their configs and layers',
  explain: `With a graphdriver, Docker keeps names in repositories.json, configs in imagedb, layers in layerdb and their files in the driver's own folders. It reads the first three when it starts, drops silently what does not fit, and misses a folder only when a container starts. Here each name is followed down to the folders.

With containerd's image store, Docker has no files of images: its list is made of containerd's records. Whether the content that those name is there is a question of its own, whoever uses the image. Names that differ between Docker and its files or records are shown by ctrscope reconcile.

What belongs to the store that is not in use is hidden, not broken. Restore a file rather than removing what is left: removing an image takes the layers that others share with it last.`,
  wants: reconcileWants(['images']),
  needs: [],
  run: (host) => compared(host, 'images', advise),
};

const PULL: NextStep = {
  text: 'get it again: pull it, or load or build it as it was made',
  command: null,
  effect: 'writes',
};

const BACKUP: NextStep = {
  text: 'if there is a backup of the data directory, put the missing file or folder back, with dockerd stopped',
  command: null,
  effect: 'disrupts',
};

function advise(row: ReconcileRow, { docker }: Tools): Advice | undefined {
  const list: NextStep = {
    text: 'see what Docker still lists',
    command: `${docker} image ls --all --no-trunc --digests`,
    effect: 'reads',
  };
  const users: NextStep = {
    text: 'see which containers were made from it',
    command: `${docker} ps --all --no-trunc --filter ${shellWord(`ancestor=${row.id}`)}`,
    effect: 'reads',
  };
  switch (row.rule) {
    case 'reference-without-config':
    case 'config-missing':
      return {
        why: 'The file in imagedb that the name leads to is missing. Docker says nothing of it when it starts, and does not list the image.',
        impact:
          'Nothing new can be started from it. Containers that were made from it still start, and show a bare id.',
        next: [list, users, PULL, BACKUP],
      };
    case 'config-damaged':
      return {
        why: 'The file was changed or cut after it was written. Docker refuses it the next time it starts.',
        impact:
          'The image is hidden after the next start of dockerd. Containers that were made from it still start.',
        next: [list, users, PULL, BACKUP],
      };
    case 'layer-missing':
      return {
        why: 'The image is made of layers, and layerdb has no folder for this one.',
        impact:
          'Nothing can be started from the image, and after the next start of dockerd its containers are not listed any more. Their folders remain.',
        next: [list, users, PULL, BACKUP],
      };
    case 'layer-directory-missing':
    case 'layer-without-directory':
      return {
        why: 'layerdb has the layer, and the folder with its files was removed or emptied: mostly by hand, to make room.',
        impact:
          'Every container upon this layer fails when it starts. Those that run go on as long as their mounts stand: do not stop them before the folder is back.',
        next: [
          list,
          {
            text: 'see what of the driver is mounted now',
            command: 'grep overlay /proc/self/mounts',
            effect: 'reads',
          },
          BACKUP,
          {
            text: 'else remove the images that need the layer, by name, and pull them again: a pull alone keeps the layer that it believes is there',
            command: null,
            effect: 'disrupts',
          },
        ],
      };
    // Content that is missing is asked for of any image, whoever uses it. Names come and go too fast to be judged by two looks in a row.
    default:
      return undefined;
  }
}
