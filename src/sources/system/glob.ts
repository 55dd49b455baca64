/** File names with `*` and `?` in them, as Go's filepath.Glob finds them: neither goes over a slash. */
import type { Disk } from '../../host/disk.ts';

/** More than any folder of drop-ins has. */
const MAX_MATCHES = 256;

/** Whether a name is one of those that a pattern stands for; in time that grows with both lengths, whatever the pattern. */
export const nameMatches = (pattern: string, name: string): boolean => {
  let at = 0;
  let next = 0;
  // Where to go on when the last `*` has to stand for one character more.
  let star = -1;
  let from = 0;
  while (at < name.length) {
    if (pattern[next] === '*') {
      star = next++;
      from = at;
    } else if (next < pattern.length && (pattern[next] === '?' || pattern[next] === name[at])) {
      next += 1;
      at += 1;
    } else if (star >= 0) {
      next = star + 1;
      at = ++from;
    } else return false;
  }
  while (pattern[next] === '*') next += 1;
  return next === pattern.length;
};

/**
 * The paths that a pattern stands for, in the order of their names.
 * @param top what stands before the pattern and is none
 * @throws DiskError where a folder cannot be listed; Error where they are too many, or the pattern has more than `*` and `?`
 */
export const glob = (disk: Disk, top: string, pattern: string): string[] => {
  if (/[[\\]/.test(pattern)) throw new Error(`${pattern} has a class or an escape in it, which are not read`);
  let found = [''];
  for (const part of pattern.split('/').filter((name) => name !== '')) {
    if (!/[*?]/.test(part)) found = found.map((path) => `${path}/${part}`);
    else {
      found = found.flatMap((path) =>
        namesIn(disk, `${top}${path}`)
          .filter((name) => nameMatches(part, name))
          .toSorted()
          .map((name) => `${path}/${name}`),
      );
    }
    if (found.length > MAX_MATCHES) throw new Error(`${pattern} stands for more than ${MAX_MATCHES} files`);
  }
  return found.filter((path) => isThere(disk, `${top}${path}`));
};

function namesIn(disk: Disk, folder: string): readonly string[] {
  try {
    return disk.list(folder);
  } catch (error) {
    if (isNothing(error)) return [];
    throw error;
  }
}

function isThere(disk: Disk, path: string): boolean {
  try {
    disk.stat(path);
    return true;
  } catch (error) {
    if (isNothing(error)) return false;
    throw error;
  }
}

// No such folder, or a file where the pattern has a folder.
function isNothing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
