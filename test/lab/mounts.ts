import { readFileSync } from 'node:fs';

import { execa } from 'execa';

/** One line of /proc/self/mountinfo, as far as the lab looks. */
export type Mount = {
  readonly mountPoint: string;
  readonly fileSystem: string;
  readonly options: readonly string[];
};

/** Every mount of this mount namespace, in the order in which they were made. */
export const listMounts = (): readonly Mount[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const mountPoint = before.split(' ')[4];
      const [fileSystem, , options] = after.split(' ');
      if (mountPoint === undefined || fileSystem === undefined) return [];
      return [{ mountPoint: unescapePath(mountPoint), fileSystem, options: options?.split(',') ?? [] }];
    });

/** The mount points at and below a folder, the last mounted first. */
export const mountsBelow = (folder: string): readonly string[] =>
  listMounts()
    .map(({ mountPoint }) => mountPoint)
    .filter((mountPoint) => mountPoint === folder || mountPoint.startsWith(`${folder}/`))
    .reverse();

/** Unmounts all there is at and below a folder; lazily only what somebody still holds. */
export const unmountBelow = async (folder: string): Promise<void> => {
  for (let left = mountsBelow(folder), before = -1; left.length !== before; left = mountsBelow(folder)) {
    before = left.length;
    if (before > 0) await execa('umount', left, { reject: false });
  }
  const held = mountsBelow(folder);
  if (held.length === 0) return;
  const { stderr } = await execa('umount', ['--lazy', ...held], { reject: false });
  const left = mountsBelow(folder);
  if (left.length > 0) throw new Error(`unable to unmount ${left.join(', ')}: ${stderr}`);
};

/** The kernel writes blanks and the like in paths as octal. */
const unescapePath = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
