import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { cgroupRoots, SHARED_PARENTS } from './cgroups.ts';
import { withFileLock } from './file-lock.ts';
import { cacheFolder, LABS, labPaths, newTag } from './paths.ts';
import { type LabRecord, listTags, type NewLab, writeRecord } from './record.ts';

/**
 * Folders that containerd, ctr, runc and dockerd make whatever their configuration says. Those that were
 * not there before the first lab go with the last one, if they are empty.
 */
const sharedPlaces = (): readonly string[] => [
  '/run/containerd/s',
  '/run/containerd/fifo',
  '/run/containerd/runc',
  '/run/containerd',
  '/run/docker/plugins',
  '/run/docker/netns',
  '/run/docker',
  ...cgroupRoots().flatMap((root) => SHARED_PARENTS.map((parent) => join(root, parent))),
];

const MADE = join(LABS, 'made-by-labs.json');

/** Nothing about which labs there are changes while a section runs. */
export const withLabsLock = <T>(section: () => Promise<T>): Promise<T> =>
  withFileLock(join(cacheFolder(), 'labs.lock'), section);

/** Makes the folder and the record of a new lab and notes what is not on the host yet. */
export const claimLab = (lab: NewLab & { readonly tag: string | undefined }): Promise<LabRecord> =>
  withLabsLock(async () => {
    mkdirSync(LABS, { recursive: true, mode: 0o711 });
    const tag = lab.tag ?? newTag();
    try {
      mkdirSync(labPaths(tag).root, { mode: 0o711 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new Error(`a lab ${tag} is there already; "npm run lab -- down ${tag}" removes it`);
    }
    const absent = sharedPlaces().filter((place) => !existsSync(place));
    writeFileSync(MADE, `${JSON.stringify([...new Set([...madeByLabs(), ...absent])], null, 2)}\n`);
    return writeRecord(tag, lab);
  });

/** Deletes the folder of a lab that is stopped and, with the last one, what labs have made elsewhere. */
export const releaseLab = (tag: string): Promise<void> =>
  withLabsLock(async () => {
    await rm(labPaths(tag).root, { recursive: true, force: true });
    if (listTags().length > 0) return;
    const made = madeByLabs();
    for (const place of sharedPlaces()) if (made.includes(place)) removeEmpty(place);
    rmSync(MADE, { force: true });
    removeEmpty(LABS);
  });

const madeByLabs = (): readonly string[] => {
  try {
    return JSON.parse(readFileSync(MADE, 'utf8')) as readonly string[];
  } catch {
    return [];
  }
};

/** Whatever somebody else has put there meanwhile keeps the folder. */
const removeEmpty = (folder: string): void => {
  try {
    rmdirSync(folder);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOENT', 'ENOTEMPTY', 'EBUSY'].includes(code)) throw error;
  }
};
